import Formats
import Hub
import JSON
import PluginHost
import Rows
import Tasks
import Tensors
import Training

/// `run.json`: what was run, on what, and how it ended; it grows while the run goes. Its settings are
/// those of the newest steps; what earlier steps were done with, `history` tells.
final class RunReceipt {
  private(set) var json: JSONValue
  private let base: String

  init(
    _ session: TaskSession, train: EncodedDataset, validation: EncodedDataset?,
    panel: RewardPanel?
  ) {
    base = session.modelFolder
    json = [
      "host_version": .string(HostVersion.current),
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
      "template": [
        "sha256": .string(FileDigest(of: Array(session.encoder.template.source.utf8)).sha256)
      ],
      "base": Self.base(session),
      "adapter": session.recipe.peft.adapterPath.map(Self.origin) ?? .null,
      "data": ["train": train.receipt, "validation": validation?.receipt ?? .null],
      "history": [], "outcome": "running",
    ]
    if train.variesByEpoch, let data = json["data"] {
      json = json.setting("data", data.setting("files", Self.files(in: session.recipe.data)))
    }
  }

  /// Notes what the base's files are, once: before the first checkpoint, which a resumed run compares
  /// them with. Hashing gigabytes at the start would keep the first step waiting.
  func noteBase(_ known: JSONValue? = nil) {
    guard let place = json["base"], place["files"] == nil else { return }
    let files = (known ?? Self.hashes(of: base))["files"]
    json = json.setting("base", place.setting("files", files ?? .emptyObject))
  }

  /// Where the base lies, and what of the Hub it is.
  private static func base(_ session: TaskSession) -> JSONValue {
    let place: JSONValue = ["path": .string(session.modelFolder)]
    guard let snapshot = HubSnapshot(path: session.modelFolder) else { return place }
    return place.setting(
      "hub",
      [
        "endpoint": .string(HubCache.variable("HF_ENDPOINT") ?? HubAccess.publicEndpoint),
        "repository": .string(snapshot.repository.name),
        "revision": .string(session.recipe.modelRevision ?? "main"),
        "commit": .string(snapshot.commit),
      ])
  }

  /// Notes what is trained: of an adapter that the run goes on from, the recipe names only the place. Where
  /// the base was quantized after the adapters' start was subtracted of it, that, and what is lost then of
  /// what the base alone would lose.
  func note(_ trainable: Trainable) {
    json = json.setting(
      "trained",
      [
        "parameters": .int(trainable.parameters.reduce(0) { $0 + $1.tensor.count }),
        "adapter": trainable.adapters?.config.json ?? .null,
        "residual": trainable.adapters?.residual.map { residual in
          ["quantization": .string(residual.quantization.name), "loss": .double(residual.loss)]
        } ?? .null,
      ])
  }

  /// Notes what the run compares with: the base, the adapter that it goes on from (`adapter`), or the
  /// model as its files have it; nothing where the objective compares with nothing.
  func note(_ reference: Reference?) {
    json = json.setting("reference", (reference?.kind.rawValue).map(JSONValue.string) ?? .null)
  }

  /// Notes the ranks that share the run's work; nothing where there is one.
  func note(_ share: StepShare) {
    let group = share.group
    guard !group.isAlone else { return }
    json = json.setting(
      "ranks",
      [
        "count": .int(group.count), "stage": .int(share.stage.rawValue),
        "hosts": .array(group.hosts.map(JSONValue.string)),
        "transport": group.transport.map(JSONValue.string) ?? .null,
      ])
  }

  /// Notes the most memory that each rank has had in use.
  func note(peaks: [Int]) {
    guard let ranks = json["ranks"] else { return }
    json = json.setting(
      "ranks", ranks.setting("peak_memory_bytes", .array(peaks.map(JSONValue.int))))
  }

  /// The receipt as a checkpoint holds it, which nothing of ranks enters.
  var ofCheckpoint: JSONValue {
    let kept = json.object?.filter { $0.key != "ranks" } ?? [:]
    let recipe = (json["recipe"]?.object ?? [:]).filter {
      $0.key == "distribution" || !RecipeRules.isOfRanks($0.key)
    }
    // Of how work is spread only what weights are rounded to decides any number.
    let weights = json["recipe"]?["distribution"]?["weights"] ?? .null
    // How many threads a rank has follows from how many ranks there are.
    let engine = json["engine"]?.object?.filter { $0.key != "threads" } ?? [:]
    return JSONValue.object(kept).setting("engine", .object(engine)).setting(
      "recipe", JSONValue.object(recipe).setting("distribution", ["weights": weights]))
  }

  /// Makes this the receipt of the run whose receipt was `earlier` and which goes on from `step` with
  /// these changes.
  func goOn(_ earlier: JSONValue?, from step: Int, with changes: RunChanges) {
    let history = changes.history(after: earlier, from: step, version: HostVersion.current)
    json = json.setting("history", history)
  }

  /// How the run ended and how long it took, with the reports before and after.
  func finish(_ outcome: TrainingOutcome, before: Report?, after: Report?, _ time: RunTime) {
    let ending =
      switch outcome {
      case .finished(let step): "finished at step \(step)"
      case .stopped(let step, let reason): "stopped early at step \(step): \(reason)"
      case .interrupted(let step): "interrupted at step \(step)"
      }
    json = json.setting("outcome", .string(ending)).setting("time", time.json)
    noteBase()
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

  /// What the adapter in `folder` is, and the run that made it: a chain of runs names its links.
  private static func origin(of folder: String) -> JSONValue {
    let adapter = hashes(of: folder), path = folder + "/" + RunRecords.receipt
    guard let run = try? JSONValue(readingFile: path) else { return adapter }
    return adapter.setting(
      "run",
      [
        "receipt": hash(path), "task": run["recipe"]?["task"] ?? .null,
        "objective": run["recipe"]?["objective"]?["type"] ?? .null,
        "base": run["base"]?["path"] ?? .null, "outcome": run["outcome"] ?? .null,
        "adapter": run["adapter"]?["path"] ?? .null,
      ])
  }

  /// Sizes and SHA-256 of a model's or an adapter's files.
  static func hashes(of folder: String) -> JSONValue {
    var files: JSONValue = .emptyObject
    let parts = ModelFolder.parts(of: folder).filter {
      [".json", ".safetensors", ".gguf"].contains(where: $0.hasSuffix)
    }
    for name in (parts + ModelFolder.companions(of: folder)).sorted() {
      files = files.setting(name, hash(folder + "/" + name))
    }
    return ["path": .string(folder), "files": files]
  }

  /// The files that the recipe's `data` names, or that lie in folders that it names, by dotted key: of
  /// rows that are drawn anew in each epoch, no hash tells what all epochs have.
  private static func files(in data: JSONValue) -> JSONValue {
    func add(_ value: JSONValue, _ key: String, to files: inout JSONValue) {
      for (name, value) in value.object ?? [:] {
        add(value, key.isEmpty ? name : key + "." + name, to: &files)
      }
      for (index, value) in (value.array ?? []).enumerated() {
        add(value, "\(key)[\(index)]", to: &files)
      }
      guard let path = value.string, FileSystem.exists(path) else { return }
      guard FileSystem.isFolder(path) else { return files = files.setting(key, hash(path)) }
      for name in FileSystem.names(in: path).sorted() where !FileSystem.isFolder(path + "/" + name)
      {
        files = files.setting(key + "/" + name, hash(path + "/" + name))
      }
    }
    var files = JSONValue.emptyObject
    add(data, "", to: &files)
    return files
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
