/// Yes-or-no judgements of one dimension against the annotators' majority.
struct BinarySheet {
  /// What `statistics` computes, in its order.
  static let names = ["accuracy", "precision", "recall", "f1", "auc"]

  /// The dimension's key.
  let dimension: String
  /// Judgements that have a majority; ones whose annotators are split evenly.
  let decided: [Judgement], ties: [Judgement]
  private let byClip: [[Judgement]]

  init(dimension: String, _ all: [Judgement]) {
    self.dimension = dimension
    let rated = all.filter { $0.dimension == dimension && $0.truth != nil }
    decided = rated.filter { $0.lean != 0 }
    ties = rated.filter { $0.lean == 0 }
    byClip = Dictionary(grouping: decided, by: \.clip).sorted { $0.key < $1.key }.map(\.value)
  }

  /// The number of clips.
  var clips: Int { byClip.count }

  /// Decisions of all judgements; unread ones are wrong.
  var confusion: Confusion { Self.confusion(decided) }

  /// Accuracy, precision, recall, F1 at p(1) ≥ 0.5, and ROC-AUC of p(1), over the clips `drawn`.
  func statistics(drawn: [Int]? = nil) -> [Statistic] {
    let chosen = drawn.map { $0.flatMap { byClip[$0] } } ?? decided
    let confusion = Self.confusion(chosen)
    let read = chosen.filter { $0.score != nil }
    return [
      confusion.accuracy, confusion.precision, confusion.recall, confusion.f1,
      rocAUC(read.compactMap { $0.score?.expected }, positive: read.map { $0.lean > 0 }),
    ]
  }

  /// The accuracy of always saying what most judgements are.
  var majority: Double {
    let positive = decided.count { $0.lean > 0 }
    return Double(max(positive, decided.count - positive)) / Double(max(1, decided.count))
  }

  private static func confusion(_ judgements: [Judgement]) -> Confusion {
    var confusion = Confusion()
    for judgement in judgements {
      let decision = judgement.score.map { $0.expected >= judgement.middle }
      confusion.add(decision, truth: judgement.lean > 0)
    }
    return confusion
  }
}

extension Judgement {
  /// Half way between no and yes.
  fileprivate var middle: Double { Double(low + high) / 2 }
  /// Above 0 where most annotators say yes, below where most say no, 0 for a tie.
  fileprivate var lean: Double { (truth ?? middle) - middle }
}
