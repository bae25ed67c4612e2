import ArgumentParser
import Formats

/// What a training run may be told beside its recipe; `plan` takes the same words as `train`.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where the adapter, checkpoints and logs go.", valueName: "folder"))
  var outputDir: String?
  @Option(help: ArgumentHelp("Passes over the data.", valueName: "number")) var epochs: String?
  @Option(
    help: ArgumentHelp("Optimizer steps; they count more than epochs.", valueName: "number"))
  var maxSteps: String?
  @Option(help: ArgumentHelp("Rows of a micro-batch.", valueName: "rows")) var batchSize: String?
  @Option(help: ArgumentHelp("Highest learning rate.", valueName: "number"))
  var learningRate: String?
  @Option(
    name: .customLong("lora-r"), help: ArgumentHelp("Rank of the adapters.", valueName: "number"))
  var loraR: String?
  @Option(
    help: ArgumentHelp(
      "The adapters' output is scaled by lora-alpha / lora-r.", valueName: "number"))
  var loraAlpha: String?
  @Flag(help: "Continue the newest good checkpoint of the output folder.")
  var resume = false
  @Flag(
    help: ArgumentHelp(
      "Resume with other settings than the run was begun with, and record them in run.json."))
  var acceptChanges = false
  @Flag(help: "Replace a run that the output folder holds.")
  var overwrite = false
  @Flag(
    help: ArgumentHelp(
      "Fetch a model org/name that is not in the cache, also where no terminal shows its size first."
    ))
  var download = false
  @Flag(help: "Let several ranks begin without comparing a gradient first.") var noProbe = false

  func validate() throws {
    guard !(resume && overwrite) else {
      throw ValidationError("--resume continues a run, --overwrite removes it; give one of them.")
    }
    guard resume || !acceptChanges else {
      throw ValidationError("--accept-changes means something beside --resume only.")
    }
  }

  /// The flags that were given, as layers over the recipe.
  func layers() throws -> [RecipeLayer] {
    var layers: [RecipeLayer] = []
    if let outputDir { layers.append(try .text("output_dir", outputDir, flag: "--output-dir")) }
    let numbers = [
      ("training_args.num_train_epochs", "--epochs", epochs),
      ("training_args.max_steps", "--max-steps", maxSteps),
      ("training_args.per_device_train_batch_size", "--batch-size", batchSize),
      ("training_args.learning_rate", "--learning-rate", learningRate),
      ("peft.r", "--lora-r", loraR), ("peft.lora_alpha", "--lora-alpha", loraAlpha),
    ]
    for (key, flag, value) in numbers {
      if let value { layers.append(try .flag(key, value, flag: flag)) }
    }
    return layers
  }
}
