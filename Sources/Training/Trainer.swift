import Adapters
import Formats
import JSON
import Layers
import Models
import Rows
import Tasks
import Tensors
import Tracking

/// The one training loop.
public final class Trainer {
  let model: CausalLanguageModel
  let trainable: Trainable
  let optimizer: AdamW
  let train: EncodedDataset, validation: EncodedDataset?
  let options: TrainingOptions
  let folder: RunFolder
  let order: DataOrder
  /// What the run is, for each checkpoint, and the folder of the base model.
  let receipt: (() throws -> JSONValue)?, base: String?
  /// The task's own metrics at an evaluation, beside the loss.
  let judge: ((_ step: Int) throws -> [(name: String, value: Double)])?
  let observe: (TrainingEvent) -> Void
  private(set) var state = TrainerState()
  private var log: MetricsLog?, events: EventWriter?
  private var window = (loss: 0.0, tokens: 0, accuracy: TokenAccuracy())
  private var savedStep: Int?

  /// Assembles a run; nothing is written before `run`.
  public init(
    model: CausalLanguageModel, trainable: Trainable, optimizer: AdamW, train: EncodedDataset,
    validation: EncodedDataset?, options: TrainingOptions, folder: RunFolder,
    base: String? = nil, receipt: (() throws -> JSONValue)? = nil,
    judge: ((_ step: Int) throws -> [(name: String, value: Double)])?,
    observe: @escaping (TrainingEvent) -> Void
  ) {
    self.model = model
    self.trainable = trainable
    self.optimizer = optimizer
    self.train = train
    self.validation = validation
    self.options = options
    self.folder = folder
    (self.receipt, self.base) = (receipt, base)
    self.judge = judge
    self.observe = observe
    order = DataOrder(
      rows: train.count, rowsPerStep: options.batchSize * options.accumulation,
      seed: options.seed, isShuffled: options.isShuffled)
  }

  /// Runs to the end, from the newest good checkpoint when `resuming`. `shouldStop` is asked between
  /// steps; when it says so, a checkpoint is saved and the run ends.
  public func run(resuming: Bool, shouldStop: () -> Bool) throws -> TrainingOutcome {
    try folder.make()
    if resuming { try resume() }
    noteOptions()
    log = try MetricsLog(path: folder.path + "/metrics.jsonl", keepingThrough: state.globalStep)
    events = try EventWriter(
      folder: folder.path + "/logs", keepingThrough: state.globalStep)
    // A run that has stopped early stays where it stopped.
    var ending: TrainingOutcome? = resuming && isStale ? stopped : nil
    if state.owesEvaluation { ending = try conclude(state.globalStep, shouldStop) }
    while ending == nil, state.globalStep < options.steps {
      let number = state.globalStep + 1
      try step(number)
      ending = try conclude(number, shouldStop)
    }
    if case .interrupted = ending { return .interrupted(step: state.globalStep) }
    if options.loadsBest, let best = state.bestGlobalStep, best != state.globalStep {
      try trainable.restore(from: folder.checkpoint(best) + "/" + trainable.weightsFile)
      observe(.note("ends with the weights of step \(best), the best by \(watched)"))
    }
    return ending ?? .finished(step: options.steps)
  }

  /// What follows a step: an evaluation and a checkpoint where they are due. Not nil when the run
  /// ends here, before its last step.
  private func conclude(_ number: Int, _ shouldStop: () -> Bool) throws -> TrainingOutcome? {
    let isLast = number == options.steps, wasOwed = state.owesEvaluation
    if isLast || number % options.evaluationSteps == 0 {
      do { try evaluateDue() } catch let error as TaskError where error.kind == .cancelled {
        guard shouldStop() else { throw error }
        return .interrupted(step: number)
      }
    }
    if isStale {
      try save()
      return stopped
    }
    let isInterrupted = !isLast && shouldStop()
    let isDue = number % options.saveSteps == 0 || isBestNow || wasOwed
    if isLast || isInterrupted || isDue { try save() }
    return isInterrupted ? .interrupted(step: number) : nil
  }

  /// Evaluates. Where that fails, as it may for a plugin's sake, the steps since the last checkpoint
  /// are saved, and a resumed run begins with this evaluation.
  private func evaluateDue() throws {
    if state.owesEvaluation { savedStep = nil }
    state.owesEvaluation = true
    do { try evaluate() } catch {
      do {
        try save()
        observe(.note("step \(state.globalStep) is saved; --resume goes on with its evaluation"))
      } catch { observe(.note("the checkpoint cannot be saved: \(error)")) }
      throw error
    }
    state.owesEvaluation = false
  }

  private func noteOptions() {
    state.maxSteps = options.steps
    state.epochs = options.epochs
    state.loggingSteps = options.loggingSteps
    state.evalSteps = options.evaluationSteps
    state.saveSteps = options.saveSteps
    state.trainBatchSize = options.batchSize
  }

  private func resume() throws {
    guard let resumption = folder.resumption else { return }
    resumption.notes.forEach { observe(.note($0)) }
    guard let step = resumption.step else {
      return observe(
        .note(
          resumption.notes.isEmpty
            ? "the run was ended before its first checkpoint; it starts over at step 1"
            : "no checkpoint is whole; the run starts over at step 1"))
    }
    try folder.checkResumption(of: trainable, steps: options.steps)
    state = try Checkpoint.read(from: folder.checkpoint(step), trainable, optimizer)
    savedStep = step
    if options.forgetsBest {
      (state.bestMetric, state.bestGlobalStep, state.bestCheckpoint) = (nil, nil, nil)
      state.evaluationsWithoutGain = 0
    }
    // Steps between two log rows continue their window.
    window = (state.windowLoss, state.windowTokens, TokenAccuracy(json: state.windowAccuracy))
    observe(.note("resumed from checkpoint-\(step)"))
    if let note = options.note(ofLengthAfter: state) { observe(.note(note)) }
  }

  // MARK: A step

  private func step(_ number: Int) throws {
    let epoch = order.epoch(of: number), clock = ContinuousClock(), start = clock.now
    let samples = try order.rows(of: number).map { try train.sample($0, epoch: epoch) }
    // A token that several rows share has one mask of dropout; so that each has its own, none shares.
    let result = try model.step(
      samples, batchSize: options.batchSize, sharing: trainable.dropout == 0
    ) { micro in
      trainable.noise?.key = .init(
        seed: options.seed, pass: UInt64(number) << 20 | UInt64(micro))
    }
    trainable.noise?.key = nil
    let norm = optimizer.norm(result.gradients), rate = options.learningRate(number)
    guard norm.isFinite else {
      throw TrainingError(
        .diverged,
        "the gradient of step \(number) is not finite (rows: "
          + samples.map(\.source).joined(separator: ", ") + "); lower the learning rate")
    }
    optimizer.update(
      result.gradients, step: number, learningRate: rate, norm: norm,
      maximumNorm: options.maximumNorm)
    state.globalStep = number
    state.epoch = order.progress(after: number)
    state.tokensSeen += result.tokens
    window.loss += result.loss * Double(result.trainedTokens)
    window.tokens += result.trainedTokens
    window.accuracy += result.accuracy
    let seconds = (clock.now - start) / .seconds(1)
    try record(number, norm: norm, rate: rate)
    observe(
      .step(
        number, loss: result.loss, norm: norm, rate: rate, tokens: result.tokens,
        seconds: seconds))
  }

  /// A row of the log every `loggingSteps` steps: the mean loss over the window's trained tokens.
  private func record(_ number: Int, norm: Double, rate: Double) throws {
    if number % options.loggingSteps == 0 || number == options.steps {
      let loss = window.loss / Double(max(window.tokens, 1))
      let accuracy = window.accuracy.values
      window = (0, 0, TokenAccuracy())
      try append(
        [("loss", loss), ("grad_norm", norm), ("learning_rate", rate)] + accuracy,
        prefix: "train/")
    }
    (state.windowLoss, state.windowTokens) = (window.loss, window.tokens)
    state.windowAccuracy = window.accuracy.json
  }

  private func append(_ values: [(String, Double)], prefix: String) throws {
    var row: JSONValue = .emptyObject
    for (name, value) in values { row = row.setting(name, .double(value)) }
    row = row.setting("epoch", .double(state.epoch)).setting("step", .int(state.globalStep))
    state.logHistory.append(row)
    try log?.append(row)
    for (name, value) in values {
      try events?.scalar(prefix + name, value, step: state.globalStep)
    }
  }

  // MARK: Evaluation

  private var isBestNow: Bool { options.loadsBest && state.bestGlobalStep == state.globalStep }
  private var isStale: Bool { options.patience.map { state.evaluationsWithoutGain >= $0 } ?? false }

  /// The metric that chooses the best step, as the log names it.
  private var watched: String {
    options.bestMetric.hasPrefix("eval_") ? options.bestMetric : "eval_" + options.bestMetric
  }

  /// The end of a run that gains nothing any more.
  private var stopped: TrainingOutcome {
    let verb = options.greaterIsBetter ? "risen" : "fallen", count = state.evaluationsWithoutGain
    let margin = options.stoppingThreshold > 0 ? " by more than \(options.stoppingThreshold)" : ""
    let best = state.bestMetric.map { "; its best is \($0), at step \(state.bestGlobalStep ?? 0)" }
    return .stopped(
      step: state.globalStep,
      reason: "\(watched) has not \(verb)\(margin) in \(count) "
        + "evaluation\(count == 1 ? "" : "s")\(best ?? "")")
  }

  private func evaluate() throws {
    Buffer.trim()
    defer { Buffer.trim() }
    var values: [(name: String, value: Double)] = []
    if let validation { values.append(("eval_loss", try loss(of: validation))) }
    if let judge { values += try judge(state.globalStep).map { ("eval_" + $0.name, $0.value) } }
    guard !values.isEmpty else { return }
    let value = values.first(where: { $0.name == watched })?.value
    guard value != nil || options.isMetricKnown else {
      throw TrainingError(
        .refused,
        "metric_for_best_model is '\(options.bestMetric)', but the evaluation gives "
          + values.map(\.name).joined(separator: ", "))
    }
    if value == nil {
      observe(.note("\(watched) is undefined at step \(state.globalStep), which is no gain"))
    }
    let isBest = noteBest(value ?? .nan)
    try append(values.map { ($0.name, $0.value) }, prefix: "eval/")
    observe(.evaluated(state.globalStep, values, isBest: isBest))
  }

  /// Counts an evaluation for early stopping, and says whether it is the best one. A gain too small
  /// to count makes a step the best all the same, as in transformers; what is not a number is none.
  private func noteBest(_ value: Double) -> Bool {
    let over = state.bestMetric.map { options.greaterIsBetter ? value - $0 : $0 - value }
    let gain = value.isNaN ? -.infinity : over ?? .infinity
    let counts = gain > options.stoppingThreshold
    state.evaluationsWithoutGain = counts ? 0 : state.evaluationsWithoutGain + 1
    guard gain > 0 else { return false }
    state.bestMetric = value
    state.bestGlobalStep = state.globalStep
    return true
  }

  /// Mean loss per trained token over a dataset, or the sample of it that the options ask for.
  public func loss(of data: EncodedDataset) throws -> Double {
    var sum = 0.0, tokens = 0
    let all = sampledRows(of: data.count, limit: options.evaluationRows, seed: options.seed)
    for first in stride(from: 0, to: all.count, by: options.evaluationBatchSize) {
      let rows = all[first...].prefix(options.evaluationBatchSize)
      let part = model.evaluationLoss(try rows.map { try data.sample($0, epoch: 0) })
      sum += part.sum
      tokens += part.tokens
      observe(.evaluating(rows.endIndex, all.count))
    }
    return sum / Double(max(tokens, 1))
  }

  // MARK: Saving

  private func save() throws {
    let path = folder.checkpoint(state.globalStep)
    // A folder of this name may be a damaged one that the resume left aside: it is replaced.
    guard savedStep != state.globalStep else { return }
    // The best step may have had no checkpoint of its own, or lost it.
    let best = state.bestGlobalStep.flatMap { best in
      best == state.globalStep || FileSystem.exists(folder.checkpoint(best)) ? best : nil
    }
    state.bestCheckpoint = best.map { "checkpoint-\($0)" }
    try Checkpoint.write(to: path, trainable, optimizer, state, receipt: receipt?(), base: base)
    try FileSystem.link(folder.path + "/last", to: "checkpoint-\(state.globalStep)")
    if let best = state.bestCheckpoint {
      try FileSystem.link(folder.path + "/best", to: best)
    } else {
      DurableFolder.remove(folder.path + "/best")
    }
    try state.write(to: folder.path + "/trainer_state.json")
    savedStep = state.globalStep
    folder.prune(limit: options.saveLimit, best: best)
    observe(.saved(path))
  }
}
