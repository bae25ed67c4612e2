/// The names that runs and reports of this program give to what they write.
public enum RunRecords {
  /// The receipt of a run.
  public static let receipt = "run.json"
  /// The folder of a checkpoint begins so.
  public static let checkpointPrefix = "checkpoint-"

  /// What a run writes beside weights, their configuration and the base's files: its records, its
  /// logs, links to checkpoints.
  public static let records = [
    receipt, "metrics.jsonl", "trainer_state.json", "logs", "best", "last",
    "evaluation_before.json", "skipped.jsonl", "rewards.jsonl",
  ]

  /// Whether a run or a report writes, or removes, something of this name in its folder, whatever the
  /// task.
  static func owns(_ name: String) -> Bool {
    (isRecord(name) && !name.hasSuffix(".csv")) || isModelPart(name)
  }

  /// Whether something of this name says how a run went, so that it is no part of a model.
  static func isRecord(_ name: String) -> Bool {
    records.contains(name) || checkpoint(name) != nil || name == DurableFolder.manifestName
      || ["report.json", "report.html", "predictions.jsonl", "comparison_report.json"]
        .contains(name)
      || name.hasSuffix(".csv")
  }

  /// Whether something of this name is a model's or an adapter's weights, or says what they are.
  static func isModelPart(_ name: String) -> Bool {
    ["config.json", "adapter_config.json"].contains(name) || ModelFolder.isWeights(name)
  }

  /// The folder of the run whose checkpoints, links to them or logs hold `path`; nil where none does.
  public static func run(around path: String) -> String? {
    var (parent, name) = DurableFile.split(FileSystem.canonical(path))
    while name != parent, parent.hasPrefix("/") {
      let isPart = checkpoint(name) != nil || ["logs", "best", "last"].contains(name)
      if isPart, FileSystem.exists(parent + "/" + receipt) {
        return parent
      }
      if parent == "/" { return nil }
      (parent, name) = DurableFile.split(parent)
    }
    return nil
  }

  /// The step of a checkpoint's folder; nil for other names.
  public static func checkpoint(_ name: String) -> Int? {
    name.hasPrefix(checkpointPrefix) ? Int(name.dropFirst(checkpointPrefix.count)) : nil
  }
}
