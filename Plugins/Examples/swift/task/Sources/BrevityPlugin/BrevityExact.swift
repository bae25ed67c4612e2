// snippet: evaluator
import TaskKit

/// The share of answers that are the reference, white space at their ends aside.
struct BrevityExact: Evaluator {
  static let name = "brevity.exact"
  static let summary = "The share of exact answers."

  init(config: NoConfig, split: Split, host: HostServices) {}

  func evaluate(_ predictions: [Prediction]) throws -> Report {
    var exact = 0, echo = 0
    for prediction in predictions {
      guard let reference = prediction.reference else {
        throw PluginError(.data, "row \(prediction.index) has no reference")
      }
      if prediction.text.trimmed == reference { exact += 1 }
      if prediction.example.firstWord == reference { echo += 1 }
    }
    let count = predictions.count
    func share(_ hits: Int) -> Double { count == 0 ? 0 : Double(hits) / Double(count) }
    return Report(
      count: count, primary: "exact", metrics: [("exact", Measure(share(exact), count: count))],
      baselines: [("echo", ["exact": share(echo)])])
  }
}
// end snippet

extension String {
  /// Without the white space at both ends.
  fileprivate var trimmed: Substring {
    let start = drop(while: \.isWhitespace)
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { start[...$0] } ?? ""
  }
}

extension Example {
  /// The first word of what the user says, as a trivial model would repeat it.
  fileprivate var firstWord: String? {
    let words = turns.first { $0.role == "user" }?.text.split(whereSeparator: \.isWhitespace)
    return words?.first.map(String.init)
  }
}
