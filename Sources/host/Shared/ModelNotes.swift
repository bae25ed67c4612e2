import Formats
import Models

/// What a user should know of a model's files beside their numbers, a sentence each.
enum ModelNotes {
  /// Says what generation_config.json in `folder` asks of answers and does not get.
  static func tellGeneration(_ folder: String) throws(FormatError) {
    for note in try GenerationConfig(folder: folder).notes { Console.note("note: \(note)") }
  }

  /// What config.json says and nobody knows, and tensors of `weights` that are no part of the model.
  static func of(_ model: CausalLanguageModel, _ weights: SafeTensorsFolder?) -> [String] {
    let unread = weights.map(model.unreadTensors) ?? []
    guard let first = unread.first else { return model.config.notes }
    let rest = unread.count > 1 ? " and \(Format.grouped(unread.count - 1)) more" : ""
    return model.config.notes + ["tensors that are no part of the model: \(first)\(rest)"]
  }
}
