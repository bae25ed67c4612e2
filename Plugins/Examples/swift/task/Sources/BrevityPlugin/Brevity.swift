// snippet: task
import TaskKit

/// Say once what was said three times.
enum Brevity: TuningTask {
  static let name = "brevity"
  static let summary = "Say once what was said three times."
  static var dataset: any Dataset.Type { BrevityRows.self }
  static var evaluator: (any Evaluator.Type)? { BrevityExact.self }

  /// What the recipe holds where the user's own says nothing.
  static let defaults: JSON = ["training_args": ["max_length": 64]]
}
// end snippet

// snippet: plugin
/// What this library offers to the host.
public let plugin = Plugin(
  name: "brevity", version: "1.0.0",
  exports: [.task(Brevity.self), .dataset(BrevityRows.self), .evaluator(BrevityExact.self)])
// end snippet
