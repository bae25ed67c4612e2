import Formats
import JSON

/// Which keys of a recipe a run may be resumed with otherwise.
enum RecipeRules {
  /// Those that decide how long a run goes on, what is looked at on the way and what is kept: the
  /// weights after the steps that were done would be the same. A key covers the keys below it.
  static let free =
    judging + [
      "output_dir", "training_args.num_train_epochs", "training_args.max_steps",
      "training_args.per_device_eval_batch_size", "training_args.gradient_checkpointing",
      "training_args.memory_limit", "training_args.logging_steps", "training_args.eval_steps",
      "training_args.save_steps", "training_args.save_minutes", "training_args.save_total_limit",
      "training_args.report_to",
      "training_args.load_best_model_at_end", "training_args.early_stopping_patience",
      "training_args.early_stopping_threshold",
    ]

  /// Whether a key speaks of ranks, which change nothing; what weights are rounded to does.
  static func isOfRanks(_ key: String) -> Bool {
    key != "distribution.weights" && ["distribution", "checkpoint"].contains { covers($0, key) }
  }

  /// Those of them that decide how long a run goes on.
  static let length = ["training_args.num_train_epochs", "training_args.max_steps"]

  /// Those that decide what an evaluation's numbers mean.
  static let judging = [
    "training_args.metric_for_best_model", "training_args.greater_is_better", "generation",
    "evaluation", "rewards", "on_reward_error",
  ]

  /// Beside them, what decides how the model, as it is at a step, answers: the numbers of one step
  /// would be others.
  static let answering = [
    "task", "from_scratch", "quantization_config", "template_date", "training_args.seed",
    "training_args.max_length", "training_args.on_overlength", "training_args.enable_thinking",
    "training_args.bf16", "peft.lora_alpha", "peft.use_rslora", "rows of validation",
    "chat template", "plugin", "plugin of the dataset",
  ]

  /// Objects of which the first member that fits decides.
  static let ordered = ["peft.rank_pattern", "peft.alpha_pattern"]

  /// Whether `rule` is `key` or a section above it.
  static func covers(_ rule: String, _ key: String) -> Bool {
    key == rule || key.hasPrefix(rule + ".")
  }
}

/// Two receipts, item by item.
struct ReceiptComparison {
  let was: JSONValue, now: JSONValue
  private(set) var changes: [RunChange] = []
  private(set) var unknown: [String] = []

  init(was: JSONValue, now: JSONValue) {
    self.was = was
    self.now = now
  }

  mutating func compare() {
    compareRecipes()
    for (name, key) in [("plugin", "plugin"), ("plugin of the dataset", "dataset_plugin")] {
      compare(name, key) { ($0["version"], $0["sha256"]) == ($1["version"], $1["sha256"]) }
    }
    compareRewards()
    compareFiles("base", "base")
    compareFiles("first adapter", "adapter")
    compare("chat template", "template") { $0["sha256"] == $1["sha256"] }
    for split in ["train", "validation"] { compareRows(of: split) }
    if let old = was["data"]?["files"], let new = now["data"]?["files"] {
      for (key, old, new) in Self.joined(old, new) {
        note("file of data.\(key)", old ?? .null, new ?? .null, isFree: false)
      }
    }
    for key in ["kernels", "products", "openblas_core", "threads"] {
      note("engine." + key, was["engine"]?[key], now["engine"]?[key], isFree: true)
    }
    note("host_version", was["host_version"], now["host_version"], isFree: true)
  }

  /// Adds a change where the values differ; `nil` is not known, which is no difference.
  private mutating func note(
    _ key: String, _ was: JSONValue?, _ now: JSONValue?, isFree: Bool, _ why: String? = nil
  ) {
    guard let was, let now, was != now else { return }
    changes.append(RunChange(key: key, was: was, now: now, isFree: isFree, why: why))
  }

  /// Why the length of the run decides about steps that are done; nil where it does not.
  private var reasonOfLength: String? {
    let peft = now["recipe"]?["peft"]
    guard peft?["method"] == "adalora", peft?["total_step"]?.isNull ?? true else { return nil }
    return "the schedule of ranks is as long as the run, since peft.total_step is null"
  }

  // MARK: The recipe

  private mutating func compareRecipes() {
    let defaults = Dictionary(
      Recipe.documentation.map { ($0.path, $0.defaultValue) }, uniquingKeysWith: { $1 })
    for (key, before, after) in Self.joined(Self.leaves(was["recipe"]), Self.leaves(now["recipe"]))
    where !RecipeRules.isOfRanks(key) {
      // A key that one of two versions does not know has its default there.
      let standing = defaults[key] ?? .null
      let old = before ?? standing, new = after ?? standing
      let why = RecipeRules.length.contains(key) ? reasonOfLength : nil
      note(key, old, new, isFree: why == nil && isFree(key, old, new), why)
    }
  }

  /// The members of both objects: those of the second one in their order, then those that are gone.
  private static func joined(
    _ was: JSONValue, _ now: JSONValue
  ) -> [(key: String, was: JSONValue?, now: JSONValue?)] {
    let after = now.object ?? [:], before = was.object ?? [:]
    return after.map { ($0.key, before[$0.key], $0.value) }
      + before.filter { after[$0.key] == nil }.map { ($0.key, $0.value, nil) }
  }

  /// The values of a recipe by dotted path; lists are values, and so are objects whose order counts.
  private static func leaves(_ recipe: JSONValue?) -> JSONValue {
    func add(_ value: JSONValue, _ path: String, to leaves: inout JSONValue) {
      guard let members = value.object, !members.isEmpty, !RecipeRules.ordered.contains(path)
      else {
        leaves = leaves.setting(path, value)
        return
      }
      for (name, value) in members { add(value, path + "." + name, to: &leaves) }
    }
    var leaves = JSONValue.emptyObject
    for (name, value) in recipe?.object ?? [:] { add(value, name, to: &leaves) }
    return leaves
  }

  private func isFree(_ key: String, _ old: JSONValue, _ new: JSONValue) -> Bool {
    if RecipeRules.free.contains(where: { RecipeRules.covers($0, key) }) { return true }
    // Where something lies does not matter as long as it is the same thing, which is compared itself.
    switch key {
    case "model_name_or_path", "model_revision": return isSame("base")
    case "peft.adapter_name_or_path": return isSame("adapter")
    case "dataset": return was["dataset_plugin"]?["sha256"] == now["dataset_plugin"]?["sha256"]
    default:
      guard key.hasPrefix("data."), let old = old.string, let new = new.string else { return false }
      return [old, new].allSatisfy { $0.contains("/") || $0.contains(".") }
        && ["train", "validation", "files"].allSatisfy { was["data"]?[$0] == now["data"]?[$0] }
    }
  }

  // MARK: What the recipe names

  /// Whether the files of a folder are known of both times, and the same.
  private func isSame(_ key: String) -> Bool {
    guard let files = was[key]?["files"], !files.isNull else { return false }
    return files == now[key]?["files"]
  }

  private mutating func compare(
    _ name: String, _ key: String, _ areSame: (JSONValue, JSONValue) -> Bool
  ) {
    guard let old = was[key], let new = now[key], !areSame(old, new) else {
      if was[key] == nil { unknown.append(name) }
      return
    }
    note(name, old, new, isFree: false)
  }

  /// The files of the base model, or of the adapter that the run started from.
  private mutating func compareFiles(_ name: String, _ key: String) {
    guard let old = was[key], let new = now[key] else { return unknown.append(name) }
    guard old.isNull == new.isNull else { return note(name, old, new, isFree: false) }
    guard !old.isNull else { return }
    guard let before = old["files"], let after = new["files"] else { return unknown.append(name) }
    let place = new["path"]?.string.map { $0 + "/" } ?? ""
    for (file, old, new) in Self.joined(before, after) {
      note("\(name) \(place)\(file)", old ?? .null, new ?? .null, isFree: false)
    }
  }

  private mutating func compareRewards() {
    note("rewards' plugins", was["rewards"], now["rewards"], isFree: true)
  }

  private mutating func compareRows(of split: String) {
    let old = was["data"]?[split], new = now["data"]?[split]
    let isSame = ["sha256", "rows", "longest"].allSatisfy { old?[$0] == new?[$0] }
    if isSame { return }
    note("rows of \(split)", old, new, isFree: false)
  }
}
