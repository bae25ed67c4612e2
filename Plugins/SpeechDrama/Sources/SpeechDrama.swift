import TaskKit

/// The task: judging acted speech.
struct SpeechDrama: TuningTask {
  static let name = "speech_drama"
  static let summary = "Judges acted speech: scores of clips, learnt from annotators' ratings."
  static var dataset: any Dataset.Type { DramaDataset.self }
  static var evaluator: (any Evaluator.Type)? { DramaEvaluator.self }
  static var defaults: JSON { ["data": ["prompts": "${task}/prompts"]] }
}

/// What the library offers.
public let plugin = Plugin(
  name: "speech_drama", version: "1.0.0",
  exports: [
    .task(SpeechDrama.self), .dataset(DramaDataset.self), .evaluator(DramaEvaluator.self),
  ], audio: ClipProbe.self)
