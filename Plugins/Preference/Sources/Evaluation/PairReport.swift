import TaskKit

/// The report on pairs: how often the model prefers the chosen answer, and by how much.
struct PairReport {
  let pairs: [JudgedPair]
  let means: ClusteredMeans
  private let written: WrittenAnswers

  init(_ pairs: [JudgedPair], _ written: WrittenAnswers, _ means: ClusteredMeans) {
    (self.pairs, self.written, self.means) = (pairs, written, means)
  }

  var report: Report {
    Report(
      count: pairs.count, primary: preference, metrics: metrics, baselines: baselines,
      details: details, tables: tables, charts: charts, clusters: means.names)
  }

  /// The metric of how often the chosen answer is preferred.
  private var preference: String { numbers.name("accuracy") }

  /// Whether the run compares with a reference model.
  private var hasReference: Bool { numbers == .rewards }

  /// What is known of the answers.
  var numbers: ModelNumbers {
    if pairs.allSatisfy(\.isScored) { return .scores }
    return pairs.allSatisfy { $0.reference != nil } ? .rewards : .logProbabilities
  }

  /// How often each pair's chosen answer is ahead by `difference`.
  private func wins(_ difference: (JudgedPair) -> Double) -> [Double?] {
    pairs.map { JudgedPair.wins(difference($0)) }
  }

  private var metrics: [(name: String, measure: Measure)] {
    var columns: [(name: String, values: [Double?])] = []
    if numbers != .logProbabilities {
      let noun = hasReference ? "reward" : "score"
      columns += [
        ("accuracy", wins(\.margin)), ("margin", pairs.map(\.margin)),
        ("\(noun)/chosen", pairs.map(\.rewards.chosen)),
        ("\(noun)/rejected", pairs.map(\.rewards.rejected)),
      ]
    }
    if numbers != .scores { columns += likelihoods }
    let measured = zip(columns, means.measures(columns.map(\.values))).compactMap {
      column, measure in measure.map { (name: column.name, measure: $0) }
    }
    return measured + (written.isThere ? written.metrics(means) : [])
  }

  private var likelihoods: [(name: String, values: [Double?])] {
    let gaps = pairs.map { $0.policy.chosen - $0.policy.rejected }
    return [
      ("accuracy_log_p", gaps.map(JudgedPair.wins)), ("margin_log_p", gaps),
      ("accuracy_log_p_per_character", wins { $0.perCharacter($0.policy) }),
      ("log_p/chosen", pairs.map(\.policy.chosen)),
      ("log_p/rejected", pairs.map(\.policy.rejected)),
    ]
  }

  /// Rules that prefer without the model, and the lengths of the given answers.
  private var baselines: [(name: String, metrics: [String: Double])] {
    func rule(
      _ name: String, _ wins: [Double?]
    ) -> (name: String, metrics: [String: Double]) {
      (name, [preference: wins.compactMap(\.self).mean ?? 0])
    }
    var rules = [
      rule("longer", wins { Double($0.lengthDifference) }),
      rule("shorter", wins { -Double($0.lengthDifference) }),
    ]
    if hasReference {
      let references = pairs.compactMap(\.reference)
      let log = references.map { JudgedPair.wins($0.chosen - $0.rejected) }
      let each = zip(pairs, references).map { JudgedPair.wins($0.perCharacter($1)) }
      rules += [rule("reference", log), rule("reference_per_character", each)]
    }
    return rules + [
      ("random", [preference: 0.5]), ("chosen", WrittenAnswers.lengths(pairs.map(\.chosen))),
      ("rejected", WrittenAnswers.lengths(pairs.map(\.rejected))),
    ]
  }

  // MARK: Details

  private var details: JSON {
    func length(_ lengths: [TextLength]) -> JSON {
      .object(WrittenAnswers.lengths(lengths).mapValues(JSON.double))
    }
    let ties = pairs.count { $0.margin == 0 }
    return [
      "reference": .bool(hasReference), "ties": .int(ties),
      "lengths": [
        "chosen": length(pairs.map(\.chosen)), "rejected": length(pairs.map(\.rejected)),
      ],
      "definitions": .object(definitions), "interval": means.note, "words": .string(Words.note),
    ]
  }

  private var definitions: JSON.Members {
    var texts: JSON.Members = [
      "longer": "the longer answer is better", "shorter": "the shorter answer is better",
      "random": "either answer is better", "chosen": "lengths of the chosen answers",
      "rejected": "lengths of the rejected answers",
    ]
    let further = [
      numbers == .scores ? scoreDefinitions : likelihoodDefinitions,
      hasReference ? rewardDefinitions : [:],
    ]
    for (name, text) in further.joined() { texts[name] = text }
    if written.isThere {
      for (name, text) in WrittenAnswers.definitions { texts[name] = text }
    }
    return texts
  }

  private var scoreDefinitions: JSON.Members {
    [
      "accuracy":
        "share of pairs whose chosen answer has the higher score; equal ones count as half",
      "margin": "mean score of the chosen answer less that of the rejected one",
      "score/chosen": "mean score of the chosen answers",
      "score/rejected": "the same of the rejected answers",
    ]
  }

  private var likelihoodDefinitions: JSON.Members {
    [
      "accuracy_log_p":
        "share of pairs whose chosen answer is the likelier one; equal ones count as half",
      "margin_log_p": "mean of log p(chosen) - log p(rejected), in nats",
      "accuracy_log_p_per_character":
        "share of pairs whose chosen answer has the higher log-probability per character",
      "log_p/chosen": "mean log-probability of the chosen answers, summed over their tokens",
      "log_p/rejected": "the same of the rejected answers",
    ]
  }

  private var rewardDefinitions: JSON.Members {
    [
      "accuracy":
        "share of pairs whose chosen answer has the higher reward; equal ones count as half",
      "margin":
        "mean reward of the chosen answer less that of the rejected one: DPO's without its factor beta",
      "reward/chosen": "mean of log p(chosen) - log p_reference(chosen), in nats",
      "reward/rejected": "the same of the rejected answers",
      "reference": "the answer that the reference model finds likelier is better",
      "reference_per_character": "the same by log-probability per character",
    ]
  }
}
