import TaskKit

/// A reward: what a reward model scores the answer, one that was trained before with
/// `objective.type: reward_model`.
struct PreferenceModel: BatchReward {
  static let name = "preference_model"
  static let summary = "The score of a reward model: of a folder, or of an adapter on one."

  /// `model`: a folder. `adapter`: a PEFT folder that makes a reward model of it.
  struct Config: Decodable, Sendable { var model: String, adapter: String? }

  private let model: RewardModel

  init(config: Config, host: HostServices) throws {
    model = try host.rewardModel(in: config.model, adapter: config.adapter)
  }

  func score(_ batch: [Completion]) throws -> [Score] {
    try model.scores(of: batch.map { (.text($0.prompt), $0.text) }).map { .score($0) }
  }
}
