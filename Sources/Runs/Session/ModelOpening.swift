import Formats
import Models
import Names
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
    do { return try resolve(name, revision: revision) } catch {
      guard error.kind == .missing, !name.contains("/") else { throw error }
      throw FormatError(error.kind, error.place, error.message + known(besides: name))
    }
  }

  /// What a short name may have been meant for, and what there is.
  private static func known(besides name: String) -> String {
    let bundled =
      HostPaths().models.map { folder in
        FileSystem.names(in: folder).filter { FileSystem.isFolder(folder + "/" + $0) }
      } ?? []
    let cached = HubCache().models
    let short = cached.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    let all = zip(bundled + short, bundled + cached)
    let near =
      nearestName(to: name, among: bundled + short).flatMap { near in
        all.first { $0.0 == near }?.1
      } ?? all.first { $0.0.lowercased().hasPrefix(name.lowercased()) }?.1
    return (near.map { "; did you mean '\($0)'?" } ?? "")
      + (bundled.isEmpty ? "" : " With the program come \(bundled.joined(separator: ", "))")
      + (cached.isEmpty ? "" : "; the Hugging Face cache holds \(cached.joined(separator: ", "))")
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
