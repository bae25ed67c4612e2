import Formats
import JSON
import Tracking

/// A run's output folder: checkpoints, links, records, and the final files.
public struct RunFolder: Sendable {
  /// The folder's path.
  public let path: String

  /// Opens or makes the folder. One that holds another run is refused unless the run is resumed.
  public init(path: String, resuming: Bool) throws {
    self.path = path
    let holdsRun = FileSystem.exists(path + "/run.json") || !Self.checkpoints(in: path).isEmpty
    if holdsRun && !resuming {
      throw TrainingError(
        .refused,
        "\(path) holds another run; continue it with --resume, or choose another output_dir")
    }
    if FileSystem.exists(path), !FileSystem.isFolder(path) {
      throw TrainingError(.refused, "\(path) is a file; choose another output_dir")
    }
  }

  /// Removes a run's files at `path`; files of other kinds stay.
  public static func removeRun(at path: String) throws {
    let own = [
      "run.json", "metrics.jsonl", "trainer_state.json", "logs", "best", "last",
      "evaluation_before.json", "skipped.jsonl", "rewards.jsonl",
    ]
    for name in own { DurableFolder.remove(path + "/" + name) }
    for step in checkpoints(in: path) { DurableFolder.remove("\(path)/checkpoint-\(step)") }
  }

  /// Makes the folder; called once everything that can be refused has been checked.
  func make() throws(FormatError) {
    try DurableFile.createFolder(path + "/logs")
    _ = DurableFolder.removeStale(in: path)
  }

  /// The checkpoints' steps, rising.
  var checkpoints: [Int] { Self.checkpoints(in: path) }

  /// The folder of the checkpoint of `step`.
  func checkpoint(_ step: Int) -> String { "\(path)/checkpoint-\(step)" }

  private static func checkpoints(in path: String) -> [Int] {
    FileSystem.names(in: path).compactMap { name in
      name.hasPrefix("checkpoint-") ? Int(name.dropFirst("checkpoint-".count)) : nil
    }.sorted()
  }

  /// The newest checkpoint whose files are all as they were written, and a line for each newer one
  /// that is not.
  func newestGood() -> (step: Int?, notes: [String]) {
    var notes: [String] = []
    for step in checkpoints.reversed() {
      do {
        try DurableFolder.verify(checkpoint(step))
        return (step, notes)
      } catch {
        notes.append("checkpoint-\(step) is damaged and left aside: \(error)")
      }
    }
    return (nil, notes)
  }

  /// Removes the oldest checkpoints beyond `limit`; the one of `best` stays.
  func prune(limit: Int?, best: Int?) {
    guard let limit else { return }
    let all = checkpoints
    for step in all.dropLast(max(limit, 1)) where step != best {
      DurableFolder.remove(checkpoint(step))
    }
  }
}
