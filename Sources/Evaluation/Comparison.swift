import Tasks

/// Two models' answers to the same rows: where they disagree, and which of the two is right more
/// often.
public struct Comparison: Sendable {
  /// What the answers to a row are to each other.
  public enum Outcome: String, Sendable, CaseIterable {
    /// Both say the same, and it is right, or wrong.
    case bothRight = "both_right"
    case sameWrong = "same_wrong"
    /// The tuned model is right where the base is wrong; the other way about.
    case improvement, regression
    /// Two different wrong answers.
    case bothWrong = "both_wrong"
    /// The row has no reference to be right or wrong by: same answer, different answers.
    case sameUnjudged = "same_unjudged"
    case differentUnjudged = "different_unjudged"

    /// Whether the answers differ.
    public var isDisagreement: Bool {
      switch self {
      case .improvement, .regression, .bothWrong, .differentUnjudged: true
      case .bothRight, .sameWrong, .sameUnjudged: false
      }
    }
  }

  /// A row with both answers.
  public struct Row: Sendable {
    /// What each model said.
    public let base: Prediction, tuned: Prediction
    /// What the answers are to each other.
    public let outcome: Outcome

    init(_ base: Prediction, _ tuned: Prediction) {
      precondition(base.index == tuned.index, "comparison: row \(base.index) and \(tuned.index)")
      self.base = base
      self.tuned = tuned
      let isSame = base.answer == tuned.answer
      outcome =
        switch (base.isCorrect, tuned.isCorrect) {
        case (true?, true?): .bothRight
        case (false?, true?): .improvement
        case (true?, false?): .regression
        case (false?, false?): isSame ? .sameWrong : .bothWrong
        default: isSame ? .sameUnjudged : .differentUnjudged
        }
    }
  }

  /// The rows in the order in which they were asked.
  public let rows: [Row]
  private let clusters: [String]
  private let bootstrap: PairedBootstrap

  /// Compares answers to the same rows in the same order. `clusters` names what each row belongs to,
  /// as `Report.clusters`; `seed` draws the intervals' resamples.
  public init(
    base: [Prediction], tuned: [Prediction], clusters: [String] = [], seed: UInt64
  ) {
    precondition(
      base.count == tuned.count, "comparison: \(base.count) and \(tuned.count) answers")
    precondition(
      clusters.isEmpty || clusters.count == base.count,
      "comparison: \(clusters.count) clusters for \(base.count) rows")
    self.clusters = clusters
    rows = zip(base, tuned).map(Row.init)
    bootstrap = PairedBootstrap(seed: seed)
  }

  /// The rows of one outcome.
  public func rows(_ outcome: Outcome) -> [Row] { rows.filter { $0.outcome == outcome } }

  /// The number of rows of one outcome.
  public func count(_ outcome: Outcome) -> Int { rows.count { $0.outcome == outcome } }

  /// Rows that the models answer differently.
  public var disagreements: Int { rows.count { $0.outcome.isDisagreement } }

  /// The share of right answers of each model, and tuned less base with the paired interval; nil when
  /// no row has a reference.
  public var correctness: (base: Double, tuned: Double, difference: Measure)? {
    var judged: [(base: Double, tuned: Double)] = [], drawn: [String] = []
    for (place, row) in rows.enumerated() {
      guard let base = row.base.isCorrect, let tuned = row.tuned.isCorrect else { continue }
      judged.append((base ? 1 : 0, tuned ? 1 : 0))
      if !clusters.isEmpty { drawn.append(clusters[place]) }
    }
    let gains = judged.map { $0.tuned - $0.base }
    guard let difference = bootstrap.mean(gains, clusters: drawn) else { return nil }
    let count = Double(judged.count)
    return (
      judged.reduce(0) { $0 + $1.base } / count, judged.reduce(0) { $0 + $1.tuned } / count,
      difference
    )
  }
}
