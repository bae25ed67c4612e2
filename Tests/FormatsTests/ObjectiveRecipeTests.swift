import Testing

@testable import Formats

/// The section `objective`.
@Suite struct ObjectiveRecipeTests {
  @Test(arguments: [
    ("type: dop", "type must be one of sft, dpo, kto, simpo, orpo, cpo, grpo,"),
    ("type: dop", "found the text 'dop'; did you mean 'dpo'?"),
    ("type: dpo, bata: 0.2", "unknown key 'bata' in objective; did you mean 'beta'?"),
    ("type: dpo, loss_typ: ipo", "did you mean 'loss_type'?"),
    ("type: dpo, loss_type: sigmiod", "did you mean 'sigmoid'?"),
    ("type: dpo, beta: 0", "beta must be greater than 0, found 0"),
    ("type: dpo, beta: -0.1", "beta must be 0 or greater, found -0.1"),
    ("type: dpo, loss_type: robust, label_smoothing: 0.5", "label_smoothing must be at least 0"),
    (
      "type: dpo, loss_type: exo_pair, label_smoothing: 0",
      "recipe.yaml:2: objective.label_smoothing must be greater than 0 for exo_pair"
    ),
    (
      "type: dpo, loss_type: exo_pair",
      "recipe.yaml:2: objective.loss_type names exo_pair, which needs objective.label_smoothing"
    ),
    ("type: dpo, loss_type: ipo, label_smoothing: 0.1", "label_smoothing has no effect on ipo"),
    ("type: dpo, loss_type: [sigmoid, sft], loss_weights: [1, 2, 3]", "has 3 numbers for 2"),
    ("type: dpo, loss_type: [sigmoid, sigmoid]", "names 'sigmoid' twice"),
    ("type: dpo, loss_type: sft", "set objective.type: sft"),
    ("type: dpo, loss_type: []", "loss_type must be a name or a list of names"),
    ("type: dpo, desirable_weight: 2", "desirable_weight has no effect on objective.type dpo"),
    ("type: sft, beta: 0.2", "beta has no effect on objective.type sft; it belongs to dpo"),
    ("type: kto, loss_type: sigmoid", "there are kto, apo_zero_unpaired"),
    ("type: kto, loss_type: [kto, apo_zero_unpaired]", "of which kto has one"),
    ("type: dpo, num_generations: 4", "num_generations has no effect on objective.type dpo"),
    ("type: grpo, num_generations: 1", "num_generations is 1, but a completion is good or bad"),
    ("type: grpo, loss_type: ppo", "there are grpo, dapo, bnpo, cispo, sapo, dr_grpo"),
    ("type: grpo, loss_type: [dapo, grpo]", "of which grpo has one"),
    ("type: grpo, delta: 1.1", "delta must be greater than 1 + epsilon_high"),
    ("type: grpo, loss_type: sapo, epsilon_high: 0.3", "epsilon_high has no effect on loss_type"),
    ("type: grpo, top_p: 0.9, num_iterations: 2", "top_p cuts the distribution"),
    (
      "type: grpo, advantage_estimator: reinforce_plus_plus, scale_rewards: group",
      "scale_rewards is group, but advantage_estimator reinforce_plus_plus compares with all"
    ),
    ("type: grpo", "learns from rewards, but none is named"),
    ("type: expected_reward, loss_type: sft", "rewards nothing; set objective.type: sft"),
    ("type: dpo, use_weighting: true", "unknown key 'use_weighting' in objective"),
  ]) func refuses(_ section: String, _ message: String) throws {
    let error = try #require(throws: FormatError.self) {
      try RecipeTests.recipe("task: a\nobjective: { \(section) }")
    }
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.hasPrefix("recipe") && error.description.contains("objective"))
  }

  /// KTO reads prompts with other rows' answers, so that a step has two rows or more.
  @Test func rowsAlone() throws {
    let alone = "training_args: { per_device_train_batch_size: 1 }\nobjective: "
    let error = try #require(throws: FormatError.self) {
      try RecipeTests.recipe(alone + "{ type: kto }")
    }
    #expect(error.description.contains("recipe.yaml:1: training_args.per_device_train_batch_size"))
    for other in ["{ type: dpo }", "{ type: kto, loss_type: apo_zero_unpaired }"] {
      _ = try RecipeTests.recipe(alone + other)
    }
    _ = try RecipeTests.recipe(
      alone + "{ type: kto }", "training_args.gradient_accumulation_steps=2")
  }

  /// The rate where the recipe names none.
  @Test func rates() throws {
    func rate(_ text: String) throws -> Double {
      try RecipeTests.recipe(text).training.learningRate
    }
    #expect(try rate("objective: { type: dpo }") == 5e-5)
    #expect(try rate("objective: { type: dpo }\npeft: { method: full }") == 1e-6)
    #expect(try rate("objective: { type: sft }") == 2e-4)
    #expect(try rate("objective: { type: kto }\ntraining_args: { learning_rate: 3e-4 }") == 3e-4)
  }
}
