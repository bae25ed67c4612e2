import ArgumentParser
import Formats
import JSON
import PluginHost
import Runs
import Tensors

/// `--config` and `--set`: what lies over a task's default recipe.
struct RecipeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A recipe; see conf/ for examples.", valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Sets a key of the recipe, as in --set training_args.warmup_ratio=0.1; may be given several "
        + "times.", valueName: "key=value"))
  var settings: [String] = []

  /// What these options and `flags` put over a task's recipe.
  func sources(flags: [RecipeLayer] = []) -> RecipeSources {
    RecipeSources(config: config, flags: flags, settings: settings)
  }
}

/// `--task` and all that a recipe for it is made of.
struct TaskOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The task: the name of a plugin's task, or a plugin file. Alone it stands for "
        + "tasks/<name>/task.yaml.", valueName: "name"))
  var task: String?

  @OptionGroup var recipe: RecipeOptions

  @Option(
    help: ArgumentHelp(
      "The base model (model_name_or_path): a folder, org/name in the Hugging Face cache, or the "
        + "name of a model that comes with the program.", valueName: "folder"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "How the frozen projections are kept (quantization_config): nf4, nf4-single or int8.",
      valueName: "kind"))
  var quantization: Quantization?

  @Option(
    name: .customLong("max-length"),
    help: ArgumentHelp("The longest row (training_args.max_length).", valueName: "tokens"))
  var maximumLength: String?

  @Option(help: ArgumentHelp("The run's seed (training_args.seed).", valueName: "number"))
  var seed: String?

  @OptionGroup var plugins: PluginOptions

  /// The task with its recipe, resolved and checked. `flags` lie over the recipe and these options.
  func assemble(
    flags: [RecipeLayer] = [], isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> AssembledRecipe {
    let named =
      try task ?? recipe.config.flatMap { try Recipe(layers: [.file($0)], isWhole: false).task }
    guard let named else {
      throw Diagnosis(
        Diagnosis.usage,
        "name a task with --task, or a recipe with --config that has the key 'task'; "
          + HostPaths().summary)
    }
    if let task, let config = recipe.config,
      let other = try Recipe(layers: [.file(config)], isWhole: false).task, other != task,
      !task.contains("/")
    {
      throw Diagnosis(
        Diagnosis.usage,
        "--task \(task) and the recipe \(config), whose task is \(other), name different tasks; leave "
          + "--task out, or change the recipe")
    }
    // A recipe is checked before a plugin is looked for: its errors are the nearer ones.
    if let config = recipe.config { _ = try Recipe(layers: [.file(config)], isWhole: false) }
    let catalog = plugins.catalog(isCancelled: isCancelled)
    let plugin = try catalog.task(named: named)
    var own: [RecipeLayer] = []
    if let model { own.append(try .text("model_name_or_path", model, flag: "--model")) }
    if let quantization { own.append(try .quantization(quantization)) }
    if let maximumLength {
      own.append(try .flag("training_args.max_length", maximumLength, flag: "--max-length"))
    }
    if let seed { own.append(try .flag("training_args.seed", seed, flag: "--seed")) }
    return try recipe.sources(flags: own + flags).assemble(for: plugin, in: catalog)
  }
}

extension RecipeLayer {
  /// A key that a flag sets to a number or a word; the recipe checks it.
  static func flag(_ key: String, _ value: String, flag: String) throws(FormatError) -> RecipeLayer
  {
    try setting(key, to: value, by: "\(flag) \(value)")
  }

  /// `--quantization`, over all of quantization_config that may stand below.
  static func quantization(_ kind: Quantization) throws(FormatError) -> RecipeLayer {
    let keys =
      switch kind {
      case .nf4(let isDouble):
        "load_in_8bit: false, load_in_4bit: true, bnb_4bit_use_double_quant: \(isDouble)"
      case .int8: "load_in_8bit: true, load_in_4bit: false"
      }
    return try setting(
      "quantization_config", to: "{ \(keys) }",
      by: "--quantization \(kind.name)")
  }

  /// A key that a flag sets to a text, whatever characters are in it.
  static func text(_ key: String, _ value: String, flag: String) throws(FormatError) -> RecipeLayer
  {
    try setting(key, to: JSONValue.string(value).text(), by: "\(flag) \(value)")
  }
}
