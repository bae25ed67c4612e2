import FoundationEssentials
import TaskKit

/// What Tests/Goldens/recommendation/make_recommendation.py wrote.
struct Golden: Decodable {
  struct Shuffle: Decodable {
    var seed: UInt64
    var words: [UInt32], orders: [[UInt32]]
  }
  struct Stream: Decodable {
    var name: String, size: Int, crc: UInt32, packed: String
  }
  struct Windows: Decodable {
    var length: Int, most: Int?, seed: UInt64, idle: Int
    /// Of each split the rows: user, movie, answer, CRC-32 of the question.
    var splits: [String: [JSON]]
    /// The very last row that was dealt out, whole.
    var question: String, answer: String, last: String
  }
  struct Scores: Decodable {
    var liked: [Bool], odds: [Double]
    var accuracy: Double, f1: Double, precision: Double, recall: Double
    var unknown: Double, roc_auc: Double, ece: Double, brier: Double
  }

  var shuffles: [Shuffle], streams: [Stream], windows: [Windows], scores: [Scores]
  var movies_csv: String, ratings_csv: String
  var archives: [String: String]

  static let all: Golden = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Goldens/recommendation/recommendation.json")
    do {
      return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
    } catch {
      fatalError("\(path.path): \(error)")
    }
  }()
}

/// Writes files into a folder of their own and lends its path.
func withFolder<R>(_ files: [String: Data], _ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
  return try body(folder.path)
}

/// The same with texts.
func withFolder<R>(texts: [String: String], _ body: (String) throws -> R) throws -> R {
  try withFolder(texts.mapValues { Data($0.utf8) }, body)
}

/// The message of what `body` throws; empty when it does not.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch let error as PluginError {
    return error.message
  } catch {
    return "not a PluginError: \(error)"
  }
}
