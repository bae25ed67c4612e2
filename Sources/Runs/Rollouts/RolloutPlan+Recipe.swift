import Formats
import Objectives
import Training

extension RolloutPlan {
  /// What a recipe asks for; `weights` are those of the rewards.
  init(_ recipe: Recipe, weights: [Double]) {
    let keys = recipe.objective.grpo, training = recipe.training
    self.init(
      batchSize: training.trainBatchSize,
      completionsPerStep: training.trainBatchSize * training.accumulation,
      stepsPerSampling: recipe.stepsPerSampling, iterations: keys.iterations,
      advantages: Advantages(keys.estimator, scale: keys.scale), weights: weights,
      masksTruncated: keys.masksTruncated)
  }
}

extension Recipe {
  /// How many rows of training a row of the dataset becomes.
  var rowsPerPrompt: Int {
    objective.type == .grpo ? objective.grpo.groupSize * objective.grpo.iterations : 1
  }

  /// Prompts of one sampling.
  var promptsPerSampling: Int { completionsPerSampling / objective.grpo.groupSize }
}
