import JSON
import Tasks

extension Comparison {
  /// `{"rows", "total", "share", "improvements", "regressions", "both_wrong", "unjudged"}`: rows
  /// answered differently, and what becomes of them. The last is for rows without a reference.
  public var disagreementsJSON: JSONValue {
    [
      "rows": .int(rows.count), "total": .int(disagreements),
      "share": .double(Double(disagreements) / Double(max(rows.count, 1))),
      "improvements": .int(count(.improvement)), "regressions": .int(count(.regression)),
      "both_wrong": .int(count(.bothWrong)), "unjudged": .int(count(.differentUnjudged)),
    ]
  }

  /// `{"correct": {…}, "metrics": {name: {"base", "tuned", "difference"}}}`: tuned less base.
  /// `correct` is the share of right rows, whose difference has a paired 95 % interval; it is absent
  /// when no row has a reference. The metrics are those that both reports have.
  public func differencesJSON(base: Report, tuned: Report) -> JSONValue {
    var json: JSONValue = .emptyObject
    if let correctness {
      let difference = correctness.difference
      json = json.setting(
        "correct",
        [
          "base": .double(correctness.base), "tuned": .double(correctness.tuned),
          "difference": .double(difference.value), "low": difference.low.json,
          "high": difference.high.json, "rows": .int(difference.count ?? 0),
        ])
    }
    var metrics: JSONValue = .emptyObject
    for (name, measure) in tuned.metrics {
      guard let before = base[name] else { continue }
      var values: JSONValue = [
        "base": .double(before.value), "tuned": .double(measure.value),
        "difference": .double(measure.value - before.value),
      ]
      if measure.lowerIsBetter { values = values.setting("lower_is_better", true) }
      metrics = metrics.setting(name, values)
    }
    return json.setting("metrics", metrics)
  }

  /// A line of JSON for each row of an outcome, for instance improvements.jsonl.
  public func lines(_ outcome: Outcome) -> String {
    rows(outcome).map { $0.json.text(.spaced) + "\n" }.joined()
  }
}

extension Comparison.Row {
  /// `{"index", "prompt", "chosen", "rejected", "completion", "label", "reference", "metadata", "base": {"answer", "prediction", "choices",
  /// "log_probabilities"}, "tuned": {…}}`: `answer` is what was judged, `prediction` all that the model wrote; what a row
  /// does not have is left out.
  public var json: JSONValue {
    let line = base.json
    var json: JSONValue = .emptyObject
    let keys = [
      "index", "prompt", "chosen", "rejected", "completion", "label", "reference", "metadata",
    ]
    for key in keys {
      if let value = line[key] { json = json.setting(key, value) }
    }
    for (name, prediction) in [("base", base), ("tuned", tuned)] {
      var said: JSONValue = ["answer": .string(prediction.answer)]
      if prediction.choiceLogLikelihoods.isEmpty || !prediction.text.isEmpty {
        said = said.setting("prediction", .string(prediction.text))
      }
      for key in ["choices", "log_probabilities"] {
        if let value = prediction.json[key] { said = said.setting(key, value) }
      }
      json = json.setting(name, said)
    }
    return json
  }
}

extension Double? {
  fileprivate var json: JSONValue { map(JSONValue.double) ?? .null }
}
