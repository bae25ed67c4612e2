import Formats
import JSON

extension TaskOutcome {
  /// The lines of `samples_TASK_….jsonl` as the harness writes them: a line for each item, for each
  /// filter.
  public var sampleLines: String {
    var text = ""
    if task.writing == nil {
      for place in items.indices { text += sample(place, filter: "none", read: nil) }
    }
    for (filter, texts) in extracted {
      for place in items.indices { text += sample(place, filter: filter, read: texts[place]) }
    }
    return text
  }

  private func sample(_ place: Int, filter: String, read: String?) -> String {
    let item = items[place], scores = scores.filter { $0.filter == filter }
    var line: JSONValue = [
      "doc_id": .int(item.index), "doc": item.document.fields, "target": .string(item.target),
      "arguments": arguments(item), "resps": responses(place),
      "filtered_resps": read.map { .array([.string($0)]) } ?? filtered(place),
      "filter": .string(filter), "metrics": .array(scores.map { .string($0.metric) }),
      "doc_hash": .string(item.documentHash), "prompt_hash": .string(item.promptHash),
      "target_hash": .string(item.targetHash),
    ]
    for score in scores { line = line.setting(score.metric, .double(score.values[place])) }
    return line.text(.spaced) + "\n"
  }

  private func arguments(_ item: BenchmarkItem) -> JSONValue {
    var arguments: JSONValue = .emptyObject
    for (index, request) in item.requests.enumerated() {
      let second = task.writing.map(Self.settings) ?? .string(request.continuation)
      arguments = arguments.setting(
        "gen_args_\(index)", ["arg_0": .string(request.context), "arg_1": second])
    }
    return arguments
  }

  private static func settings(_ writing: BenchmarkTask.Writing) -> JSONValue {
    [
      "until": .array(writing.until.map(JSONValue.string)), "do_sample": false, "temperature": 0.0,
      "max_gen_toks": .int(writing.maximumNewTokens),
    ]
  }

  private func responses(_ place: Int) -> JSONValue {
    if let answer = results[place].answer { return [[.string(answer)]] }
    return .array(weights(place).map { [$0] })
  }

  private func filtered(_ place: Int) -> JSONValue { .array(weights(place)) }

  private func weights(_ place: Int) -> [JSONValue] {
    results[place].weights.map {
      [.string("\($0.logLikelihood)"), .string($0.isLikeliest ? "True" : "False")]
    }
  }

  /// The hash of all samples' hashes: whoever has the same was asked the same.
  public var taskHash: String {
    let own = items.map { $0.documentHash + $0.promptHash + $0.targetHash }.joined()
    let filters = max(1, extracted.count)
    return BenchmarkItem.hash(String(repeating: own, count: filters))
  }
}
