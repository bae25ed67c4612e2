import JSON
import OrderedCollections

extension ModelConfig {
  /// config.json of this model stored unquantized: its numbers of type `dtype` (nil: as the file says),
  /// and its head the embedding or not.
  public func unquantized(dtype: String?, tiesWordEmbeddings: Bool) -> JSONValue {
    var members = source
    members["quantization_config"] = nil
    if let dtype {
      members["torch_dtype"] = nil
      members["dtype"] = .string(dtype)
    }
    if tiesWordEmbeddings != self.tiesWordEmbeddings, head == .language {
      members["tie_word_embeddings"] = .bool(tiesWordEmbeddings)
    }
    if let text = members["text_config"]?.object {
      members["text_config"] = .object(
        Self.text(text, dtype: dtype, ties: tiesWordEmbeddings, differs: self.tiesWordEmbeddings))
    }
    return .object(members)
  }

  /// The decoder's part of a model that hears.
  private static func text(
    _ members: OrderedDictionary<String, JSONValue>, dtype: String?, ties: Bool, differs old: Bool
  ) -> OrderedDictionary<String, JSONValue> {
    var members = members
    if let dtype, members["dtype"] != nil || members["torch_dtype"] != nil {
      members["torch_dtype"] = nil
      members["dtype"] = .string(dtype)
    }
    if ties != old { members["tie_word_embeddings"] = .bool(ties) }
    return members
  }
}
