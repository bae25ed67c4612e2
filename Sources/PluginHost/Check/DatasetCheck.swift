import CPluginABI
import FoundationEssentials
import Tasks

/// A dataset's functions, called with borrowed memory.
struct DatasetCalls: @unchecked Sendable {
  // Unchecked: constant tables of a library that is never unloaded.
  private let table: tk_dataset_v1
  private let user: UnsafeMutableRawPointer?
  private let host: HostTable
  private let name: String, plugin: Plugin

  init(_ name: String, _ plugin: Plugin, _ host: HostTable) throws(TaskError) {
    (self.name, self.plugin) = (name, plugin)
    (table, user) = try functions(.dataset, name, of: plugin, as: tk_dataset_v1.self)
    guard table.create != nil, table.count != nil, table.read != nil else {
      throw TaskError(.internal, "it lacks 'create', 'count' or 'read'")
    }
    self.host = host
  }

  /// Whether calls on one instance may overlap.
  var isThreadSafe: Bool { table.flags & UInt32(TK_THREAD_SAFE) != 0 }

  func create(
    _ configuration: String, _ split: Split, capacity: Int = 4096
  ) throws(CheckFault) -> Made {
    try make(configuration, split: split, capacity: capacity) {
      table.create(user, host.pointer, $0, $1, $2, $3)
    }
  }

  func destroy(_ instance: CheckInstance) { table.destroy?(instance.pointer) }

  func count(_ instance: CheckInstance) throws(CheckFault) -> Int64 {
    let count = table.count(instance.pointer)
    guard count >= 0 else { throw .fails("it cannot count its rows (status \(count))") }
    return count
  }

  /// The files that the rows come from, and whether the rows vary by epoch.
  func sources(
    _ instance: CheckInstance
  ) throws(CheckFault) -> (paths: [String], varyByEpoch: Bool) {
    do throws(TaskError) {
      let said = try plugin.sources(of: instance.pointer, dataset: name, subject: "sources")
      return (said.paths, said.varyByEpoch)
    } catch { throw .fails(error.message) }
  }

  /// A row, into a sink that is lent for this call.
  func row(
    _ instance: CheckInstance, _ index: Int64, epoch: Int64 = 0
  ) throws(CheckFault) -> Example {
    let lending = Lending(), sink = ExampleSink()
    let result = sink.withTable { own -> Result<CheckAnswer, CheckFault> in
      let lent = LentSink(own, lending)
      return Result { () throws(CheckFault) in
        let answer = try calling { table.read(instance.pointer, index, epoch, 42, lent.table, $0) }
        try lent.check()
        return answer
      }
    }
    let answer = try result.get()
    try lending.checkOutputs()
    if let fault = sink.fault { throw .fails("row \(index): \(fault)") }
    guard answer.status >= 0 else { throw .fails("row \(index) cannot be read: \(answer.text)") }
    guard answer.status == TK_OK else {
      throw .fails("row \(index): it ends there, but counts more rows")
    }
    do throws(ExampleSink.Fault) { return try sink.example() } catch {
      throw .fails("row \(index): \(error.reason)")
    }
  }
}

/// Puts a dataset through its paces.
struct DatasetCheck: Sendable {
  let calls: DatasetCalls
  let bench: CheckBench

  init(_ calls: DatasetCalls, _ bench: CheckBench) {
    self.calls = calls
    self.bench = bench
  }

  func run() {
    var splits = 0, isCalled = true
    for split in Split.allCases {
      let name = split.rawValue
      bench.check(name) { () throws(CheckFault) in
        guard isCalled else { throw .note("not made, as the split before it was not") }
        isCalled = false
        bench.step(name, "create, split '\(name)'")
        let made = try calls.create(bench.job.configuration, split)
        if case .refused(let answer) = made { throw bench.job.refusal(answer) }
        isCalled = true
        guard case .made(let instance) = made else { throw .note("it has no such split") }
        splits += 1
        let text = try read(instance, split)
        bench.step(name, "destroy, split '\(name)'")
        calls.destroy(instance)
        return text
      }
    }
    if splits == 0, isCalled {
      bench.check("splits") { () throws(CheckFault) in
        throw .fails("it has none of the splits train, validation and test")
      }
    }
    bench.check("errors", checkErrors)
  }

  /// Reads some rows in several ways, which must not matter.
  private func read(_ instance: CheckInstance, _ split: Split) throws(CheckFault) -> String {
    let name = split.rawValue
    bench.step(name, "count, split '\(name)'")
    let count = try calls.count(instance)
    guard count > 0 else { throw .note("it has no rows") }
    let indices = Array(Set([0, 1, 2, 3, count - 1]).filter { $0 < count }).sorted()
    var rows: [Example] = []
    for index in indices {
      bench.step(name, "read, row \(index) of split '\(name)'")
      rows.append(try calls.row(instance, index))
    }
    bench.step(name, "read, the same rows of split '\(name)' backwards")
    try compare(rows, try again(instance, indices, isReversed: true), indices, "read a second time")
    bench.step(name, "read, the same rows of split '\(name)' on another thread")
    let others = onOtherThread { Result { () throws(CheckFault) in try again(instance, indices) } }
    try compare(rows, try others.get(), indices, "read on another thread")
    try checkSources(instance, indices, rows, name)
    try compare(rows, try again(instance, indices), indices, "read after another epoch")
    if calls.isThreadSafe { try readAtOnce(instance, indices, rows, name) }
    bench.step(name, "count, split '\(name)'")
    guard try calls.count(instance) == count else {
      throw .fails("count changes from \(count) to another number while rows are read")
    }
    let named = try kind(of: rows, indices)
    return "\(count) \(named); the same in any order, again and on other threads"
  }

  /// What the rows are, in words: a run learns rows of one kind.
  private func kind(of rows: [Example], _ indices: [Int64]) throws(CheckFault) -> String {
    // A conversation without an answer is no other kind where rows are only judged.
    func kind(_ row: Example) -> RowKind { row.kind == .prompts ? .texts : row.kind }
    let first = kind(rows[0])
    for (index, row) in zip(indices, rows) where kind(row) != first {
      throw .fails(
        "row \(index) is \(kind(row).row), but row \(indices[0]) is \(first.row); a run learns rows "
          + "of one kind")
    }
    return first == .texts ? "rows" : first.rows
  }

  /// Reads rows of another epoch, and holds what the dataset says of its rows against them.
  private func checkSources(
    _ instance: CheckInstance, _ indices: [Int64], _ rows: [Example], _ name: String
  ) throws(CheckFault) {
    bench.step(name, "describe, the sources of split '\(name)'")
    let sources = try calls.sources(instance)
    bench.step(name, "read, rows of another epoch")
    for (place, index) in indices.enumerated() {
      let other = try calls.row(instance, index, epoch: 1)
      guard sources.varyByEpoch || other == rows[place] else {
        throw .fails(
          "row \(index) is another one in epoch 1, though the dataset says that its rows do not "
            + "vary by epoch")
      }
    }
    if let path = sources.paths.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
      throw .fails("its rows are said to come from \(path), which is not there")
    }
  }

  private func readAtOnce(
    _ instance: CheckInstance, _ indices: [Int64], _ rows: [Example], _ name: String
  ) throws(CheckFault) {
    bench.step(name, "read, thread-safe calls on split '\(name)'")
    let results = onThreads(4) { _ in
      Result { () throws(CheckFault) in
        for _ in 0..<10 {
          try compare(
            rows, try again(instance, indices), indices, "read by several threads at once")
        }
      }
    }
    for result in results { try result.get() }
  }

  private func again(
    _ instance: CheckInstance, _ indices: [Int64], isReversed: Bool = false
  ) throws(CheckFault) -> [Example] {
    var rows: [Example] = []
    for index in isReversed ? indices.reversed() : indices {
      rows.append(try calls.row(instance, index))
    }
    return isReversed ? rows.reversed() : rows
  }

  private func compare(
    _ rows: [Example], _ others: [Example], _ indices: [Int64], _ when: String
  ) throws(CheckFault) {
    for (place, index) in indices.enumerated() where rows[place] != others[place] {
      throw .fails(
        "row \(index) differs when \(when); a row is a function of its index, the epoch and the seed"
      )
    }
  }

  private func checkErrors() throws(CheckFault) -> String {
    var accepted: [String] = []
    for wrong in CheckSamples.wrongConfigurations {
      let shown = wrong.isEmpty ? "an empty text" : wrong
      for capacity in [4096, 8, 1] {
        bench.step("errors", "create, with \(shown) and \(capacity) bytes for the error's text")
        guard case .made(let made) = try calls.create(wrong, .train, capacity: capacity) else {
          continue
        }
        calls.destroy(made)
        if capacity == 4096 { accepted.append(shown) }
      }
    }
    guard accepted.isEmpty else {
      throw .note(
        "it accepts \(accepted.joined(separator: " and ")) as its configuration without a word")
    }
    return try checkUnknownKey()
  }

  private func checkUnknownKey() throws(CheckFault) -> String {
    let objects = "a configuration that is no object is refused"
    guard let other = CheckSamples.withUnknownKey(bench.job.configuration),
      case .made(let good) = try calls.create(bench.job.configuration, .train)
    else { return objects }
    calls.destroy(good)
    bench.step("errors", "create, with \(other)")
    guard case .made(let instance) = try calls.create(other, .train) else {
      return CheckSamples.refusesUnknownKeys
    }
    calls.destroy(instance)
    throw .note(CheckSamples.acceptsUnknownKeys)
  }
}
