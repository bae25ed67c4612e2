/// What the keys of sampling and rewards say together.
extension Recipe {
  /// Micro-batches that share out the completions of one sampling.
  private var stepsPerGeneration: Int {
    objective.grpo.stepsPerGeneration ?? training.accumulation
  }

  /// Completions of one sampling; steps that each learn from a part of them.
  public var completionsPerSampling: Int { training.trainBatchSize * stepsPerGeneration }
  /// Steps that each learn from a part of one sampling.
  public var stepsPerSampling: Int { stepsPerGeneration / training.accumulation }

  func checkSampling() throws(FormatError) {
    let group = objective.grpo.groupSize, all = completionsPerSampling
    guard stepsPerGeneration % training.accumulation == 0 else {
      throw fault(
        "objective.steps_per_generation",
        "is \(stepsPerGeneration), which must be a multiple of gradient_accumulation_steps "
          + "(\(training.accumulation)), so that samplings serve whole steps")
    }
    guard all % group == 0 else {
      throw fault(
        "objective.num_generations",
        "is \(group), but a sampling has \(all) completions (per_device_train_batch_size × "
          + "steps_per_generation, which is gradient_accumulation_steps unless set): that is no whole "
          + "number of prompts; make it a multiple of \(group)")
    }
    guard !trainsEachTurn else {
      throw fault(
        "data.assistant_turns", "is each, but grpo answers the last turn of each row; leave it out")
    }
    let isOfGroup = objective.grpo.scale == .group && origins["objective.scale_rewards"] != nil
    guard !isOfGroup || objective.grpo.estimator != .reinforcePlusPlus else {
      throw fault(
        "objective.scale_rewards",
        "is group, but advantage_estimator reinforce_plus_plus compares with all that a step has "
          + "sampled; give batch or none, or leave it out")
    }
    if objective.grpo.rollouts == nil { try checkRewards(of: "grpo") }
  }

  func checkRewards(of type: String) throws(FormatError) {
    guard !rewards.isEmpty else {
      throw fault(
        "objective.type",
        "is \(type), which learns from rewards, but none is named; add rewards: [{name: …}], see "
          + "`host plugins list`")
    }
    if let weights = objective.grpo.rewardWeights?.numbers {
      guard weights.count == rewards.count else {
        throw fault(
          "objective.reward_weights",
          "has \(weights.count) numbers for \(rewards.count) rewards; give one for each")
      }
      if let index = rewards.indices.first(where: { origins["rewards[\($0)].weight"] != nil }) {
        throw fault(
          "rewards[\(index)].weight", "stands beside objective.reward_weights; give one of them")
      }
    }
    guard rewardWeights.contains(where: { $0 != 0 }) else {
      throw fault("rewards", "have the weight 0, all of them, so that nothing would be learnt")
    }
  }

  /// What each reward counts.
  public var rewardWeights: [Double] {
    objective.grpo.rewardWeights?.numbers ?? rewards.map(\.weight)
  }
}
