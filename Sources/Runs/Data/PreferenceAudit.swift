import JSON
import Tasks

/// What a split's preferences look like: the answers of its pairs beside each other, and how many
/// answers are wanted.
public struct PreferenceAudit {
  /// Lengths of the answers of each pair, the prompt left out: trained tokens, or characters.
  public private(set) var chosen: [Int] = [], rejected: [Int] = []
  /// Rows with a label, by what it says.
  public private(set) var wanted = 0, unwanted = 0

  /// Adds a row; `lengths` are those of its answers where it is a pair.
  mutating func add(_ example: Example, lengths: [Int]) {
    if example.isPair {
      chosen.append(lengths[0])
      rejected.append(lengths[1])
    }
    if let label = example.label { label ? (wanted += 1) : (unwanted += 1) }
  }

  /// The share of pairs whose chosen answer is the longer one, and of those whose answers are equally
  /// long; nil without pairs. A model may learn length in the place of quality where it is far from
  /// one half.
  public var longerChosen: (share: Double, equal: Double)? {
    guard !chosen.isEmpty else { return nil }
    let all = zip(chosen, rejected), count = Double(chosen.count)
    return (Double(all.count { $0 > $1 }) / count, Double(all.count { $0 == $1 }) / count)
  }

  /// `{"pairs": {"rows", "chosen_lengths", "rejected_lengths", "chosen_longer_share",
  /// "equal_length_share"}, "labels": {"wanted", "unwanted"}}`, of each what there is.
  func json(_ percents: [Int]) -> [(key: String, value: JSONValue)] {
    var members: [(key: String, value: JSONValue)] = []
    if let longerChosen {
      members.append(
        (
          "pairs",
          [
            "rows": .int(chosen.count), "chosen_lengths": Percentiles(chosen).json(percents),
            "rejected_lengths": Percentiles(rejected).json(percents),
            "chosen_longer_share": .double(longerChosen.share),
            "equal_length_share": .double(longerChosen.equal),
          ]
        ))
    }
    if wanted + unwanted > 0 {
      members.append(("labels", ["wanted": .int(wanted), "unwanted": .int(unwanted)]))
    }
    return members
  }
}
