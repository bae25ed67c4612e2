import TaskKit

/// The generic task: conversations from files.
struct Instruct: TuningTask {
  static let name = "instruct"
  static let summary =
    "Conversations from JSONL: chat, ShareGPT, Alpaca, or prompt and completion rows."
  static var dataset: any Dataset.Type { ConversationDataset.self }
  static var evaluator: (any Evaluator.Type)? { OverlapEvaluator.self }
}

/// What the library offers.
public let plugin = Plugin(
  name: "instruct", version: "1.0.0",
  exports: [
    .task(Instruct.self), .dataset(ConversationDataset.self), .evaluator(OverlapEvaluator.self),
  ])
