import Objectives
import Ranks
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
  /// The rows, as messages name them.
  var sources: [String]

  init(_ texts: ScoredTexts) {
    tokens = texts.tokens
    sources = texts.samples.map(\.source)
  }
}

extension BatchOutcome: Parcel {
  func pack(into bytes: inout ParcelWriter) {
    bytes.add(loss)
    bytes.add(tokens)
    bytes.add(isSilent)
    bytes.add(metrics.map(PackedMetric.init))
    bytes.add(sources)
  }

  init(from bytes: inout ParcelReader) {
    loss = bytes.take()
    tokens = bytes.take()
    isSilent = bytes.take()
    metrics = bytes.take([PackedMetric].self).map(\.metric)
    sources = bytes.take()
  }
}

/// A metric on its way to other ranks.
struct PackedMetric: Parcel {
  let metric: Metric

  init(_ metric: Metric) { self.metric = metric }

  func pack(into bytes: inout ParcelWriter) {
    bytes.add(metric.name)
    bytes.add(metric.sum)
    bytes.add(metric.weight)
    bytes.add(metric.union == .sum ? 0 : metric.union == .least ? 1 : 2)
  }

  init(from bytes: inout ParcelReader) {
    let name = bytes.take(String.self), sum = bytes.take(Double.self)
    let weight = bytes.take(Double.self), union = bytes.take(Int.self)
    metric = Metric(
      name, sum, over: weight, union: union == 0 ? .sum : union == 1 ? .least : .greatest)
  }
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

extension Gradients {
  /// Adds those of a penalty on what is trained; the loss is told without it.
  mutating func add(penalty: Tensor?) -> [Metric] {
    guard let penalty else { return [] }
    let metric = Metric("penalty", Double(penalty.scalar), over: 1)
    penalty.backward(into: &self)
    return [metric]
  }
}
