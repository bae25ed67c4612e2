import Formats
import JSON
import PluginHost
import Tasks
import Tensors
import Training

/// `run.json`: what was run, on what, and how it ended.
struct RunReceipt {
  private var json: JSONValue
  private let base: String

  init(
    _ session: TaskSession, train: EncodedDataset, validation: EncodedDataset?,
    panel: RewardPanel?
  ) {
    base = session.modelFolder
    json = [
      "host_version": .string(HostCommand.version),
      "recipe": session.recipe.json,
      "seed": .int(session.recipe.training.seed),
      "engine": [
        "kernels": .string(Engine.instructionSet),
        "products": .string(GemmEngine.chosen.rawValue),
        "openblas_core": Engine.blasCore.isEmpty ? .null : .string(Engine.blasCore),
        "threads": .int(Parallel.threads), "bf16": .bool(Engine.usesBF16),
      ],
      "plugin": Self.receipt(session.task.plugin),
      "dataset_plugin": session.recipe.dataset == nil
        ? .null : Self.receipt(session.task.rowsPlugin),
      "rewards": .array(
        (panel?.members ?? []).map { member in
          let entry: JSONValue = ["name": .string(member.name), "weight": .double(member.weight)]
          guard let path = member.path else { return entry }
          return entry.setting("plugin", Self.hash(path).setting("path", .string(path)))
        }),
      "base": ["path": .string(session.modelFolder)],
      "data": ["train": train.receipt, "validation": validation?.receipt ?? .null],
      "outcome": "running",
    ]
  }

  /// How the run ended, with the reports before and after, and what the base's files were: hashing
  /// gigabytes first would keep the first step waiting.
  mutating func finish(_ outcome: TrainingOutcome, before: Report?, after: Report?) {
    let ending =
      switch outcome {
      case .finished(let step): "finished at step \(step)"
      case .stopped(let step, let reason): "stopped early at step \(step): \(reason)"
      case .interrupted(let step): "interrupted at step \(step)"
      }
    json = json.setting("outcome", .string(ending))
    json = json.setting("base", Self.hashes(of: base))
    json = json.setting("before", Self.numbers(before))
    json = json.setting("after", Self.numbers(after))
  }

  /// A report without what report.json and its tables hold.
  private static func numbers(_ report: Report?) -> JSONValue {
    guard var report else { return .null }
    (report.tables, report.charts) = ([], [])
    return report.json
  }

  func write(to folder: String) throws(FormatError) {
    try DurableFile.write(
      json.text(.pretty) + "\n", to: folder + "/run.json")
  }

  /// Sizes and SHA-256 of the model's files.
  private static func hashes(of folder: String) -> JSONValue {
    var files: JSONValue = .emptyObject
    for name in FileSystem.names(in: folder)
    where [".json", ".safetensors", ".jinja"].contains(where: name.hasSuffix) {
      files = files.setting(name, hash(folder + "/" + name))
    }
    return ["path": .string(folder), "files": files]
  }

  private static func receipt(_ plugin: Plugin) -> JSONValue {
    hash(plugin.path).setting("path", .string(plugin.path))
      .setting("version", .string(plugin.version))
  }

  private static func hash(_ path: String) -> JSONValue {
    (try? FileDigest(ofFile: path).json) ?? .null
  }
}

extension EncodedDataset {
  /// Counts, and the SHA-256 of all token ids and targets of epoch 0.
  var receipt: JSONValue {
    [
      "rows": .int(count), "tokens": .int(statistics.tokens),
      "trained_tokens": .int(statistics.trainedTokens), "longest": .int(statistics.longest),
      "skipped": .int(statistics.skipped.count), "sha256": .string(statistics.digest),
    ]
  }
}
