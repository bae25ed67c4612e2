import Foundation
import JSON
import Testing

@testable import Formats
@testable import Tracking

/// Runs for `wandb sync`: what is in the file, and what becomes of it when a run goes on.
@Suite struct WandBTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "wandb-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  private func records(_ run: WandBRun) throws -> [(field: UInt64, content: [UInt8])] {
    let id = run.folder.split(separator: "-").last.map(String.init) ?? ""
    let bytes = try readFile("\(run.folder)/run-\(id).wandb")
    var records: [(UInt64, [UInt8])] = []
    WandBFile.forEachRecord(bytes) { record, _ in
      records += Message.fields(of: record).suffix(1)
      return true
    }
    return records
  }

  private func open(_ folder: String, console: PrintedLines? = nil) throws -> WandBRun {
    try WandBRun(
      logs: folder, config: ["seed": 3], arguments: ["host", "train"], console: console)
  }

  private func row(_ run: WandBRun, _ step: Int, kind: String = "train") throws {
    try run.append(
      [("loss", 1 / Double(step))], kind: kind, step: step, epoch: 0.5, best: nil)
  }

  @Test func checksumsAreZlibs() {
    #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
  }

  @Test func aResumedRunGoesOnInItsFile() throws {
    try withFolder { folder in
      var run = try open(folder)
      let place = run.folder
      for step in 1...3 { try row(run, step) }
      try row(run, 3, kind: "eval")
      try run.finish()
      run = try open(folder)
      #expect(run.folder == place)
      // The rows of steps that are there already are not written again, and the end is taken back.
      for step in 2...5 { try row(run, step) }
      let fields = try records(run).map(\.field)
      #expect(fields.filter { $0 == 2 }.count == 6)
      #expect(fields.filter { $0 == 17 }.count == 1)
      #expect(!fields.contains(18))
      try run.finish()
      #expect(try records(run).last?.field == 18)
    }
  }

  @Test func whatAKillCutIsCutOff() throws {
    try withFolder { folder in
      let run = try open(folder)
      for step in 1...3 { try row(run, step) }
      let id = run.folder.split(separator: "-").last.map(String.init) ?? ""
      let path = "\(run.folder)/run-\(id).wandb", whole = try readFile(path)
      for count in [3, 7, 20, whole.count - 30, whole.count - 1] {
        try Data(whole.prefix(count)).write(to: URL(filePath: path))
        let next = try open(folder)
        for step in 1...4 { try row(next, step) }
        let steps = try records(next).filter { $0.field == 2 }.count
        #expect(steps == 4, "cut at \(count)")
      }
    }
  }

  /// Behind an exit nothing would be read: what an earlier program left there goes with it.
  @Test func anExitInTheMiddleEndsTheFile() throws {
    try withFolder { folder in
      let run = try open(folder)
      for step in 1...3 { try row(run, step) }
      try run.finish()
      for step in 4...6 { try row(run, step) }
      let next = try open(folder)
      for step in 3...7 { try row(next, step) }
      let fields = try records(next).map(\.field)
      #expect(!fields.contains(18))
      #expect(fields.filter { $0 == 2 }.count == 7)
    }
  }

  @Test func linesThatWerePrintedAreKept() throws {
    try withFolder { folder in
      let lines = PrintedLines()
      lines.add("before anybody listens", isError: true)
      lines.begin()
      lines.add("rows      12", isError: true)
      lines.add("loss 0.5", isError: false)
      let run = try open(folder, console: lines)
      try row(run, 1)
      lines.add("the end", isError: true)
      try run.finish()
      let all = try records(run),
        printed = all.filter { $0.field == 13 }.map { record in
          Message.fields(of: record.content).first { $0.field == 3 }
            .map { String(decoding: $0.content, as: UTF8.self) }
        }
      #expect(printed == ["rows      12\n", "loss 0.5\n", "the end\n"])
      #expect(all.last?.field == 18)
    }
  }

  @Test func distributionsAreHistograms() throws {
    let histogram = Distribution("reward", [0, 1, 1, 0.5, .nan]).histogram
    #expect(histogram.counts.reduce(0, +) == 4)
    #expect(histogram.counts.first == 1 && histogram.counts.last == 2)
    #expect(histogram.edges.first == 0 && histogram.edges.last == 1)
    #expect(histogram.edges.count == histogram.counts.count + 1)
    let single = Histogram([2, 2])
    #expect(single.counts == [2] && single.edges == [1.5, 2.5])
    #expect(histogram.json["_type"] == "histogram")
    try withFolder { folder in
      let run = try open(folder)
      try run.append(
        [("loss", 1)], [Distribution("reward/values", [0, 1])], kind: "train", step: 1, epoch: 0,
        best: nil)
      let bytes = try #require(try records(run).first { $0.field == 2 }).content
      #expect(bytes.firstRange(of: Array(#"{"_type": "histogram""#.utf8)) != nil)
    }
  }

  @Test func aRepositoryIsNamed() throws {
    try withFolder { folder in
      func put(_ path: String, _ text: String) throws {
        let url = URL(filePath: folder + "/" + path)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      }
      #expect(GitState(at: folder + "/nothing/here").message == nil)
      try put(".git/HEAD", "ref: refs/heads/main\n")
      try put(
        ".git/config",
        "[core]\n\turl = no\n[remote \"origin\"]\n\turl = https://me:secret@example.org/a/b.git\n")
      try put(".git/packed-refs", "# pack-refs\n1234 refs/heads/other\nabcd refs/heads/main\n")
      try put("below/file", "")
      let packed = GitState(at: folder + "/below")
      #expect(packed.remote == "https://example.org/a/b.git" && packed.commit == "abcd")
      try put(".git/refs/heads/main", "ffff\n")
      #expect(GitState(at: folder).commit == "ffff")
      // A working tree of its own.
      try put("tree/.git", "gitdir: ../.git/worktrees/tree\n")
      try put(".git/worktrees/tree/HEAD", "9876\n")
      try put(".git/worktrees/tree/commondir", "../..\n")
      let tree = GitState(at: folder + "/tree")
      #expect(tree.commit == "9876" && tree.remote == "https://example.org/a/b.git")
    }
  }

  @Test func theProcessorsShareIsThatSinceTheBeginning() throws {
    // Whatever the tests before this one have cost.
    var statistics = SystemStatistics(at: 0)
    let values = statistics.values(at: 0.1)
    let share = try #require(values.first { $0.name == "cpu" }?.value)
    #expect((0...100).contains(share))
  }

  @Test func namesOfRunsMayHaveDashes() {
    #expect(WandBRun.id(of: "/a/wandb/offline-run-20261201_010203-my-run-7") == "my-run-7")
  }

  /// Records that span blocks are read as they were written.
  @Test func longRecordsSpanBlocks() throws {
    try withFolder { folder in
      let path = folder + "/long.wandb"
      var file = try WandBFile(path: path)
      let texts = [10, 32_750, 70_000, 32_768 - 7, 1, 100_000].map {
        String(repeating: "x", count: $0)
      }
      for text in texts {
        var message = Message()
        message.text(1, text)
        try file.append(2, message)
      }
      var found: [Int] = []
      _ = try WandBFile(path: path) { _, content in
        found.append(Message.fields(of: content)[0].content.count)
      }
      #expect(found == texts.map(\.count))
    }
  }

  @Test func textsStandInEventFiles() throws {
    try withFolder { folder in
      let writer = try EventWriter(folder: folder)
      try writer.text("recipe", "seed: 3")
      let name = try #require(FileSystem.names(in: folder).first)
      let bytes = try readFile(folder + "/" + name)
      #expect(bytes.firstRange(of: Array("recipe/text_summary".utf8)) != nil)
      #expect(bytes.firstRange(of: Array("```\nseed: 3\n```".utf8)) != nil)
    }
  }
}
