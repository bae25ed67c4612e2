import JSON
import Objectives

/// What the steps since the last row of the log have added up to.
struct LogWindow {
  private var loss = Metric("loss", 0, over: 0)
  private var metrics: [Metric] = []

  init() {}

  /// Adds a step. Of what steps tell as their least or greatest the mean is told.
  mutating func add(_ result: StepResult) {
    loss.sum += result.loss * result.weight
    loss.weight += result.weight
    metrics += result.metrics.map { Metric($0.name, $0.sum, over: $0.weight) }
  }

  /// The mean loss; means of nothing are left out of `values`.
  var meanLoss: Double { loss.mean ?? 0 }

  /// The other means, by name.
  var values: [(name: String, value: Double)] { metrics.means }

  /// For a checkpoint, which continues a window of the log.
  var json: JSONValue {
    var members: JSONValue = .emptyObject
    for metric in [loss] + metrics {
      members = members.setting(
        metric.name, .array([.double(metric.sum), .double(metric.weight)]))
    }
    return members
  }

  /// Reads what `json` wrote.
  init(json: JSONValue) {
    for (name, value) in json.object ?? [:] {
      let metric = Metric(name, value[0]?.double ?? 0, over: value[1]?.double ?? 0)
      if name == loss.name { loss = metric } else { metrics.append(metric) }
    }
  }
}
