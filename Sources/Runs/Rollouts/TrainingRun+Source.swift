import Formats
import Models
import Objectives
import Rows
import Tasks
import Training

extension TrainingRun {
  /// Where the rows of steps come from: the dataset, a file of recorded completions, or the model.
  func source(
    _ planned: PlannedRun, _ runner: StepRunner, _ kept: ReferenceTable?,
    _ options: RewardedOptions?
  ) throws -> any StepSource {
    guard recipe.objective.type == .grpo else {
      let order = DataOrder(rows: planned.train.count, planned.options)
      return DatasetSource(
        planned.train, order: order, batchSize: planned.options.batchSize, kept: kept,
        options: options)
    }
    if let recorded = planned.recorded {
      let plan = RolloutPlan(recipe, weights: try weights(of: recorded, planned.opened.panel))
      return RolloutSource(recorded, plan, runner: runner)
    }
    guard let panel = planned.opened.panel else {
      preconditionFailure("grpo: no rewards have passed the recipe's check")
    }
    let plan = RolloutPlan(recipe, weights: recipe.rewardWeights)
    let groups = try ModelGroups(
      session, planned.model, planned.opened.desk, prompts: planned.train, plan: plan, panel: panel,
      log: planned.opened.log.map(RolloutLog.init), shownEvery: planned.options.loggingSteps,
      group: group)
    return RolloutSource(groups, plan, runner: runner)
  }

  /// What recorded rewards count: what `rewards` says of those of the same names, or, where it names
  /// none, 1 each.
  private func weights(
    of recorded: RecordedGroups, _ panel: RewardPanel?
  ) throws -> [Double] {
    if let weights = recipe.objective.grpo.rewardWeights?.numbers {
      guard weights.count == recorded.rewards.count else {
        throw recipe.fault(
          "objective.reward_weights",
          "has \(weights.count) numbers for the rewards \(recorded.rewards.joined(separator: ", ")) of "
            + "objective.rollouts; give one for each")
      }
      return weights
    }
    guard let panel else { return recorded.rewards.map { _ in 1 } }
    return try recorded.rewards.map { name in
      guard let reward = panel.members.first(where: { $0.name == name }) else {
        throw recipe.fault(
          "rewards",
          "have none of the name '\(name)', which objective.rollouts holds; name it with its weight, or "
            + "leave rewards out, so that each counts 1")
      }
      return reward.weight
    }
  }

  /// The recorded completions that the recipe names; nil where it names none.
  func recorded(of model: CausalLanguageModel) throws -> RecordedGroups? {
    guard recipe.objective.type == .grpo, let path = recipe.objective.grpo.rollouts else {
      return nil
    }
    return try RecordedGroups(
      path, groupSize: recipe.objective.grpo.groupSize, perSampling: recipe.promptsPerSampling,
      vocabulary: model.config.vocabularySize, context: try context(of: model))
  }

  /// The most tokens that a text may have: the model's context without the virtual tokens of an adapter.
  private func context(of model: CausalLanguageModel) throws(FormatError) -> Int {
    model.config.contextLength
      - (try session.adapterConfig()?.method.virtualTokens?.count ?? 0)
  }

  /// Refuses rows that virtual tokens before them would push out of the model's context.
  func checkContext(_ rows: EncodedDataset, in model: CausalLanguageModel) throws(FormatError) {
    let room = try context(of: model), virtual = model.config.contextLength - room
    let longest = rows.longestTexts(1).first ?? 0
    guard virtual > 0, longest > room else { return }
    throw recipe.fault(
      "peft.num_virtual_tokens",
      "puts \(virtual) tokens before every row, of which the longest has \(longest) tokens, but the "
        + "model's context is \(model.config.contextLength); set training_args.max_length: "
        + "\(max(room, 0)) with on_overlength: drop or truncate, or use fewer virtual tokens")
  }

  /// Refuses prompts that leave no room for a completion of the greatest length.
  func checkRoom(_ prompts: EncodedDataset, in model: CausalLanguageModel) throws(FormatError) {
    let keys = recipe.objective.grpo, context = try context(of: model)
    guard recipe.objective.type == .grpo, keys.rollouts == nil else { return }
    guard keys.maximumNewTokens < context else {
      throw recipe.fault(
        "objective.max_completion_length",
        "is \(keys.maximumNewTokens), but the model's context is \(context) tokens, the prompt "
          + "included; lower it")
    }
    let longest = prompts.longestTexts(1).first ?? 0, room = context - keys.maximumNewTokens
    guard longest <= room else {
      throw recipe.fault(
        "objective.max_completion_length",
        "is \(keys.maximumNewTokens), but the longest prompt has \(longest) tokens and the model's "
          + "context is \(context); lower it, or set training_args.max_length: \(room) with "
          + "on_overlength: drop to leave such prompts out")
    }
  }

  /// What the options of rows earn, where that is learnt.
  func rewardedOptions(_ opened: OpenedRun, of dataset: EncodedDataset) -> RewardedOptions? {
    guard recipe.objective.type == .expectedReward, let panel = opened.panel else { return nil }
    let choices = RewardedChoices(
      session, dataset, panel: panel, weights: recipe.rewardWeights)
    return choices.callAsFunction
  }
}
