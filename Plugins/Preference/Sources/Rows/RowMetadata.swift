import TaskKit

/// What the evaluator, and whoever reads predictions, is told of a row under `preference`.
struct RowMetadata: Decodable, Sendable, Hashable {
  /// The key in a row's metadata.
  static let key = "preference"

  /// What is known of an answer.
  struct Facts: Decodable, Sendable, Hashable {
    var words: Int, characters: Int
    var score: Double?, model: String?
  }

  /// Where the row comes from; what its prompt is called.
  var source: String, prompt_id: String
  /// Of a pair its two answers, of another row its one answer.
  var chosen: Facts?, rejected: Facts?, answer: Facts?
}

extension RowMetadata {
  /// What was told of a row that `data export` or `data prepare` wrote; nil of other rows.
  init?(exported fields: Fields) {
    guard let value = fields["metadata"]?[Self.key], let told = try? value.decoded(as: Self.self)
    else { return nil }
    self = told
  }

  /// The object that travels with the row, beside its own columns.
  var json: JSON {
    var members: JSON.Members = ["source": .string(source), "prompt_id": .string(prompt_id)]
    members["chosen"] = chosen?.json
    members["rejected"] = rejected?.json
    members["answer"] = answer?.json
    return .object(members)
  }
}

extension RowMetadata.Facts {
  init(_ answer: Answer) {
    let length = TextLength(answer.turns.text)
    self.init(
      words: length.words, characters: length.characters, score: answer.score,
      model: answer.model)
  }

  /// The answer's length.
  var length: TextLength { TextLength(words: words, characters: characters) }

  fileprivate var json: JSON {
    var members: JSON.Members = ["words": .int(words), "characters": .int(characters)]
    members["score"] = score.map(JSON.double)
    members["model"] = model.map(JSON.string)
    return .object(members)
  }
}

/// How long a text is: its words (`Words`), and its characters without white space at the ends.
struct TextLength: Sendable, Hashable {
  var words: Int, characters: Int
}

extension TextLength {
  init(_ text: String) {
    self.init(words: Words.split(text).count, characters: text.trimmed.count)
  }
}
