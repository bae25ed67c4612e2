import TaskKit

/// Agreement of answers with their references: means over rows with 95 % intervals, beside the
/// baseline that repeats the user.
struct OverlapEvaluator: Evaluator {
  static let name = "instruct.overlap"
  static let summary = "Exact match, word F1 and ROUGE-L of the last answer, where the row has one."
  private static let names = ["token_f1", "exact_match", "rouge_l"]

  private let bootstrap: Bootstrap

  init(config: ConversationConfig, split: Split, host: HostServices) {
    bootstrap = Bootstrap(seed: config.seed ?? 0)
  }

  func evaluate(_ predictions: [Prediction]) throws -> Report {
    let answered = predictions.filter { $0.reference != nil }
    guard !answered.isEmpty else { return lengths(predictions) }
    return agreement(answered, references: answered.compactMap(\.reference))
  }

  /// Prompts alone: there is nothing to compare with.
  private func lengths(_ predictions: [Prediction]) -> Report {
    let words = predictions.map { Double(Words.split($0.text).count) }
    let intervals = bootstrap.intervals(clusters: predictions.count) { drawn in
      [Self.mean(drawn.map { words[$0] })]
    }
    let measure = Measure(
      Self.mean(words), low: intervals[0]?.low, high: intervals[0]?.high, count: words.count)
    return Report(
      count: predictions.count, primary: "words", metrics: [(name: "words", measure: measure)],
      details: [
        "note": "no row has an answer to compare with; 'words' is the mean length of answers",
        "words": .string(Words.note),
      ])
  }

  private func agreement(_ predictions: [Prediction], references: [String]) -> Report {
    let columns = Self.columns(predictions.map(\.text), references)
    let echo = Self.columns(predictions.map(Self.lastQuestion), references)
    // Every metric draws the same rows.
    let intervals = bootstrap.intervals(clusters: predictions.count) { drawn in
      columns.map { values in Self.mean(drawn.map { values[$0] }) }
    }
    let metrics = zip(Self.names, zip(columns, intervals)).map { name, pair in
      let (values, interval) = pair
      return (
        name: name,
        measure: Measure(
          Self.mean(values), low: interval?.low, high: interval?.high, count: values.count)
      )
    }
    let baseline = zip(Self.names, echo.map(Self.mean))
    return Report(
      count: predictions.count, primary: "token_f1", metrics: metrics,
      baselines: [(name: "echo", metrics: Dictionary(uniqueKeysWithValues: baseline))],
      details: [
        "interval": .string(
          "95 %, \(bootstrap.resamples) resamples of rows, seed \(bootstrap.seed)"),
        "words": .string(Words.note),
      ])
  }

  /// One column for each of `names`.
  private static func columns(_ answers: [String], _ references: [String]) -> [[Double]] {
    let scores = zip(answers, references).map { AnswerOverlap(answer: $0, reference: $1) }
    return [scores.map(\.tokenF1), scores.map(\.exactMatch), scores.map(\.rougeL)]
  }

  /// What the user said before the last answer.
  private static func lastQuestion(_ prediction: Prediction) -> String {
    let turns = prediction.example.turns
    let answer = turns.lastIndex { $0.role == "assistant" } ?? turns.endIndex
    return turns[..<answer].last { $0.role == "user" }?.text ?? ""
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
