public import JSON
import Tensors
public import Tracking

/// What a run is told besides its model and data.
public struct TrainingOptions: Sendable {
  /// Rows of a micro-batch, micro-batches of a step, rows of an evaluation batch.
  public var batchSize = 8, accumulation = 1, evaluationBatchSize = 8
  /// All optimizer steps.
  public var steps = 0
  /// Epochs as asked for, for the record.
  public var epochs = 0.0
  /// The learning rate of each step.
  public var learningRate: LearningRate
  /// The greatest norm of the gradient; nil does not clip.
  public var maximumNorm: Double? = 1
  /// Rows of the validation split that an evaluation's loss is taken of, drawn once by the seed; nil:
  /// all.
  public var evaluationRows: Int?
  /// Intervals in steps.
  public var loggingSteps = 1, evaluationSteps = 1, saveSteps = 1
  /// Seconds after which a checkpoint is due, whatever the steps; nil: never.
  public var saveSeconds: Double?
  /// Checkpoints kept beside the best one; nil: all.
  public var saveLimit: Int?
  /// The metric that chooses the best step, and its direction.
  public var bestMetric = "eval_loss", greaterIsBetter = false
  /// Whether the metric is known to exist: an evaluation without it then has it undefined, which is no
  /// gain, and not the wrong name.
  public var isMetricKnown = false
  /// Whether a resumed run looks for its best step anew: its evaluations now mean something else.
  public var forgetsBest = false
  /// Whether the run ends with the best step's weights.
  public var loadsBest = false
  /// Evaluations in a row without a gain of more than the threshold over the best one after which the
  /// run ends, as transformers' EarlyStoppingCallback counts them; nil: never.
  public var patience: Int?, stoppingThreshold = 0.0
  /// Who is told how the run goes beside its own files.
  public var tracking = Tracking()
  /// Decides the order of rows and dropout.
  public var seed: UInt64 = 42
  /// Whether each epoch has an order of its own.
  public var isShuffled = true
  /// Where the optimizer's moments lie in a scratch file; nil: in memory.
  public var momentsFolder: String?
  /// The run's folder as this rank sees it, where each rank writes its part of a checkpoint's moments; nil:
  /// rank 0 writes them all.
  public var partsFolder: String?
  /// Whether ranks show each other, before the first step, that they compute the same gradient.
  public var probes = true
  /// Whether anything is dropped out in training.
  public var usesDropout = false

  /// Who is told how a run goes.
  public struct Tracking: Sendable {
    /// Whether there are event files for TensorBoard, and a file for `wandb sync`.
    public var usesTensorBoard = true, usesWandB = false
    /// What the run was told, and the command that began it, for those who keep them.
    public var config = JSONValue.emptyObject, arguments: [String] = []
    /// What the program prints, for those who keep it.
    public var console: PrintedLines?

    /// TensorBoard alone.
    public init() {}
  }

  /// Options for `steps` steps; the rest has defaults.
  public init(steps: Int, learningRate: LearningRate) {
    self.steps = steps
    self.learningRate = learningRate
  }

  /// The masks of dropout that a step's micro-batch draws; nil where nothing is dropped out.
  func masks(step: Int, batch: Int) -> ForwardPass.Masks? {
    usesDropout ? .init(seed: seed, pass: UInt64(step) << 20 | UInt64(batch)) : nil
  }
}

extension TrainingOptions {
  /// Writes into a run's state what transformers' Trainer notes there of its arguments.
  func note(in state: inout TrainerState) {
    state.maxSteps = steps
    state.epochs = epochs
    state.loggingSteps = loggingSteps
    state.evalSteps = evaluationSteps
    state.saveSteps = saveSteps
    state.trainBatchSize = batchSize
  }
}

/// What a run tells while it goes.
public enum TrainingEvent: Sendable {
  /// A step begins; an evaluation after a step begins.
  case began(step: Int)
  case evaluates(step: Int)
  /// A step is done: its number, mean loss since the last row of the log, what a preference objective says of its rewards, gradient norm
  /// before clipping, rate, tokens, seconds, and of these what its rows took, by kind of work.
  case step(
    Int, loss: Double, rewards: [(name: String, value: Double)], norm: Double, rate: Double,
    tokens: Int, seconds: Double, parts: [(name: String, seconds: Double)])
  /// Part of an evaluation is done: rows of all rows.
  case evaluating(Int, Int)
  /// With several ranks: the share of the step that they waited for one another, and the rank that was the
  /// last. Told before the step.
  case ranks(waiting: Double, slowest: Int)
  /// A row of the log: the means of the steps since the last one.
  case logged(Int, [(name: String, value: Double)])
  /// An evaluation is done.
  case evaluated(Int, [(name: String, value: Double)], isBest: Bool)
  case saved(String)
  case note(String)
}

/// How a run ended.
public enum TrainingOutcome: Sendable, Hashable {
  case finished(step: Int)
  /// Early stopping, and why, in a sentence without its full stop.
  case stopped(step: Int, reason: String)
  /// A signal; the checkpoint of `step` continues the run.
  case interrupted(step: Int)
}
