import TaskKit

/// All judgements of a split with their metrics and intervals.
struct AnswerSheet {
  let judgements: [Judgement], baselines: [Baseline]
  let tally: Tally
  /// Intervals draw whole users: windows of one user overlap.
  private let bootstrap: Bootstrap, users: Int
  private let values: [Double?]
  private let intervals: [(low: Double, high: Double)?]
  /// The model's accuracy above the history rule's; nil without that rule.
  private let gain: Double?

  init(_ judgements: [Judgement], _ baselines: [Baseline], seed: UInt64) {
    self.judgements = judgements
    self.baselines = baselines
    let tally = Tally(judgements)
    let rule = baselines.first { $0.name == "history" }.map { Tally($0.judgements) }
    func gain(_ values: [Double?], _ times: [Int]?) -> Double? {
      guard let own = values[0], let other = rule?.accuracy(times: times) else { return nil }
      return own - other
    }
    self.tally = tally
    values = tally.values()
    self.gain = gain(values, nil)
    let users = Dictionary(grouping: judgements.indices) { judgements[$0].user }.values
      .sorted { $0[0] < $1[0] }
    self.users = users.count
    bootstrap = Bootstrap(seed: seed)
    intervals = bootstrap.intervals(clusters: users.count) { drawn in
      var times = Array(repeating: 0, count: judgements.count)
      for user in drawn {
        for row in users[user] { times[row] += 1 }
      }
      let values = tally.values(times: times)
      return values + [gain(values, times)]
    }
  }

  /// What is defined, in the order of `Tally.names`, then the gain over the history rule.
  var metrics: [(name: String, measure: Measure)] {
    zip(Tally.names + ["accuracy_over_history"], values + [gain]).enumerated().compactMap {
      index, pair in
      pair.1.map { value in
        let interval = intervals[index]
        let measure = Measure(
          value, low: interval?.low, high: interval?.high, count: judgements.count,
          lowerIsBetter: Tally.errors.contains(pair.0))
        return (pair.0, measure)
      }
    }
  }

  /// Counts, reasons and definitions.
  var details: JSON {
    let confusion = tally.confusion
    let masses = judgements.compactMap(\.mass)
    var definitions: [String: JSON] = [
      "unknown": "neither Yes nor No; wrong, and on a liked row a miss of recall",
      "accuracy_over_history": "the accuracy less that of the history rule, on the same rows",
      "ece": "expected calibration error of P(Yes) against No, ten ranges of equal width",
      "interval": .string(
        "95 %, \(bootstrap.resamples) resamples of \(users) users, "
          + "seed \(bootstrap.seed)"),
    ]
    for baseline in baselines { definitions[baseline.name] = .string(baseline.definition) }
    var members: [String: JSON] = [
      "mode": masses.isEmpty ? "written answers" : "log-odds",
      "confusion": [
        "true_positives": .int(confusion.yesYes), "false_positives": .int(confusion.noYes),
        "false_negatives": .int(confusion.yesNo + confusion.yesUnknown),
        "true_negatives": .int(confusion.noNo), "unknown_on_yes": .int(confusion.yesUnknown),
        "unknown_on_no": .int(confusion.noUnknown),
      ],
      "definitions": .object(definitions), "undefined": .object(undefined),
    ]
    if !masses.isEmpty {
      members["mean_answer_mass"] = .double(masses.reduce(0, +) / Double(masses.count))
    }
    return .object(members)
  }

  /// Why a metric is missing.
  private var undefined: [String: JSON] {
    let reasons = [
      "precision": "nothing was called Yes", "recall": "nothing is liked",
      "f1": "nothing is liked, or called Yes",
      "roc_auc": judgements.contains { $0.score != nil }
        ? "both liked and other rows are needed" : "answers were written out, without log-odds",
      "ece": "answers were written out, without log-odds",
      "brier": "answers were written out, without log-odds",
    ]
    let missing = zip(Tally.names, values).filter { $0.1 == nil }.map(\.0)
    return Dictionary(
      uniqueKeysWithValues: missing.map { ($0, .string(reasons[$0] ?? "there are no rows")) })
  }
}
