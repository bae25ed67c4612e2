import Objectives
import Tensors

/// What a micro-batch came to beside its gradient.
struct BatchOutcome {
  /// Its share of the step's loss.
  var loss = 0.0
  /// Tokens read.
  var tokens: Int
  /// Whether there was nothing to learn.
  var isSilent = true
  /// What the log tells beside the loss.
  var metrics: [Metric] = []

  init(tokens: Int) { self.tokens = tokens }
}

/// A step's micro-batches as leaves of its gradient's sum.
struct StepLeaves {
  /// The micro-batches of each leaf.
  let ranges: [Range<Int>]

  /// `lanes` leaves of neighbours, at most as many as there are micro-batches; nil: one each.
  init(batches: Int, lanes: Int?) {
    let count = min(lanes ?? batches, batches)
    ranges = (0..<count).map { batches * $0 / count..<batches * ($0 + 1) / count }
  }
}

extension StepLeaves {
  /// Gradients that are held at once while the leaves of `batches` are summed: partial sums, and the
  /// one that is being computed.
  static func gradients(batches: Int, lanes: Int?) -> Int {
    let count = max(min(lanes ?? batches, batches), 1)
    return Int.bitWidth - count.leadingZeroBitCount
  }
}

extension Gradients {
  /// Adds those of a penalty on what is trained; the loss is told without it.
  mutating func add(penalty: Tensor?) -> [Metric] {
    guard let penalty else { return [] }
    let metric = Metric("penalty", Double(penalty.scalar), over: 1)
    penalty.backward(into: &self)
    return [metric]
  }
}
