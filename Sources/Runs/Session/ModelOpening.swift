import Formats
import Models
import Tensors

extension ModelFolder {
  /// The folder that `name` means: a folder, org/name in the Hugging Face cache, or the name of a
  /// model that comes with the program.
  public static func find(
    _ name: String, revision: String? = nil
  ) throws(FormatError) -> String {
    if !FileSystem.isFolder(name), !name.contains("/"), let models = HostPaths().models,
      FileSystem.isFolder(models + "/" + name)
    {
      return models + "/" + name
    }
    return try resolve(name, revision: revision)
  }
}

extension CausalLanguageModel {
  /// The model in `folder`, quantized where that is asked for.
  ///
  /// `config` and `headSeed` make a reward model of it, as `init(folder:)` has them.
  public static func open(
    _ folder: String, _ quantization: Quantization?, config: ModelConfig? = nil,
    headSeed: UInt64? = nil, tell: RunObserver
  ) throws(FormatError) -> CausalLanguageModel {
    try tell.during("quantizing", unit: "matrices") { (reached) throws(FormatError) in
      try CausalLanguageModel(
        folder: folder, config: config, headSeed: headSeed, quantization: quantization,
        progress: reached)
    }
  }
}

/// Makes the engine ready, so that what is wrong with it is one sentence and not the end of a first
/// product.
public func openEngine() throws {
  if let reason = Engine.open() {
    throw Diagnosis(
      Diagnosis.failed, "\(reason); `host doctor` shows what the engine runs on")
  }
}
