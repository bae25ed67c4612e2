import Formats
import Foundation
import JSON
import Testing
import Training

@testable import Runs

/// What a resumed run may do otherwise, by two receipts.
@Suite struct RunChangeTests {
  private static func receipt(_ changes: [(String, JSONValue)] = []) throws -> JSONValue {
    var json: JSONValue = [
      "host_version": "1",
      "recipe": try Recipe(layers: [.yaml("task: t\nmodel_name_or_path: m", named: "r")]).json,
      "engine": ["kernels": "avx512", "products": "packed", "threads": 2],
      "plugin": ["path": "p.so", "version": "1", "sha256": "aa"], "dataset_plugin": nil,
      "template": ["sha256": "bb"], "rewards": [],
      "base": ["path": "m", "files": ["config.json": ["size": 1, "sha256": "cc"]]],
      "adapter": nil,
      "data": [
        "train": ["rows": 3, "sha256": "dd"], "validation": nil,
        "files": ["train": ["size": 1, "sha256": "ee"]],
      ],
    ]
    for (path, value) in changes { json = json.setting(path.split(separator: "."), value) }
    return json
  }

  private static func changes(_ changes: (String, JSONValue)...) throws -> RunChanges {
    RunChanges(from: try receipt(), to: try receipt(changes))
  }

  /// Of keys that match one projection the first decides.
  @Test func theOrderOfPatternsCounts() throws {
    func receipt(_ pattern: JSONValue) throws -> JSONValue {
      try Self.receipt([("recipe.peft.alpha_pattern", pattern)])
    }
    let general: JSONValue = ["q_proj": 4, "layers.0.self_attn.q_proj": 9]
    let special: JSONValue = ["layers.0.self_attn.q_proj": 9, "q_proj": 4]
    let changes = try RunChanges(from: receipt(general), to: receipt(special))
    #expect(changes.refused.map(\.key) == ["peft.alpha_pattern"])
    #expect(try RunChanges(from: receipt(special), to: receipt(special)).all.isEmpty)
  }

  @Test func theSameRunHasNoChanges() throws {
    let same = try Self.changes()
    #expect(same.all.isEmpty && same.unknown.isEmpty && !same.concernsEvaluation)
    #expect(same.history(after: nil, from: 3, version: "1") == [])
  }

  @Test(
    arguments: [
      ("recipe.training_args.max_steps", 9), ("recipe.training_args.num_train_epochs", 9),
      ("recipe.training_args.logging_steps", 1), ("recipe.training_args.eval_steps", 1),
      ("recipe.training_args.save_total_limit", nil),
      ("recipe.training_args.report_to", ["wandb"]),
      ("recipe.training_args.early_stopping_patience", 2),
      ("recipe.training_args.memory_limit", "6GB"), ("recipe.output_dir", "elsewhere"),
      ("recipe.model_name_or_path", "moved/m"), ("recipe.evaluation.max_samples", 4),
      ("engine.threads", 4), ("engine.products", "openblas"), ("host_version", "2"),
    ] as [(String, JSONValue)])
  func mayChange(path: String, value: JSONValue) throws {
    let changes = try Self.changes((path, value))
    #expect(changes.free.count == 1 && changes.refused.isEmpty, "\(changes)")
    try changes.check("out", from: 5, accepts: false)
  }

  @Test(
    arguments: [
      ("recipe.training_args.seed", 7), ("recipe.training_args.learning_rate", 1e-3),
      ("recipe.training_args.lr_scheduler_type", "cosine"),
      ("recipe.training_args.weight_decay", 0.5), ("recipe.training_args.max_length", 64),
      ("recipe.training_args.per_device_train_batch_size", 4),
      ("recipe.training_args.gradient_accumulation_steps", 4),
      ("recipe.training_args.bf16", true), ("recipe.training_args.warmup_ratio", 0.5),
      ("recipe.peft.r", 4), ("recipe.peft.target_modules", ["q_proj"]), ("recipe.task", "other"),
      ("recipe.data.shuffle", false), ("recipe.data.validation_fraction", 0.3),
      ("recipe.quantization_config", ["load_in_4bit": true]),
      ("plugin.sha256", "00"), ("template.sha256", "00"),
      ("base.files.config~json", ["size": 1, "sha256": "00"]),
      ("base.files.model~safetensors", ["size": 1, "sha256": "00"]),
      ("data.train.sha256", "00"), ("data.files.train", ["size": 1, "sha256": "00"]),
      ("data.validation", ["rows": 1, "sha256": "00"]),
      ("adapter", ["path": "a", "files": ["adapter_config.json": ["size": 1, "sha256": "00"]]]),
    ] as [(String, JSONValue)])
  func isRefused(path: String, value: JSONValue) throws {
    let changes = try Self.changes((path, value))
    #expect(changes.refused.count == 1, "\(changes)")
    let error = #expect(throws: TrainingError.self) {
      try changes.check("out", from: 5, accepts: false)
    }
    #expect(error?.kind == .refused && error?.message.contains("--accept-changes") == true)
    try changes.check("out", from: 5, accepts: true)
  }

  @Test func allDifferencesAreNamedAndRecorded() throws {
    let changes = try Self.changes(
      ("recipe.training_args.seed", 7), ("recipe.training_args.max_steps", 9),
      ("data.train", ["rows": 2, "sha256": "00112233445566"]))
    let error = #expect(throws: TrainingError.self) {
      try changes.check("out", from: 5, accepts: false)
    }
    for line in [
      "training_args.seed: 42 → 7", "training_args.max_steps: none → 9",
      "rows of train: 3 rows, sha256 dd… → 2 rows, sha256 001122334455…",
    ] { #expect(error?.message.contains(line) == true, "\(line)") }
    let first = changes.history(after: nil, from: 5, version: "1")
    #expect(first[0]?["from_step"] == 5 && first[0]?["host_version"] == "1")
    #expect(first[0]?["changes"]?["training_args.seed"] == ["was": 42, "is": 7])
    let second = changes.history(after: ["history": first], from: 8, version: "2")
    #expect(second[0] == first[0] && second[1]?["from_step"] == 8)
  }

  /// A key that an earlier version did not know had its default then.
  @Test func anOlderReceiptIsRead() throws {
    var old = try Self.receipt()
    var training = try #require(old["recipe"]?["training_args"]?.object)
    training["seed"] = nil
    old = old.setting(["recipe", "training_args"], .object(training))
    #expect(RunChanges(from: old, to: try Self.receipt()).all.isEmpty)
    let later = try Self.receipt([("recipe.training_args.seed", 7)])
    #expect(RunChanges(from: old, to: later).refused.map(\.key) == ["training_args.seed"])
    var members = try #require(old.object)
    for key in ["template", "adapter"] { members[key] = nil }
    let unknown = RunChanges(from: .object(members), to: try Self.receipt())
    #expect(unknown.all.isEmpty && unknown.unknown == ["first adapter", "chat template"])
  }

  /// A model that lies elsewhere is the same as long as its files are; where they are not known,
  /// its name decides.
  @Test func aMovedModelIsTheSame() throws {
    var old = try Self.receipt().setting("base", ["path": "m"])
    let moved = try Self.receipt([("recipe.model_name_or_path", "moved/m")])
    #expect(RunChanges(from: old, to: moved).refused.map(\.key) == ["model_name_or_path"])
    old = try Self.receipt([("recipe.data.train", "a/rows.jsonl")])
    let other = try Self.receipt([("recipe.data.train", "b/rows.jsonl")])
    #expect(RunChanges(from: old, to: other).refused.isEmpty)
  }

  @Test func theBestIsForgottenWhereItsMeasureChanges() throws {
    #expect(try Self.changes(("recipe.evaluation.max_samples", 4)).concernsEvaluation)
    #expect(try Self.changes(("recipe.generation.max_new_tokens", 4)).concernsEvaluation)
    #expect(try !Self.changes(("recipe.training_args.eval_steps", 4)).concernsEvaluation)
    #expect(try Self.changes(("recipe.training_args.seed", 4)).concernsOrder)
    #expect(try !Self.changes(("recipe.training_args.max_steps", 4)).concernsOrder)
  }
}

extension JSONValue {
  /// This object with the member at a path set; `~` stands for a full stop in a name.
  fileprivate func setting(_ path: [Substring], _ value: JSONValue) -> JSONValue {
    guard let first = path.first else { return value }
    let name = String(first).replacing("~", with: ".")
    let below = self[name].flatMap { $0.isNull ? nil : $0 } ?? .emptyObject
    return setting(name, below.setting(Array(path.dropFirst()), value))
  }
}
