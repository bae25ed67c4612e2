import Formats
import Foundation
import JSON
import Synchronization
import Tasks
import Tensors
import Testing
import Text

@testable import Rows

/// Encoded rows that are kept from run to run.
@Suite struct RowCacheTests {
  typealias Change = KeptRows.Change

  @Test func theSecondOpeningReadsNothing() throws {
    let rows = try KeptRows()
    let plain = try rows.open(Change(usesCache: false))
    #expect(plain.origin == .dataset(reason: nil) && rows.files.isEmpty)
    let first = try rows.open(), openings = rows.openings.withLock { $0 }
    #expect(first.isKept && openings == 2)
    let second = try rows.open()
    #expect(second.isFromCache)
    let expected = try plain.samples()
    #expect(expected.count == 62 && expected.last?.choices.count == 2)
    for data in [first, second] {
      #expect(try data.samples() == expected)
      #expect(data.statistics == plain.statistics && data.count == plain.count)
      #expect(data.longestRows(5) == plain.longestRows(5))
    }
    // Not even another epoch opens the dataset; a row as it was written does.
    #expect(rows.openings.withLock { $0 } == openings)
    #expect(try second.example(3, epoch: 0) == plain.example(3, epoch: 0))
    #expect(rows.openings.withLock { $0 } == openings + 1)
    #expect(rows.notes.withLock { $0 }.isEmpty)
  }

  @Test(arguments: [
    "key", "name", "max_length", "on_overlength", "seed", "thinking", "template",
  ])
  func whateverDecidesTheRowsLeadsToOthers(what: String) throws {
    let rows = try KeptRows()
    #expect(try rows.open().isKept)
    var change = Change()
    switch what {
    case "key": change.key = ["task": "test", "plugin": "another build"]
    case "name": change.name = "validation"
    case "max_length": change.maximumLength = 127
    case "on_overlength": change.policy = .drop
    case "seed": change.seed = 8
    case "thinking": change.enableThinking = false
    default:
      change.template =
        "{% for message in messages %}[{{ message.role }}]\n{{ message.content }}\n{% endfor %}"
        + "{% if add_generation_prompt %}[assistant]\n{% endif %}"
    }
    let other = try rows.open(change)
    #expect(other.isKept)
    change.usesCache = false
    #expect(try other.samples() == rows.open(change).samples())
    #expect(try rows.open().isFromCache)
  }

  @Test func theOrderOfKeysDecidesNothing() throws {
    let rows = try KeptRows()
    #expect(try rows.open(Change(key: ["a": 1, "b": ["c": 2, "d": 3]])).isKept)
    #expect(try rows.open(Change(key: ["b": ["d": 3, "c": 2], "a": 1])).isFromCache)
  }

  @Test func otherDataLeadsToOtherRows() throws {
    let rows = try KeptRows()
    let before = try rows.open().samples()
    try rows.write(["nuts"])
    let other = try rows.open()
    #expect(other.isKept && other.count == 1)
    #expect(try rows.open().isFromCache)
    // What was there is found again, by its content.
    try rows.write((0..<30).map { "\($0) bolts" } + ["one | two"])
    let again = try rows.open()
    #expect(again.isFromCache)
    #expect(try again.samples() == before)
    try FileManager.default.removeItem(atPath: rows.path)
    #expect(throws: TaskError.self) { try rows.open() }
  }

  @Test func aFolderStandsForItsNames() throws {
    let rows = try KeptRows()
    let folder = rows.folder.appending(path: "data").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let empty = SourceDigests.source(folder)
    #expect(empty["names"] == 0)
    try Data().write(to: URL(filePath: folder + "/a.json"))
    #expect(SourceDigests.source(folder) != empty)
    #expect(SourceDigests.source(folder + "/b.json") == .null)
  }

  /// Every part of the file, one bit each: it is noticed, said, and the rows are as before.
  @Test func aFlippedBitIsNoticed() throws {
    let rows = try KeptRows(["one | two", "nuts"])
    let expected = try rows.open().samples()
    let file = try #require(rows.files.first), good = try Data(contentsOf: file)
    for place in stride(from: 0, to: good.count, by: 23) {
      var bytes = good
      bytes[place] ^= 1 << (place % 8)
      try bytes.write(to: file)
      let opened = try rows.open()
      #expect(opened.isKept, "byte \(place) of \(good.count)")
      #expect(try opened.samples() == expected)
    }
    let notes = rows.notes.withLock { $0 }
    #expect(notes.count == (good.count + 22) / 23)
    #expect(notes.allSatisfy { $0.hasSuffix("; the rows are encoded anew") })
    #expect(try rows.open().isFromCache)
    #expect(try Data(contentsOf: file) == good)
  }

  @Test(arguments: [0, 1, 127, 128, 500, -8, -1, 3])
  func aFileOfAnotherSizeIsNoticed(size: Int) throws {
    let rows = try KeptRows()
    let expected = try rows.open().samples()
    let file = try #require(rows.files.first), good = try Data(contentsOf: file)
    let bytes =
      switch size {
      case 3: good + Data("...".utf8)
      case ..<0: good.dropLast(-size)
      default: good.prefix(size)
      }
    try bytes.write(to: file)
    #expect(try rows.open().samples() == expected)
    #expect(rows.notes.withLock { $0.count } == 1)
    #expect(try rows.open().isFromCache)
  }

  @Test func bytesThatAreNoTextAreNoticed() throws {
    let rows = try KeptRows()
    let expected = try rows.open().samples()
    let file = try #require(rows.files.first), good = try Data(contentsOf: file)
    for range in [0..<good.count, 32..<33] {
      var bytes = good
      bytes.replaceSubrange(range, with: repeatElement(0xFF, count: range.count))
      try bytes.write(to: file)
      #expect(try rows.open().samples() == expected)
    }
    #expect(rows.notes.withLock { $0.count } == 2)
  }

  @Test func anInterruptedReadingKeepsNothing() throws {
    let rows = try KeptRows()
    #expect(throws: TaskError.self) { try rows.open(Change(isCancelled: { true })) }
    #expect(rows.files.isEmpty)
    #expect(try rows.open().isKept)
    // Kept rows need no reading.
    #expect(try rows.open(Change(isCancelled: { true })).isFromCache)
  }

  @Test func rowsThatVaryAreKeptForTheFirstEpoch() throws {
    let rows = try KeptRows(), change = Change(variesByEpoch: true)
    let plain = try rows.open(Change(usesCache: false, variesByEpoch: true))
    _ = try rows.open(change)
    let openings = rows.openings.withLock { $0 }
    let kept = try rows.open(change)
    #expect(kept.isFromCache)
    #expect(try kept.samples(epochs: 0...0) == plain.samples(epochs: 0...0))
    #expect(rows.openings.withLock { $0 } == openings)
    #expect(try kept.samples(epochs: 1...2) == plain.samples(epochs: 1...2))
    #expect(try plain.samples(epochs: 1...1) != plain.samples(epochs: 0...0))
    #expect(rows.openings.withLock { $0 } == openings + 1)
  }

  @Test func whatIsNotKept() throws {
    let rows = try KeptRows()
    #expect(
      try rows.open(Change(namesSources: false)).origin
        == .dataset(reason: "the dataset does not say which files its rows come from"))
    #expect(rows.files.isEmpty && rows.notes.withLock { $0 }.isEmpty)
  }

  @Test func aTemplatesDateIsPartOfTheKey() throws {
    let dated =
      "{{ strftime_now('%d') }}{% for message in messages %}{{ message.role }}: "
      + "{{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    let rows = try KeptRows()
    func open(_ template: String?, _ day: String) throws -> EncodedDataset {
      try rows.open(Change(template: template, now: CivilTime(day)))
    }
    let first = try open(dated, "2026-11-30")
    #expect(first.isKept)
    #expect(try open(dated, "2026-12-01").isKept)
    #expect(try open(dated, "2026-11-30").isFromCache)
    // A template that cannot write the date does not care.
    #expect(try open(nil, "2026-11-30").isKept)
    #expect(try open(nil, "2026-12-01").isFromCache)
  }

  @Test func rowsWithClipsAreNotKept() throws {
    let rows = try KeptRows(["nuts", "clip"])
    let heard = try rows.open(Change(hears: true))
    #expect(heard.origin == .dataset(reason: "the rows hold clips") && rows.files.isEmpty)
    #expect(heard.sound(ofRows: 1).all == 100)
    #expect(try heard.sample(1, epoch: 0).media.count == 1)
    #expect(rows.notes.withLock { $0 }.isEmpty)
    // Without them the same model's rows are.
    try rows.write(["nuts"])
    #expect(try rows.open(Change(hears: true)).isKept)
  }

  @Test func aSourceThatChangesMeanwhileIsNotTrusted() throws {
    let rows = try KeptRows()
    let path = rows.path
    let change = Change(willRead: { index in
      guard index == 4 else { return }
      usleep(20_000)
      try? Data("other".utf8).write(to: URL(filePath: path))
    })
    let opened = try rows.open(change)
    #expect(opened.count == 31 && !opened.isKept)
    #expect(rows.files.isEmpty)
    #expect(
      rows.notes.withLock { $0 } == [
        "lines.txt: the rows are not kept: \(path) has changed while they were read"
      ])
  }

  /// Two splits share what was read of a file that changed before the second one was opened.
  @Test func whatWasReadBeforeAChangeIsNotKept() throws {
    let rows = try KeptRows(), beginning = RowCache.now
    usleep(20_000)
    try rows.write(["other", "lines"])
    #expect(try !rows.open(Change(beginning: beginning)).isKept)
    #expect(rows.files.isEmpty)
    #expect(try rows.open().isKept)
  }

  @Test func aFolderThatCannotBeWrittenCostsOneLine() throws {
    let rows = try KeptRows()
    try Data().write(to: URL(filePath: rows.cacheFolder))
    let opened = try rows.open()
    #expect(opened.count == 31 && !opened.isKept)
    #expect(try opened.samples() == rows.open(Change(usesCache: false)).samples())
    let notes = rows.notes.withLock { $0 }
    #expect(notes.count == 1 && notes[0].hasPrefix("lines.txt: the rows are not kept: "))
  }

  @Test func anErrorIsTheFirstRowsAndKeepsNothing() throws {
    let rows = try KeptRows((0..<200).map { $0 % 70 == 69 ? "broken" : "\($0)" })
    let error = #expect(throws: TaskError.self) { try rows.open() }
    #expect(error?.message == "line 69 is broken")
    #expect(rows.files.isEmpty)
  }

  @Test(arguments: [TrainingRecipe.Overlength.drop, .truncate])
  func rowsLeftOutOrCutAreRemembered(policy: TrainingRecipe.Overlength) throws {
    let long = String(repeating: " gear", count: 90)
    let rows = try KeptRows(["a", "b" + long, "c", "one | two" + long])
    let change = Change(maximumLength: 64, policy: policy)
    let first = try rows.open(change), second = try rows.open(change)
    #expect(first.isKept && second.isFromCache && second.statistics.skipped.count == 2)
    #expect(second.statistics == first.statistics)
    #expect(try second.samples() == first.samples())
    #expect(try second.samples().map(\.source) == first.samples().map(\.source))
  }

  @Test func whatWasUsedLongestAgoGoesFirst() throws {
    let rows = try KeptRows()
    #expect(try rows.open(Change(name: "a")).isKept)
    let size = try rows.files[0].resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    let old = rows.files[0]
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -500)], ofItemAtPath: old.path)
    let stale = rows.folder.appending(path: "cache/x.partial")
    try Data().write(to: stale)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -100_000)], ofItemAtPath: stale.path)
    let limit = 2 * size + 200
    #expect(try rows.open(Change(name: "b", limit: limit)).isKept)
    #expect(rows.files.count == 2)
    // Its use makes the old one young again.
    #expect(try rows.open(Change(name: "a", limit: limit)).isFromCache)
    let other = try #require(rows.files.first { $0.path != old.path })
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: other.path)
    #expect(try rows.open(Change(name: "c", limit: limit)).isKept)
    #expect(rows.files.count == 2 && rows.files.contains(old) && !rows.files.contains(other))
    let small = try rows.open(Change(name: "d", limit: 1000))
    #expect(!small.isKept && small.count == 31)
    #expect(rows.files.count == 2)
  }

  @Test func severalAtOnceDoNotHurtEachOther() throws {
    let rows = try KeptRows()
    let expected = try rows.open(Change(usesCache: false)).samples()
    let faults = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      do {
        let found = try rows.open().samples()
        if found != expected { faults.withLock { $0.append("other rows") } }
      } catch { faults.withLock { $0.append("\(error)") } }
    }
    #expect(faults.withLock { $0 }.isEmpty && rows.notes.withLock { $0 }.isEmpty)
    #expect(rows.files.count == 1)
    #expect(try rows.open().isFromCache)
  }
}
