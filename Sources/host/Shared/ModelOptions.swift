import Adapters
import ArgumentParser
import Formats
import Models
import Runs
import Tensors

/// `--model`
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A Hugging Face model folder, a .gguf file, org/name in the local Hugging Face cache, or the "
        + "name of a model that comes with the program (nano-qwen3).", valueName: "folder"))
  var model: String

  /// The folder that the name means.
  func folder() throws -> String { try ModelFolder.find(model) }
}

/// `--quantization`
struct QuantizationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Quantize the blocks' projections in memory: nf4 (4 bits, their scales in 8), nf4-single "
        + "(4 bits, scales in f32) or int8.", valueName: "kind"))
  var quantization: Quantization?

  /// Opens the model in `folder`, with a progress bar while it is quantized.
  func open(_ folder: String) throws(FormatError) -> CausalLanguageModel {
    try CausalLanguageModel.open(folder, quantization, tell: .console)
  }
}

extension Quantization: ExpressibleByArgument {
  /// The quantization that a word of the command line names.
  public init?(argument: String) { self.init(name: argument) }
  /// What the word may be.
  public static var allValueStrings: [String] { all.map(\.name) }
  /// The word for it in a help text.
  public var defaultValueDescription: String { name }
}

/// `--model`, `--quantization` and `--adapter`
struct TunedModelOptions: ParsableArguments {
  @OptionGroup var base: ModelOptions
  @OptionGroup var quantization: QuantizationOptions

  @Option(help: ArgumentHelp("A PEFT adapter's folder to put on the model.", valueName: "folder"))
  var adapter: String?

  /// Opens the model with its adapter, ready to compute.
  func load() throws -> (model: CausalLanguageModel, adapters: AdapterSet?, folder: String) {
    let folder = try base.folder()
    let model = try quantization.open(folder)
    guard !model.givesScores else {
      throw Diagnosis(
        Diagnosis.data,
        "\(folder) is a reward model, which gives scores of texts and writes none; `host evaluate "
          + "--task preference` judges it, and the reward 'preference_model' scores answers with it"
      )
    }
    let adapters = try adapter.map {
      try AdapterSet.load(folder: $0, on: model, of: folder, tell: .console)
    }
    try openEngine()
    return (model, adapters, folder)
  }
}
