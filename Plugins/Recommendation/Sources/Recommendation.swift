import TaskKit

/// The task: will this user like this movie?
struct Recommendation: TuningTask {
  static let name = "recommendation"
  static let summary = "Yes or No: will a user with these ratings like this movie (MovieLens)?"
  static var dataset: any Dataset.Type { RecommendationDataset.self }
  static var evaluator: (any Evaluator.Type)? { AnswerEvaluator.self }
}

/// What the library offers.
public let plugin = Plugin(
  name: "recommendation", version: "1.0.0",
  exports: [
    .task(Recommendation.self), .dataset(RecommendationDataset.self),
    .evaluator(AnswerEvaluator.self), .reward(AnswerReward.self),
  ])
