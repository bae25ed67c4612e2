import Formats
import Models

/// What a user should know of a model's files beside their numbers, a sentence each.
public enum ModelNotes {
  /// What config.json says and nobody knows, and tensors of `weights` that are no part of the model.
  public static func of(_ model: CausalLanguageModel, _ weights: SafeTensorsFolder?) -> [String] {
    let unread = weights.map(model.unreadTensors) ?? []
    guard let first = unread.first else { return model.config.notes }
    let rest = unread.count > 1 ? " and \(Format.grouped(unread.count - 1)) more" : ""
    return model.config.notes + ["tensors that are no part of the model: \(first)\(rest)"]
  }
}
