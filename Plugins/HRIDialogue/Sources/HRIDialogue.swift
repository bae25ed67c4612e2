import TaskKit

/// The task: answer requests to a robot in the manner of the dialogues.
struct HRIDialogue: TuningTask {
  static let name = "hri_dialogue"
  static let summary = "Answers requests to a robot: assembly, delivery, position, relocation."
  static var dataset: any Dataset.Type { DialogueDataset.self }
  static var evaluator: (any Evaluator.Type)? { DialogueEvaluator.self }
}

/// What the library offers.
public let plugin = Plugin(
  name: "hri_dialogue", version: "1.0.0",
  exports: [
    .task(HRIDialogue.self), .dataset(DialogueDataset.self), .evaluator(DialogueEvaluator.self),
    .reward(DialogueReward.self),
  ])
