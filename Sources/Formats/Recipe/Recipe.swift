import JSON
import OrderedCollections

/// How a task is to be learned: a YAML file with Hugging Face's key names, defaults under it and
/// settings of the command line over it.
///
/// `Recipe.documentation` lists every key with its type, default and meaning.
public struct Recipe: Sendable {
  /// The task's name; the base model's folder or `org/name`; where the run's files go.
  public var task: String?, model: String?, outputDirectory: String?
  /// The branch, tag or commit of a model of the Hub's; nil: its main branch.
  public var modelRevision: String?
  /// Whether the model starts from random weights; its folder then needs only config.json and the
  /// tokenizer's files.
  public var startsFromScratch = false
  /// The data's keys. `shuffle` and `assistant_turns` are the host's, the rest belongs to the task.
  public var data = JSONValue.emptyObject
  /// The day that a chat template writes; nil: the day on which the run begins.
  public var templateDate: String?
  /// How the frozen weights are stored; nil: as the model's files have them.
  public var quantization: QuantizationRecipe?
  /// What is trained.
  public var peft = PEFTRecipe()
  /// What is minimized.
  public var objective = ObjectiveRecipe()
  /// How it is minimized.
  public var training = TrainingRecipe()
  /// How the work is spread over ranks.
  public var distribution = DistributionRecipe()
  /// How several ranks write checkpoints.
  public var checkpoint = CheckpointRecipe()
  /// How answers are decoded.
  public var generation = GenerationRecipe()
  /// How answers are judged.
  public var evaluation = EvaluationRecipe()
  /// A plugin with the rows to learn from, in the place of the task's own dataset.
  public var dataset: String?
  /// How datasets and evaluators run that do not come with the program.
  public var plugins = IsolationRecipe()
  /// What scores answers beside the task's evaluator, and what follows when one fails.
  public var rewards: [RewardRecipe] = [], onRewardError = RewardErrorPolicy.stop
  private(set) var origins = RecipeOrigins()

  init() {}

  /// Lays `layers` over the built-in defaults, the first at the bottom, and checks every key and
  /// value. Errors name file and line, or the flag. `isWhole` false: a task's own recipe will lie
  /// below, which may say what the objective is whose keys are set here.
  public init(layers: [RecipeLayer], isWhole: Bool = true) throws(FormatError) {
    try UnknownKeys.refuse(in: layers)
    var origins = RecipeOrigins()
    for layer in layers { self = try Self.merged(self, layer.node, at: "", &origins) }
    self.origins = origins
    if origins["training_args.learning_rate"] == nil { chooseLearningRate() }
    try checkTogether()
    if isWhole { try checkObjective() }
  }

  /// The usual rate of what is trained and how, where the recipe names none.
  private mutating func chooseLearningRate() {
    let isWhole = peft.method == .full && !startsFromScratch
    training.learningRate =
      objective.type == .sft && peft.method == .ia3
      ? 3e-3 : objective.defaultLearningRate(trainsAll: isWhole)
    origins["training_args.learning_rate"] = RecipeOrigin(
      description: "usual for objective \(objective.type.rawValue), method \(peft.method.rawValue)",
      isCommandLine: false, isDefault: true)
  }

  /// Every key a recipe can have, in the order in which they are printed.
  public static let documentation = documentation(below: "")

  /// The resolved recipe: every key with its value.
  public var json: JSONValue {
    .object(OrderedDictionary(uniqueKeysWithValues: Self.keys.map { ($0.name, $0.json(self)) }))
  }

  /// Who set the key at a dotted path last; nil when its default stands, as it is for everybody.
  public func origin(of path: String) -> RecipeOrigin? { origins[path] }

  /// Whether the user set a key of `objective`.
  private func isSet(_ section: String) -> (_ key: String) -> Bool {
    { origins["\(section).\($0)"]?.isDefault == false }
  }

  /// An error about the value of the key at a dotted path, which names who set it.
  public func fault(_ path: String, _ message: String) -> FormatError {
    let origin = origins[path] ?? RecipeOrigin(description: "recipe", isCommandLine: false)
    return origin.error("\(path) \(message)")
  }

  /// Whether `data` names files or folders: a split's, or a text that can only be a path, with a
  /// slash or a full stop, or is one. A text with blanks is a sentence unless it begins as paths do.
  public var namesDataFiles: Bool {
    func isPath(_ value: JSONValue) -> Bool {
      if let array = value.array { return array.contains(where: isPath) }
      guard let text = value.string else { return false }
      if FileSystem.exists(text) { return true }
      guard !text.contains(where: \.isWhitespace) else { return "/.$".contains(text.prefix(1)) }
      return text.contains("/") || text.contains(".")
    }
    return (data.object ?? [:]).contains { key, value in
      ["train", "validation", "test"].contains(key) || isPath(value)
    }
  }

  /// `data.shuffle`: whether each epoch has an order of its own (the default) or the file's.
  public var isShuffled: Bool { data["shuffle"]?.bool ?? true }

  /// `data.assistant_turns: each`: whether each trained turn is a sample of its own, in the context in
  /// which it would be generated; else (the default) a row is trained as it is rendered.
  public var trainsEachTurn: Bool { data["assistant_turns"]?.string == "each" }
}

extension Recipe: RecipeSection {
  static let keys: [RecipeKey<Recipe>] = [
    RecipeKey("task", \.task, "the task to learn; see plugins list"),
    RecipeKey("model_name_or_path", \.model, "folder or org/name of the base model"),
    RecipeKey(
      "model_revision", \.modelRevision,
      "the branch, tag or commit of an org/name; null: its main branch"),
    RecipeKey(
      "from_scratch", \.startsFromScratch,
      "start from random weights instead of the model's; needs peft.method: full"),
    RecipeKey("output_dir", \.outputDirectory, "where the adapter, checkpoints and logs go"),
    RecipeKey(
      "dataset", \.dataset, "a plugin's dataset in the place of the task's: a name or a file"),
    RecipeKey("plugins", \.plugins, "how the task's plugins run: in processes of their own"),
    RecipeKey(
      "data", \.data,
      "the task's data; data.shuffle: false keeps the file's order, data.assistant_turns: each "
        + "trains every turn as it would be generated (as_rendered: as the chat template writes the "
        + "whole conversation)"),
    RecipeKey(
      "template_date", \.templateDate,
      "the day that a chat template writes which writes the date, as 2026-11-30; null: the day on which "
        + "the run begins"),
    RecipeKey("quantization_config", \.quantization, "how the frozen weights are stored"),
    RecipeKey("peft", \.peft, "what is trained"),
    RecipeKey("objective", \.objective, "what is minimized"),
    RecipeKey("training_args", \.training, "how it is minimized"),
    RecipeKey("distribution", \.distribution, "how the work is spread over ranks"),
    RecipeKey("checkpoint", \.checkpoint, "how several ranks write a checkpoint"),
    RecipeKey("generation", \.generation, "how answers are decoded"),
    RecipeKey("evaluation", \.evaluation, "how answers are judged"),
    RecipeKey(
      "rewards", \.rewards, "what scores answers beside the task's evaluator: a list of mappings"),
    RecipeKey(
      "on_reward_error", \.onRewardError,
      "what follows when a reward fails: stop ends the run, abstain goes on without its score"),
  ]

  /// What no key alone can say.
  private func checkObjective() throws(FormatError) {
    try peft.check(isSet: isSet("peft")) { fault("peft.\($0)", $1) }
    try objective.check(isSet: isSet("objective")) { fault("objective.\($0)", $1) }
    if objective.comparesRows, training.trainBatchSize * training.accumulation == 1 {
      throw fault(
        "training_args.per_device_train_batch_size",
        "is one row a step, but kto reads each prompt with another row's answer, too; raise it, or "
          + "gradient_accumulation_steps")
    }
    switch objective.type {
    case .grpo: try checkSampling()
    case .expectedReward: try checkRewards(of: "expected_reward")
    default: break
    }
  }

  private func checkTogether() throws(FormatError) {
    guard data["seed"] == nil else {
      throw fault("data.seed", "is not read; training_args.seed decides what is drawn")
    }
    if let shuffle = data["shuffle"], shuffle.bool == nil {
      throw fault("data.shuffle", "must be true or false, found \(shuffle.kind)")
    }
    if let turns = data["assistant_turns"], !["as_rendered", "each"].contains(turns.string) {
      throw fault(
        "data.assistant_turns",
        "must be one of as_rendered, each, found \(turns.string ?? turns.kind)")
    }
    if let quantization, quantization.loadsIn4Bit && quantization.loadsIn8Bit {
      throw fault(
        "quantization_config.load_in_8bit", "and load_in_4bit exclude each other; choose one")
    }
    if plugins.memoryLimit.bytes < 1_000_000 {
      throw fault("plugins.memory_limit", "must be at least 1MB")
    }
    for (index, reward) in rewards.enumerated() {
      if reward.name.isEmpty { throw fault("rewards[\(index)]", "needs the key 'name'") }
      if reward.memoryLimit.bytes < 1_000_000 {
        throw fault("rewards[\(index)].memory_limit", "must be at least 1MB")
      }
    }
    if peft.layers != nil, case .pattern = peft.targets {
      // PEFT would not read such an adapter.
      throw fault(
        "peft.layers_to_transform",
        "cannot stand beside a regular expression; write the layers into target_modules")
    }
    if distribution.offload.isOnDisk, distribution.offload.folder == nil {
      throw fault(
        "distribution.offload.optimizer",
        "is disk, but no folder is named; set distribution.offload.folder to one that each host has"
      )
    }
    if !distribution.offload.isOnDisk, distribution.offload.folder != nil {
      throw fault(
        "distribution.offload.folder",
        "has no effect unless distribution.offload.optimizer is disk; set that, or leave it out")
    }
    if distribution.weights != .f32, peft.method != .full {
      throw fault(
        "distribution.weights",
        "has no effect unless peft.method is full: adapters are always f32; leave it out")
    }
    if startsFromScratch, peft.method != .full {
      throw fault("from_scratch", "needs peft.method: full")
    }
    if let quantization, quantization.isOn, peft.method == .full {
      throw fault("peft.method", "full trains every weight, which quantized weights do not allow")
    }
  }
}
