import Adapters
import Formats
import Models
import Training

extension TaskSession {
  /// Whether the model is a reward model.
  public var givesScores: Bool { config.head == .score }

  /// This session for the adapter in `folder`: that of a reward model makes one of the base.
  public func judging(adapter folder: String) throws -> TaskSession {
    guard try AdapterConfig(folder: folder).task == .score else { return self }
    var session = self
    try session.giveScores(
      or: FormatError(.unsupported, modelFolder, Self.noClassifier(config)))
    return session
  }

  /// Refuses to train a reward model as anything else.
  public func checkTrains() throws(FormatError) {
    guard givesScores, terms.signal != .score else { return }
    throw recipe.fault(
      "objective.type",
      "is \(recipe.objective.type.rawValue), but \(modelFolder) is a reward model, which gives scores "
        + "and writes no text; objective.type: reward_model goes on training it")
  }

  /// Why there is no reward model of this family.
  static func noClassifier(_ config: ModelConfig) -> String {
    "asks for a reward model, but transformers has no sequence classifier for "
      + "\(config.architecture.rawValue); choose a model of text alone"
  }
}
