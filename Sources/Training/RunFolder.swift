import Formats
import JSON
import Tracking

/// A run's output folder: checkpoints, links, records, and the final files.
public struct RunFolder: Sendable {
  /// The folder's path.
  public let path: String

  /// What becomes of a run that the folder holds.
  public enum Earlier: Sendable { case isRefused, isResumed, isRemoved }

  /// Names the folder; nothing is written yet. One that holds another run is refused unless that run
  /// is resumed, or is to be removed.
  public init(path: String, earlier: Earlier) throws {
    self.path = path
    let holdsRun = FileSystem.exists(path + "/run.json") || !Self.checkpoints(in: path).isEmpty
    if holdsRun && earlier == .isRefused {
      throw TrainingError(
        .refused,
        "\(path) holds another run; continue it with --resume, replace it with --overwrite, or choose "
          + "another output_dir")
    }
    if FileSystem.exists(path), !FileSystem.isFolder(path) {
      throw TrainingError(.refused, "\(path) is a file; choose another output_dir")
    }
  }

  /// Removes an earlier run's records, checkpoints and weights, so that none of them is taken for the
  /// next run's; files of other kinds stay. To be called once everything that can be refused has been
  /// checked.
  public func removeEarlier() {
    let own = [
      "run.json", "metrics.jsonl", "trainer_state.json", "logs", "best", "last",
      "evaluation_before.json", "skipped.jsonl", "rewards.jsonl",
    ]
    // A folder without a record may be anybody's model.
    let isRun = FileSystem.exists(path + "/run.json")
    let weights =
      isRun
      ? ["adapter_config.json", Trainable.adapterFile, "config.json", Trainable.modelFile] : []
    for name in own + weights { DurableFolder.remove(path + "/" + name) }
    for step in checkpoints { DurableFolder.remove("\(path)/checkpoint-\(step)") }
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
