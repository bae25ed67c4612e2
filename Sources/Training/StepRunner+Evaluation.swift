import Objectives
import Ranks

extension StepRunner {
  /// Sums of an evaluation.
  struct Evaluated {
    var values: [Double], weights: [Double], metrics: [Metric] = []

    init(count: Int) {
      values = Array(repeating: 0, count: count)
      weights = values
    }

    static func += (left: inout Evaluated, right: Evaluated) {
      for index in left.values.indices {
        left.values[index] += right.values[index]
        left.weights[index] += right.weights[index]
      }
      left.metrics += right.metrics
    }

    /// The weighted sum of the terms' means.
    func loss(_ terms: [Term]) -> Double {
      terms.indices.reduce(0) {
        $0 + terms[$1].weight * values[$1] / max(weights[$1], 1)
      }
    }
  }
}

extension StepRunner.Evaluated: Parcel {
  func pack(into bytes: inout ParcelWriter) {
    bytes.add(values)
    bytes.add(weights)
    bytes.add(metrics.map(PackedMetric.init))
  }

  init(from bytes: inout ParcelReader) {
    values = bytes.take()
    weights = bytes.take()
    metrics = bytes.take([PackedMetric].self).map(\.metric)
  }
}
