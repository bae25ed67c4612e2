import Adapters
import ArgumentParser
import Formats
import Models
import Tensors

/// `--model`
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A Hugging Face model folder, org/name in the local Hugging Face cache, or the name of a "
        + "model that comes with the program (nano-qwen3).", valueName: "folder"))
  var model: String

  /// The folder that the name means.
  func folder() throws -> String { try Self.folder(named: model) }

  /// The folder that `name` means.
  static func folder(named name: String) throws(FormatError) -> String {
    if !FileSystem.isFolder(name), !name.contains("/"), let models = HostPaths().models,
      FileSystem.isFolder(models + "/" + name)
    {
      return models + "/" + name
    }
    return try ModelFolder.resolve(name)
  }
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
    try Self.open(folder, quantization)
  }

  /// Opens the model in `folder`, with a progress bar while it is quantized.
  static func open(_ folder: String, _ quantization: Quantization?) throws(FormatError)
    -> CausalLanguageModel
  {
    var bar: ProgressBar?
    defer { bar?.finish() }
    return try CausalLanguageModel(folder: folder, quantization: quantization) { done, total in
      if bar == nil { bar = ProgressBar("quantizing", total: total, unit: "matrices") }
      bar?.update(done)
    }
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
    let adapters = try adapter.map {
      try AdapterSet.load(folder: $0, on: model, of: folder)
    }
    try openEngine()
    return (model, adapters, folder)
  }
}

/// Makes the engine ready, so that what is wrong with it is one sentence and not the end of a first
/// product.
func openEngine() throws {
  if let reason = Engine.open() {
    throw Diagnosis(
      Diagnosis.failed, "\(reason); `host doctor` shows what the engine runs on")
  }
}
