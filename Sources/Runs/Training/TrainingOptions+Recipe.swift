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
    saveSeconds = training.saveMinutes.map { 60 * $0 }
    saveLimit = training.saveLimit
    tracking.usesTensorBoard = training.trackers.tensorBoard
    tracking.usesWandB = training.trackers.wandb
    tracking.config = recipe.json
    tracking.arguments = CommandLine.arguments
    bestMetric = recipe.bestMetric
    loadsBest = training.loadsBestModel && hasValidation
    patience = training.stoppingPatience
    stoppingThreshold = training.stoppingThreshold
    seed = UInt64(training.seed)
    isShuffled = recipe.isShuffled
  }
}

extension Recipe {
  /// The least rate with which adapters are usually learnt: ten times what whole models take.
  private static let leastAdapterRate = 1e-5
  /// The least rate with which virtual tokens are usually learnt.
  private static let leastTokenRate = 1e-3

  /// What is to be said of a learning rate that hardly moves adapters; nil where there is nothing.
  ///
  /// AdamW moves each number by about the rate in a step, whatever the gradient. Of an adapter that is
  /// a number of B, which reaches a weight of the model through A, whose numbers are below 1/√inputs:
  /// the weight moves about a tenth as far, so that 1e-6, which is usual for whole models and the
  /// default of others for preferences, leaves an adapter where it is.
  public var rateWarning: String? {
    let rate = training.learningRate
    if [.prefixTuning, .promptTuning].contains(peft.method), rate < Self.leastTokenRate {
      return
        "warning: training_args.learning_rate \(rate) hardly moves virtual tokens, whose numbers are as "
        + "large as what models embed; usual for them are 1e-3 to 1e-1"
    }
    guard peft.method != .full, rate < Self.leastAdapterRate else { return nil }
    return
      "warning: training_args.learning_rate \(rate) is a rate for whole models, with which adapters "
      + "hardly move (a loss of pairs stays at its first value); usual for adapters are 1e-5 to 1e-3"
  }
}
