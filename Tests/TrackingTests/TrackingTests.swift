import Formats
import Foundation
import JSON
import Testing

@testable import Tracking

@Suite struct TrackingTests {
  static func folder() throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  @Test func checksums() {
    #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
    #expect(CRC32C.masked("123456789".utf8) == 0xC78A_B0E5)
  }

  /// The first record of a file that TensorBoard's own writer made at 1.7e9 seconds.
  @Test func firstRecordHasTensorBoardsBytes() {
    var event = EventWriter.event(wallTime: 1.7e9, step: nil)
    event.bytes(3, Array("brain.Event:2".utf8))
    #expect(
      hexadecimal(EventWriter.record(event.encoded))
        == "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d")
  }

  /// The bytes of TensorBoard's own protocol-buffer classes.
  @Test func sessionsHaveTensorBoardsBytes() {
    #expect(
      hexadecimal(EventWriter.sessionStart(wallTime: 1.7e9, step: 300).encoded)
        == "0900000040fc54d94110ac023a020801")
  }

  /// What TensorBoard's own readers found in such a file.
  @Test func hyperparametersAndHistogramsStandInEventFiles() throws {
    let folder = try Self.folder(), writer = try EventWriter(folder: folder)
    try writer.begin(["a": ["b": 2, "c": nil, "d": [1]], "e": true, "f": "x"])
    try writer.histogram("train/reward/values", Distribution("r", [1, 2, .nan]), step: 3)
    try writer.histogram("train/none", Distribution("r", []), step: 3)
    try writer.finish()
    let name = try #require(FileSystem.names(in: folder).first)
    let bytes = try readFile(folder + "/" + name)
    for part in [
      "_hparams_/session_start_info", "a.b", "a.d", "[1]", "_hparams_/session_end_info",
      "train/reward/values",
    ] {
      #expect(bytes.firstRange(of: Array(part.utf8)) != nil, "\(part)")
    }
    for part in ["a.c", "train/none"] {
      #expect(bytes.firstRange(of: Array(part.utf8)) == nil, "\(part)")
    }
    // min, max, num of HistogramProto.
    var numbers = Message()
    for (field, value) in [(1, 1.0), (2, 2.0), (3, 2.0)] {
      numbers.fixed64(field, value.bitPattern)
    }
    #expect(bytes.firstRange(of: numbers.encoded) != nil)
  }

  @Test func eventFilesNeverCollide() throws {
    let folder = try Self.folder()
    for _ in 0..<2 { try EventWriter(folder: folder).scalar("train/loss", 1.5, step: 3) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
  }

  @Test func aResumedLogDropsWhatWillBeWrittenAgain() throws {
    let path = try Self.folder() + "/metrics.jsonl"
    let log = try MetricsLog(path: path, keepingThrough: 0)
    for step in 1...4 { try log.append(["step": .int(step), "loss": 0.5]) }
    try #"{"step": 5, "lo"#.appendLine(to: path)
    let resumed = try MetricsLog(path: path, keepingThrough: 2)
    try resumed.append(["step": 3])
    let steps = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try JSONValue(parsing: String($0))["step"]
    }
    #expect(steps == [1, 2, 3])
  }

  @Test func trainerStateRoundTrips() throws {
    let path = try Self.folder() + "/trainer_state.json"
    var state = TrainerState()
    state.globalStep = 7
    state.epoch = 0.5
    state.epochs = 3
    state.maxSteps = 42
    state.bestMetric = 0.25
    state.bestGlobalStep = 5
    state.bestCheckpoint = "checkpoint-5"
    state.evaluationsWithoutGain = 2
    state.tokensSeen = 1000
    state.logHistory = [["loss": 2.5, "step": 1]]
    try state.write(to: path)
    #expect(TrainerState(path: path) == state)
    #expect(TrainerState(json: ["global_step": 1]) == nil)
    #expect(TrainerState(path: path + ".absent") == nil)
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    let error = #expect(throws: FormatError.self) { try EventWriter(folder: "/nowhere/at/all") }
    #expect(error?.description.contains("/nowhere/at/all") == true)
  }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension String {
  fileprivate func appendLine(to path: String) throws {
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(utf8))
    try handle.close()
  }
}
