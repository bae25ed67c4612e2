import TaskKit

/// The task: answers like the chosen ones, unlike the rejected ones.
struct Preference: TuningTask {
  static let name = "preference"
  static let summary =
    "Preferred answers: pairs of chosen and rejected, several scored answers, or labeled ones."
  static var dataset: any Dataset.Type { PreferenceDataset.self }
  static var evaluator: (any Evaluator.Type)? { PreferenceEvaluator.self }
}

/// What the library offers.
public let plugin = Plugin(
  name: "preference", version: "1.0.0",
  exports: [
    .task(Preference.self), .dataset(PreferenceDataset.self),
    .evaluator(PreferenceEvaluator.self), .reward(FormatReward.self), .reward(AnswerReward.self),
    .reward(LengthReward.self), .reward(RepetitionReward.self), .reward(OverlapReward.self),
    .reward(RatingReward.self), .reward(JudgeReward.self), .reward(PreferenceModel.self),
  ])
