import JSON
import Tasks

extension Prediction {
  /// `{"index", "prompt", "prediction", "reference", "metadata", "choices":
  /// [{"text", "log_likelihood"}]}`: a line of predictions.jsonl. The prompt is a list of
  /// messages, with what the template read beside them; what a row does not have is left out. A pair
  /// has `chosen` and `rejected`, lists of messages, a row with a label `label` and its answer as
  /// `completion`; both have `log_probabilities`, or the `scores` of a reward model.
  public var json: JSONValue {
    var line: JSONValue = [
      "index": .int(index), "prompt": .array(example.prompt.map(\.message)),
      "prediction": .string(text),
    ]
    for (name, value) in example.templateVariables { line = line.setting(name, value) }
    if let reference { line = line.setting("reference", .string(reference)) }
    if example.metadata != .emptyObject { line = line.setting("metadata", example.metadata) }
    if example.isPair {
      line = line.setting("chosen", .array(example.chosen.map(\.message)))
        .setting("rejected", .array(example.rejected.map(\.message)))
    } else if let label = example.label {
      line = line.setting("completion", .array(example.answer.map(\.message)))
        .setting("label", .bool(label))
    }
    if !scores.isEmpty {
      line = line.setting("scores", named(scores))
    } else if let logProbabilities {
      line = line.setting("log_probabilities", logProbabilities)
    } else if !choiceLogLikelihoods.isEmpty {
      let options = Array(repeating: example.choices, count: max(1, example.places.count)).joined()
      let choices = zip(options, choiceLogLikelihoods).map { text, score -> JSONValue in
        ["text": .string(text), "log_likelihood": .double(score)]
      }
      line = line.setting("choices", .array(choices))
    }
    return line
  }

  /// Of a pair or a row with a label what each model gives each answer; nil for other rows.
  var logProbabilities: JSONValue? {
    guard example.isPair || example.label != nil, !choiceLogLikelihoods.isEmpty else { return nil }
    return named(choiceLogLikelihoods)
  }

  /// Numbers of the row's answers, by name.
  private func named(_ numbers: [Double]) -> JSONValue {
    let names =
      example.isPair
      ? ["chosen", "rejected", "reference_chosen", "reference_rejected"] : ["answer", "reference"]
    return zip(names, numbers).reduce(.emptyObject) { object, entry in
      object.setting(entry.0, .double(entry.1))
    }
  }
}
