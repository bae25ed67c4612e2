import Formats
import JSON
import Tasks
import Text

/// Texts on which two forms of a model are compared.
public struct ReplayTexts {
  /// The tokens of each text.
  public let ids: [[Int32]]
  /// The texts.
  public let texts: [String]
  /// Where they come from, as a sentence says it.
  public let origin: String

  /// How much of a text is read, and of how many texts.
  private static let length = 128, count = 8
  /// Fewer places than this say too little.
  static let fewestPlaces = 32

  /// Prompts that the run in `run` has answered (its predictions.jsonl), where it has; else
  /// conversations that come with the program. They are written with the template of the model in
  /// `model`, or one message a line where it has none.
  public init(model: String, tokenizer: Tokenizer, run: String? = nil) throws {
    let encoder = try? ConversationEncoder(folder: model, tokenizer: tokenizer)
    var found: [[JSONValue]] = []
    if let run { found = Self.prompts(ofRun: run) }
    let own = Self.written(found, encoder)
    var (texts, ids) = Self.cut(own, tokenizer)
    var origin = "prompts of the run"
    if ids.reduce(0, { $0 + $1.count }) < Self.fewestPlaces {
      (texts, ids) = Self.cut(Self.written(StoredDialogues.all, encoder), tokenizer)
      origin = "stored dialogues"
    }
    self.texts = texts
    self.ids = ids
    self.origin = origin
  }

  /// How many tokens there are.
  public var places: Int { ids.reduce(0) { $0 + $1.count } }

  private static func prompts(ofRun run: String) -> [[JSONValue]] {
    let path = run + "/predictions.jsonl"
    guard let text = try? FileSystem.text(of: path) else { return [] }
    return text.split(separator: "\n").prefix(count).compactMap { line in
      let row = try? JSONValue(parsing: String(line))
      guard let prompt = row?["prompt"]?.array,
        prompt.allSatisfy({ $0["content"]?.string != nil })
      else { return nil }
      guard let answer = row?["prediction"]?.string, !answer.isEmpty else { return prompt }
      return prompt + [["role": "assistant", "content": .string(answer)]]
    }
  }

  private static func written(
    _ conversations: [[JSONValue]], _ encoder: ConversationEncoder?
  ) -> [String] {
    conversations.compactMap { messages in
      guard let encoder else {
        return messages.compactMap { $0["content"]?.string }.joined(separator: "\n")
      }
      // A template may refuse a role, such as the system's.
      return try? encoder.render(messages: messages, label: "replay").text
    }
  }

  private static func cut(_ texts: [String], _ tokenizer: Tokenizer) -> ([String], [[Int32]]) {
    (texts, texts.map { Array(tokenizer.encode($0).prefix(length)) })
  }
}
