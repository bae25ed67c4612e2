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

  private func open(_ folder: String) throws -> WandBRun {
    try WandBRun(logs: folder, config: ["seed": 3], arguments: ["host", "train"])
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
