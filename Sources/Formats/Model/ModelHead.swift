import JSON

extension ModelConfig {
  /// What a text's last states go through.
  public enum Head: Sendable, Hashable {
    /// The vocabulary's matrix: which token comes next.
    case language
    /// One row: how good the text is, a number (transformers' sequence classifier with one label).
    case score
  }

  /// This model with a head of one number, configured as transformers configures a sequence classifier
  /// with one label; nil where it has no such class. `padToken` is the token that does not count at a
  /// text's end, unless config.json is a classifier's already and says so itself.
  public func scoring(padToken: Int?) -> ModelConfig? {
    guard head == .language else { return self }
    guard let name = architecture.classifier else { return nil }
    var config = self
    config.head = .score
    config.tiesWordEmbeddings = false
    config.padToken = padToken ?? self.padToken
    config.source["architectures"] = [.string(name)]
    config.source["id2label"] = ["0": "LABEL_0"]
    config.source["label2id"] = ["LABEL_0": 0]
    config.source["num_labels"] = nil
    config.source["pad_token_id"] = config.padToken.map(JSONValue.int) ?? .null
    return config
  }
}

extension ModelConfig.Architecture {
  /// The class of the same network with a classifier's head; nil where transformers has none.
  var classifier: String? {
    self == .qwen2Audio ? nil : rawValue.replacing("ForCausalLM", with: Self.classifierEnding)
  }

  fileprivate static let classifierEnding = "ForSequenceClassification"
}

extension ConfigReader {
  /// The head of the class that `architectures` names. A classifier has as many labels as config.json
  /// lists, and two where it lists none, as in transformers; one is what is computed.
  func head(_ family: ModelConfig.Architecture) throws(FormatError) -> ModelConfig.Head {
    guard let name = members["architectures"]?[0]?.string, name == family.classifier else {
      return .language
    }
    let listed = members["id2label"]?.object?.count ?? members["num_labels"]?.int
    guard listed == 1 else {
      throw FormatError(
        .unsupported, path,
        "the architecture \(name) has \(listed ?? 2) labels; of classifiers those with one are read, "
          + "whose number is a score")
    }
    return .score
  }
}
