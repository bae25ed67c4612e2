import Formats
import Training

extension TrainingOptions {
  /// The recipe's training_args over `rows` rows. Intervals that nobody set follow from the number of
  /// steps: about 50 log rows, 4 evaluations, and a checkpoint with each.
  public init(_ recipe: Recipe, rows: Int, hasValidation: Bool) {
    let training = recipe.training
    let perStep = training.trainBatchSize * training.accumulation
    let perEpoch = (rows + perStep - 1) / perStep
    let steps =
      training.maximumSteps ?? max(1, Int((Double(perEpoch) * training.epochs).rounded(.up)))
    let warmup =
      training.warmupSteps ?? Int((Double(steps) * training.warmupRatio).rounded(.up))
    self.init(
      steps: steps,
      learningRate: LearningRate(
        training.schedule, peak: training.learningRate, warmup: warmup, total: steps))
    batchSize = training.trainBatchSize
    accumulation = training.accumulation
    evaluationBatchSize = training.evaluationBatchSize
    evaluationRows = recipe.evaluation.maximumSamples
    epochs = Double(steps) / Double(perEpoch)
    maximumNorm = training.maximumGradientNorm > 0 ? training.maximumGradientNorm : nil
    loggingSteps = training.loggingSteps ?? max(1, steps / 50)
    evaluationSteps = training.evaluationSteps ?? max(1, (steps + 3) / 4)
    saveSteps = training.saveSteps ?? evaluationSteps
    saveLimit = training.saveLimit
    bestMetric = recipe.bestMetric
    loadsBest = training.loadsBestModel && hasValidation
    patience = training.stoppingPatience
    stoppingThreshold = training.stoppingThreshold
    seed = UInt64(training.seed)
    isShuffled = recipe.isShuffled
  }
}
