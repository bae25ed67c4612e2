import JSON
import Tasks

/// How many trained tokens were the likeliest where they stand, by teacher forcing; and how many of
/// the choices, by the choice that stands there.
struct TokenAccuracy: Sendable, Hashable {
  /// Likeliest ones, of all.
  struct Count: Sendable, Hashable {
    var hits = 0, tokens = 0
  }

  private(set) var all = Count()
  private(set) var choices: [String: Count] = [:]

  init() {}

  /// Adds packed samples, whose trained tokens stand at `places`.
  mutating func add(_ samples: some Collection<Sample>, _ places: [Int], _ hits: [Bool]) {
    all.hits += hits.count { $0 }
    all.tokens += hits.count
    var start = 0
    var hit: [Int: Bool] = [:]
    for (place, isHit) in zip(places, hits) { hit[place] = isHit }
    for sample in samples {
      for choice in sample.choices {
        guard let isHit = hit[start + choice.place],
          let option = choice.ids.firstIndex(of: sample.ids[choice.place])
        else { continue }
        choices[choice.options[option], default: Count()].hits += isHit ? 1 : 0
        choices[choice.options[option], default: Count()].tokens += 1
      }
      start += sample.ids.count
    }
  }

  static func += (left: inout TokenAccuracy, right: TokenAccuracy) {
    left.all.hits += right.all.hits
    left.all.tokens += right.all.tokens
    for (option, count) in right.choices {
      left.choices[option, default: Count()].hits += count.hits
      left.choices[option, default: Count()].tokens += count.tokens
    }
  }

  /// `accuracy`, and `accuracy_score_X` for each choice X that was seen.
  var values: [(name: String, value: Double)] {
    func share(_ count: Count) -> Double { Double(count.hits) / Double(max(count.tokens, 1)) }
    return [("accuracy", share(all))]
      + choices.sorted { $0.key < $1.key }.map { ("accuracy_score_\($0.key)", share($0.value)) }
  }

  /// For a checkpoint, which continues a window of the log.
  var json: JSONValue {
    var members: JSONValue = ["": .array([.int(all.hits), .int(all.tokens)])]
    for (option, count) in choices.sorted(by: { $0.key < $1.key }) {
      members = members.setting(option, .array([.int(count.hits), .int(count.tokens)]))
    }
    return members
  }

  /// Reads what `json` wrote.
  init(json: JSONValue) {
    for (option, value) in json.object ?? [:] {
      let count = Count(hits: value[0]?.int ?? 0, tokens: value[1]?.int ?? 0)
      if option.isEmpty { all = count } else { choices[option] = count }
    }
  }
}
