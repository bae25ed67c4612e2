import FoundationEssentials
import TaskKit
import Testing

@testable import SpeechDrama

/// A folder that lives as long as its test, with files of records and empty clips.
final class RecordFolder {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    path = folder.path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes `text` as file `name` and tells its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let file = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file.path
  }

  /// Writes records, one a line, and an empty file for each clip that they name.
  func write(_ records: [JSON], to name: String = "records.jsonl") throws -> String {
    for clip in records.compactMap({ $0["wav_path"]?.string }) { try write("", to: clip) }
    return try write(records.map(\.text).joined(separator: "\n"), to: name)
  }
}

/// Tells a clip's name and the row that it was perturbed for.
struct FakeReader: ClipReader {
  /// By the file's name.
  var faults: [String: ClipFault] = [:]

  func fault(at path: String) -> ClipFault? { faults[Self.name(path)] }

  func features(at path: String, perturbedAt place: RowPlace?) throws -> MediaTensor {
    let name = Self.name(path).utf8.reduce(0) { ($0 * 31 + Int($1)) % 9973 }
    let change = place.map { 1 + $0.index + 10 * $0.epoch + 1000 * Int($0.seed) } ?? 0
    return MediaTensor(shape: [1, 3], values: [Float(name), Float(change), 0])
  }

  private static func name(_ path: String) -> String { String(path.split(separator: "/").last!) }
}

/// Records and datasets of tests.
enum Drama {
  /// The folder of the task's own texts.
  static var prompts: String {
    let here = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return here.dropLast(3).joined(separator: "/") + "/tasks/speech_drama/prompts"
  }

  /// A scene's record; `ratings` go into `annotations`, `more` goes over the record's keys.
  static func scene(
    _ id: String = "a", ratings: [String: JSON] = ["pitch_variation": [4, 4, 5]],
    over more: [String: JSON] = [:]
  ) -> JSON {
    let record: [String: JSON] = [
      "id": .string(id), "wav_path": .string("clips/\(id).wav"),
      "char_profile": "An old sailor.", "local_scene": "He meets his son.",
      "char_style": "Gruff, Warm", "char_age": "Old", "transcript": "There you are.",
      "annotations": .object(ratings),
    ]
    return .object(record.merging(more) { $1 })
  }

  /// Ratings of all ten dimensions by two annotators: 2 and 4 throughout.
  static var complete: [String: JSON] {
    Dictionary(uniqueKeysWithValues: Dimension.realism.map { ($0.field, [2, 4]) })
  }

  static func config(_ members: [String: JSON]) throws -> DramaConfig {
    let base: [String: JSON] = ["prompts": .string(prompts), "seed": 7]
    return try JSON.object(base.merging(members) { $1 }).decoded()
  }

  /// The dataset of `records`, as split `split`.
  static func dataset(
    _ records: [JSON], _ members: [String: JSON] = [:], split: Split = .train,
    reader: FakeReader = FakeReader(), host: HostServices = .none, in folder: RecordFolder
  ) throws -> DramaDataset {
    let file = try folder.write(records)
    let key = split.rawValue
    let config = try config([key: .string(file)].merging(members) { $1 })
    return try #require(try DramaDataset(config, split, host, reader: reader))
  }
}

extension DramaDataset {
  func rows(epoch: Int = 0, seed: UInt64 = 7) throws -> [Example] {
    try (0..<count).map { try example(at: $0, epoch: epoch, seed: seed) }
  }
}

extension Example {
  var prompt: String { turns[0].text }
  var labels: RowMetadata {
    get throws { try metadata.decoded() }
  }
  /// The weights of each choice part.
  var weights: [[Float]] {
    turns[1].parts.compactMap { if case .choice(let weights) = $0 { weights } else { nil } }
  }
}

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch { return "\(error)" }
}
