import JSON
import Tasks

extension Prediction {
  /// `{"index", "prompt", "prediction", "reference", "metadata", "choices":
  /// [{"text", "log_likelihood"}]}`: a line of predictions.jsonl. The prompt is a list of
  /// messages, with what the template read beside them; what a row does not have is left out.
  public var json: JSONValue {
    var line: JSONValue = [
      "index": .int(index), "prompt": .array(example.prompt.map(\.message)),
      "prediction": .string(text),
    ]
    for (name, value) in example.templateVariables { line = line.setting(name, value) }
    if let reference { line = line.setting("reference", .string(reference)) }
    if example.metadata != .emptyObject { line = line.setting("metadata", example.metadata) }
    if !choiceLogLikelihoods.isEmpty {
      let options = Array(repeating: example.choices, count: max(1, example.places.count)).joined()
      let choices = zip(options, choiceLogLikelihoods).map { text, score -> JSONValue in
        ["text": .string(text), "log_likelihood": .double(score)]
      }
      line = line.setting("choices", .array(choices))
    }
    return line
  }
}
