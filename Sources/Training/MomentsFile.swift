import Formats
import Layers
import Ranks
import Tensors

/// The moments of all parameters as a file has them, whole, as `moment.<parameter>` and
/// `variance.<parameter>`; and their ways to that file and from it, whoever owns them. Rank 0 alone
/// reads and writes; nothing of ranks stands in the file.
struct MomentsFile {
  private let optimizer: AdamW, group: Group
  private let entries: [Entry]

  /// One of the two moments of a parameter.
  private struct Entry {
    let name: String, parameter: Int, isVariance: Bool
  }

  /// A run of a parameter: who owns it, and its place among what that rank owns.
  private typealias Part = (rank: Int, run: Pieces.Run, index: Int)

  init(_ optimizer: AdamW, _ group: Group) {
    self.optimizer = optimizer
    self.group = group
    entries = optimizer.parameters.indices.flatMap { index in
      let name = optimizer.parameters[index].name
      return [
        Entry(name: "moment." + name, parameter: index, isVariance: false),
        Entry(name: "variance." + name, parameter: index, isVariance: true),
      ]
    }
  }

  /// Each parameter's runs in order.
  private var parts: [[Part]] {
    let runs =
      optimizer.ownership.map { (0..<group.count).map($0.runs) } ?? [optimizer.runs]
    var parts: [[Part]] = optimizer.parameters.map { _ in [] }
    for (rank, runs) in runs.enumerated() {
      for (index, run) in runs.enumerated() { parts[run.tensor].append((rank, run, index)) }
    }
    return parts
  }

  /// For rank 0's file: what others own is received while it is written.
  var sources: [TensorSource] {
    let parts = parts
    return entries.map { entry in
      TensorSource(
        name: entry.name, type: .f32, shape: optimizer.parameters[entry.parameter].shape
      ) { (sink) throws(FormatError) in
        for part in parts[entry.parameter] { try put(part, entry, into: sink) }
      }
    }
  }

  private func put(
    _ part: Part, _ entry: Entry, into sink: FileSink
  ) throws(FormatError) {
    guard part.rank != 0 else {
      let moment = try moment(part.index, entry)
      return try moment.withBytes(of: 0..<part.run.count) { (bytes) throws(FormatError) in
        try sink.write(bytes)
      }
    }
    let bytes: [UInt8]
    do { bytes = try group.receive("the moments", from: part.rank) } catch {
      throw FormatError(.unwritable, sink.path, error.message)
    }
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(FormatError) in try sink.write(bytes) }
    }.get()
  }

  /// What other ranks do while rank 0 writes.
  func send() throws {
    let parts = parts
    let known = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    for source in SafeTensorsWriter.inOrder(sources) {
      guard let entry = known[source.name] else { continue }
      for part in parts[entry.parameter] where part.rank == group.rank {
        let moment = try moment(part.index, entry)
        try group.send("the moments", moment.withBytes { [UInt8]($0) }, to: 0)
      }
    }
  }

  /// Takes the moments back that `path` holds, which only rank 0 opens.
  func restore(from path: String) throws {
    let file = group.isFirst ? try SafeTensorsFile(path: path) : nil, parts = parts
    for entry in entries {
      let whole = try file.map { try values(entry, in: $0, path) }
      guard optimizer.ownership != nil || group.isAlone else {
        try restoreEverywhere(entry, parts[entry.parameter], whole)
        continue
      }
      for part in parts[entry.parameter] {
        if part.rank == group.rank {
          let values = try whole?.copy(part.run.range) ?? Tensor(received: group, part.run.count)
          try set(values, part.index, entry)
        } else if let whole {
          let bytes = whole.copy(part.run.range).withBytes { [UInt8]($0) }
          try group.send("the moments", bytes, to: part.rank)
        }
      }
    }
  }

  /// Where every rank has all moments.
  private func restoreEverywhere(_ entry: Entry, _ parts: [Part], _ whole: Tensor?) throws {
    let bytes = try group.broadcast(
      "the moments", whole?.withBytes { [UInt8]($0) } ?? [], from: 0)
    let values = bytes.withUnsafeBytes { Tensor(bytes: $0) }
    for part in parts { try set(values.copy(part.run.range), part.index, entry) }
  }

  private func values(
    _ entry: Entry, in file: SafeTensorsFile, _ path: String
  ) throws(FormatError) -> Tensor {
    let values = try file.floats(entry.name)
    let count = optimizer.parameters[entry.parameter].tensor.count
    guard values.count == count else {
      throw FormatError(
        .malformed, path,
        "tensor '\(entry.name)' has \(values.count) numbers, this run needs \(count)")
    }
    return Tensor(rows: 1, columns: count, values: values)
  }

  private func moment(_ index: Int, _ entry: Entry) throws(FormatError) -> Tensor {
    let moments = try optimizer.moments(of: index)
    return entry.isVariance ? moments.variance : moments.moment
  }

  private func set(_ value: Tensor, _ index: Int, _ entry: Entry) throws(FormatError) {
    var moments = try optimizer.moments(of: index)
    if entry.isVariance { moments.variance = value } else { moments.moment = value }
    try optimizer.set(moments, of: index)
  }
}

extension Tensor {
  /// A row of `count` numbers that rank 0 sends.
  fileprivate init(received group: Group, _ count: Int) throws {
    let bytes = try group.receive("the moments", from: 0)
    precondition(bytes.count == 4 * count, "moments: \(bytes.count) bytes for \(count) numbers")
    self = bytes.withUnsafeBytes { Tensor(bytes: $0) }
  }
}

extension [NamedTensor] {
  /// Gives all ranks the numbers that rank 0 has.
  func spread(in group: Group) throws {
    guard !group.isAlone else { return }
    for named in self {
      let tensor = named.tensor
      let bytes = try group.broadcast(
        "'\(named.name)'", tensor.withBytes { [UInt8]($0) }, from: 0)
      if !group.isFirst { bytes.withUnsafeBytes { tensor.assign($0, to: 0..<tensor.count) } }
    }
  }
}
