import TaskKit

extension RecordFields {
  private static let own = [
    "id", "dataset_name", "data_source", "wav_path", "audio_path", "audio_id", "annotations",
    "audio_info", "question", "question_text", "multi_choice", "choices", "answer", "category",
    "task",
  ]
  private static let ratings = (Dimension.realism + Dimension.archetype).map(\.field)
  private static let known = own + ratings + ContextField.allCases.map(\.key)

  /// The record's keys that no shape of record reads, those inside `annotations` and `audio_info` with
  /// these names before them. A slip is refused: a rating under it would be lost.
  func unreadKeys() throws -> [String] {
    func inside(_ key: String, _ known: [String]) throws -> [String] {
      try UnreadKeys.of(value[key] ?? .null, known: known, at: "\(place), \(key)")
        .map { "\(key).\($0)" }
    }
    return try UnreadKeys.of(value, known: Self.known, at: place)
      + inside("annotations", Self.ratings)
      + inside("audio_info", ["audio_caption", "emotion_caption"])
  }
}
