import Adapters
import Formats
import Layers
import Models

extension AdapterSet {
  /// The adapters of a PEFT folder on the model in the folder `base`. Shapes decide whether they fit;
  /// where they name another base model than this one seems to be, or set ranks and αs of projections
  /// that carry no adapter, that is said.
  public static func load(
    folder: String, on model: CausalLanguageModel, of base: String, trains: Bool = false,
    tell: RunObserver
  ) throws(FormatError) -> AdapterSet {
    let set: AdapterSet
    do { set = try load(folder: folder, on: model.seats, trains: trains) } catch {
      // Shapes that do not fit are another base's as a rule.
      guard let named = (try? AdapterConfig(folder: folder))?.baseModel, !named.isEmpty,
        !FileSystem.isSame(named, base), modelName(named) != modelName(base)
      else { throw error }
      throw FormatError(
        error.kind, error.place,
        error.message + "; the adapter was made for \(named), and the model here is \(base)")
    }
    let named = set.config.baseModel ?? ""
    let place = GGUFModelFolder.source(of: base) ?? base
    if !named.isEmpty, !FileSystem.isSame(named, place) {
      let (theirs, ours) = (modelName(named), modelName(place))
      // A quantized copy is called after its model as a rule: Qwen3-0.6B-nf4.
      if !ours.hasPrefix(theirs), !theirs.hasPrefix(ours) {
        tell.note(
          "warning: the adapter \(folder) was trained on \(named); the model here is \(place)")
      }
    }
    if let missed = set.missedResidual {
      tell.note(
        "warning: the adapter \(folder) was trained on \(missed.name) codes that were made without its "
          + "start; the base here is in other codes, so that it says something else: name the unquantized "
          + "model, with quantization \(missed.name) or none")
    }
    do { try set.config.method.check(adapting: set.paths) } catch {
      tell.note("warning: \(folder)/\(AdapterConfig.fileName): \(error.place) \(error.message)")
    }
    return set
  }

  /// The last part of a folder or of org/name, or the name in a Hugging Face cache folder
  /// (models--org--name/snapshots/HASH), in small letters.
  private static func modelName(_ place: String) -> String {
    let parts = place.split(separator: "/").map { $0.lowercased() }
    let cached = parts.last { $0.hasPrefix("models--") }
    guard let cached, let mark = cached.ranges(of: "--").last else { return parts.last ?? place }
    return String(cached[mark.upperBound...])
  }
}

extension TaskSession {
  /// What is to be said of weight decay that pulls an adapter away from its base; nil where there is
  /// nothing.
  public func decayWarning() throws(FormatError) -> String? {
    let decay = recipe.training.weightDecay
    guard decay > 0, let method = try adapterConfig()?.method, !method.restsAtZero else {
      return nil
    }
    return
      "warning: training_args.weight_decay \(decay) pulls what \(method.title) trains towards 0, "
      + "which is not the base model; 0 is usual"
  }

  /// The adapter that a run trains: the recipe's, or that of the folder it starts from; nil where it
  /// trains every weight.
  public func adapterConfig() throws(FormatError) -> AdapterConfig? {
    guard recipe.peft.method != .full else { return nil }
    guard let folder = recipe.peft.adapterPath else {
      return try recipe.peft.adapter(
        on: modelFolder, model: config, encode: tokenizer.encodeAlone)
    }
    return try AdapterConfig(folder: folder)
  }
}
