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

/// `--model` and `--adapter`
struct TunedModelOptions: ParsableArguments {
  @OptionGroup var base: ModelOptions

  @Option(help: ArgumentHelp("A PEFT adapter's folder to put on the model.", valueName: "folder"))
  var adapter: String?

  /// Opens the model with its adapter, ready to compute.
  func load() throws -> (model: CausalLanguageModel, adapters: AdapterSet?, folder: String) {
    let folder = try base.folder()
    let model = try CausalLanguageModel(folder: folder)
    let adapters = try adapter.map { try AdapterSet.load(folder: $0, on: model.linears) }
    try openEngine()
    return (model, adapters, folder)
  }
}

/// Opens OpenBLAS, so that its absence is one sentence and not the end of a first product.
func openEngine() throws {
  if let reason = Engine.open() {
    throw Diagnosis(
      Diagnosis.failed, "\(reason); `host doctor` shows what the engine runs on")
  }
}
