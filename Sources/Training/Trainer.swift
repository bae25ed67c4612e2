import JSON
import Models
import Objectives
import Ranks
import Rows
import Tasks
import Tensors
import Tracking

/// The one training loop: step, evaluate, save, stop.
public final class Trainer {
  let runner: StepRunner
  let source: any StepSource
  let evaluation: EvaluationSource?
  let trainable: Trainable
  let optimizer: AdamW
  let options: TrainingOptions
  let folder: RunFolder
  /// The task's own metrics at an evaluation, beside the loss.
  let judge: ((_ step: Int) throws -> [(name: String, value: Double)])?
  let observe: (TrainingEvent) -> Void
  private let best: BestStep
  private var checkpoints: Checkpoints
  private let update: StepUpdate
  /// Whether ranks still have to show that they compute the same.
  private var probes: Bool
  private var group: Group { runner.share.group }
  private(set) var state = TrainerState()
  private var log: RunLog?
  /// Where the time goes, where there are several ranks.
  private var record: RankRecord?
  private var savedAt = ContinuousClock.now

  /// Assembles a run; nothing is written before `run`. `agree`: what ranks must find alike before the first
  /// checkpoint counts.
  public init(
    _ runner: StepRunner, trainable: Trainable, optimizer: AdamW, source: any StepSource,
    evaluation: EvaluationSource?, options: TrainingOptions, folder: RunFolder,
    base: String? = nil, agree: (() throws -> Void)? = nil,
    receipt: (() throws -> JSONValue)? = nil,
    judge: ((_ step: Int) throws -> [(name: String, value: Double)])?,
    observe: @escaping (TrainingEvent) -> Void
  ) {
    self.runner = runner
    self.source = source
    self.evaluation = evaluation
    self.trainable = trainable
    self.optimizer = optimizer
    self.options = options
    self.folder = folder
    self.judge = judge
    self.observe = observe
    best = BestStep(options: options)
    update = StepUpdate(
      runner.share, optimizer,
      parts: runner.model.parts(of: optimizer.parameters.map(\.name)),
      masters: trainable.masters, needsAll: trainable.adapters?.needsGradients ?? false)
    probes = options.probes && !runner.share.group.isAlone
    checkpoints = Checkpoints(
      folder, trainable, optimizer, runner.share.group, options, base: base, agree: agree,
      receipt: receipt)
  }

  /// Runs to the end, from the newest good checkpoint when `resuming`. `shouldStop` is asked between
  /// steps; when it says so, at any rank, a checkpoint is saved and the run ends at all of them.
  public func run(resuming: Bool, shouldStop: () -> Bool) throws -> TrainingOutcome {
    if let folder = options.momentsFolder { try optimizer.offload(to: folder) }
    if group.isFirst { try folder.make() }
    if resuming { try resume() }
    options.note(in: &state)
    log = group.isFirst ? try RunLog(folder.path, after: state, options.tracking) : nil
    if !group.isAlone { record = try RankRecord(group, folder.path, after: state.globalStep) }
    defer { if let upload = log?.upload { observe(.note("to upload the run: \(upload)")) } }
    tellNotes()
    defer { tellNotes() }
    // A run that has stopped early stays where it stopped.
    var ending = resuming ? best.ending(state) : nil
    if state.owesEvaluation { ending = try conclude(state.globalStep, shouldStop) }
    while ending == nil, state.globalStep < options.steps {
      let number = state.globalStep + 1
      observe(.began(step: number))
      do { try step(number) } catch let fault where leavesAllAlike(fault) {
        // While a step's rows are being made nothing has been learnt of them.
        guard group.isAlone, (fault as? TaskError)?.kind == .cancelled, shouldStop() else {
          if state.globalStep > 0 { saveAll(until: "the next step") }
          throw fault
        }
        try save()
        return .interrupted(step: state.globalStep)
      }
      ending = try conclude(number, shouldStop)
    }
    if let sentence = record?.sentence { observe(.note(sentence)) }
    if case .interrupted = ending { return .interrupted(step: state.globalStep) }
    if options.loadsBest, let step = try checkpoints.restoreBest(state) {
      observe(.note("ends with the weights of step \(step), the best by \(best.watched)"))
    }
    try log?.finish()
    return ending ?? .finished(step: options.steps)
  }

  /// What follows a step: an evaluation and a checkpoint where they are due. Not nil when the run
  /// ends here, before its last step.
  private func conclude(_ number: Int, _ shouldStop: () -> Bool) throws -> TrainingOutcome? {
    let isLast = number == options.steps, wasOwed = state.owesEvaluation
    if isLast || number % options.evaluationSteps == 0 {
      do { try evaluateDue() } catch let error as TaskError where error.kind == .cancelled {
        guard group.isAlone, shouldStop() else { throw error }
        return .interrupted(step: number)
      }
    }
    if let ending = best.ending(state) {
      try save()
      return ending
    }
    let wish = isLast ? .goOn : try wish(shouldStop)
    let isDue = number % options.saveSteps == 0 || best.isNow(state) || wasOwed
    if isLast || isDue || wish != .goOn { try save() }
    return wish == .leave ? .interrupted(step: number) : nil
  }

  /// What the world outside wants after a step: that the run goes on, saves, or saves and leaves.
  private enum Wish: Int { case goOn, save, leave }

  /// The greatest wish of all ranks. By the first one's clock a checkpoint is due after a while.
  private func wish(_ shouldStop: () -> Bool) throws -> Wish {
    let isLate = options.saveSeconds.map { ContinuousClock.now - savedAt >= .seconds($0) } ?? false
    let own = shouldStop() ? Wish.leave : group.isFirst && isLate ? .save : .goOn
    return Wish(rawValue: try group.agree("whether to stop", on: own.rawValue, by: max)) ?? own
  }

  private func tellNotes() { log?.takeNotes().forEach { observe(.note($0)) } }

  /// Evaluates. Where that fails, as it may for a plugin's sake, the steps since the last checkpoint
  /// are saved, and a resumed run begins with this evaluation.
  private func evaluateDue() throws {
    if state.owesEvaluation { checkpoints.forget() }
    state.owesEvaluation = true
    do { try evaluate() } catch {
      if group.isAlone || leavesAllAlike(error) { saveAll(until: "its evaluation") }
      throw error
    }
    state.owesEvaluation = false
  }

  /// Whether after `error`, of the making of rows, weights and moments are those of the last step: a task's
  /// fault, or with several ranks what all of them have thrown there.
  private func leavesAllAlike(_ error: any Error) -> Bool {
    group.isAlone ? error is TaskError : (error as? RanksError)?.isShared == true
  }

  /// Saves what an error would lose, and says with what a resumed run begins.
  private func saveAll(until next: String) {
    do {
      try save()
      observe(.note("step \(state.globalStep) is saved; --resume goes on with \(next)"))
    } catch { observe(.note("the checkpoint cannot be saved: \(error)")) }
  }

  /// The step after which the model had the weights that it has when the run is over.
  public var lastingStep: Int {
    options.loadsBest ? state.bestGlobalStep ?? state.globalStep : state.globalStep
  }

  private func resume() throws {
    let found = try checkpoints.resume(steps: options.steps) { observe(.note($0)) }
    guard let found else { return }
    state = found
    if let json = try checkpoints.sourceState(after: state.globalStep) {
      try source.restore(json, after: state.globalStep)
    }
    if options.forgetsBest { best.forget(in: &state) }
    if let note = options.note(ofLengthAfter: state) { observe(.note(note)) }
  }

  // MARK: A step

  private func step(_ number: Int) throws {
    let clock = ContinuousClock(), start = clock.now
    record?.begin()
    group.enter("the reading of rows", step: number)
    let source = try group.together("the rows of a step") {
      try self.source.rows(of: number, only: needed)
    }
    record?.hasRead()
    group.enter("the forward and backward passes", step: number)
    source.notes.forEach { observe(.note($0)) }
    if number == 1 {
      try runner.model.together {
        if let first = source.rows[0] { try runner.checkStart(first) }
      }
    }
    var result = try runner(
      source, exchange: update.exchange, probes: probes,
      masks: { self.options.masks(step: number, batch: $0) },
      penalty: { self.trainable.adapters?.penalty })
    probes = false
    result.metrics += source.metrics
    try result.checkDrift()
    let norm = try update.norm(result), rate = options.learningRate(number)
    try runner.checkGradient(norm, ofStep: number, result)
    let scale = optimizer.scale(ofNorm: norm, maximum: options.maximumNorm)
    try update(result, step: number, learningRate: rate, scale: scale)
    result.metrics += trainable.followed(number, update.gradients, scale: scale)
    try update.compare(after: number)
    state.globalStep = number
    state.epoch = self.source.progress(after: number)
    state.tokensSeen += result.tokens
    let isRow = number % options.loggingSteps == 0 || number == options.steps
    try log?.add(source.distributions, step: number)
    let logged = try log?.add(result, norm: norm, rate: rate, isRow: isRow, to: &state)
    if let told = try record?.end(number, isRow: isRow) {
      observe(.ranks(waiting: told.waiting, slowest: told.slowest))
    }
    tellNotes()
    let seconds = (clock.now - start) / .seconds(1)
    observe(
      .step(
        number, loss: logged?.meanLoss ?? result.loss, rewards: result.rewards(runner.terms),
        norm: norm, rate: rate,
        tokens: result.tokens, seconds: seconds, parts: source.parts))
    if let row = logged?.row { observe(.logged(number, row)) }
  }

  /// The micro-batches that this rank reads of a step of `count`.
  private func needed(of count: Int) -> [Int] {
    if runner.measuresDrift { return Array(0..<count) }
    let own = runner.share.batches(count)
    return probes && !own.contains(0) ? [0] + own : own
  }

  private func evaluate() throws {
    group.enter("the evaluation", step: state.globalStep)
    observe(.evaluates(step: state.globalStep))
    Buffer.trim()
    defer { Buffer.trim() }
    var values = try evaluation?.values(runner) { observe(.evaluating($0, $1)) } ?? []
    if let judge {
      // What the objective says itself, of all rows, is not said a second time.
      let judged = try judge(state.globalStep).map { (name: "eval_" + $0.name, value: $0.value) }
      values += judged.filter { metric in !values.contains { $0.name == metric.name } }
    }
    guard !values.isEmpty else { return }
    let value = try best.value(among: values)
    if value == nil {
      observe(.note("\(best.watched) is undefined at step \(state.globalStep), which is no gain"))
    }
    let isBest = best.note(value ?? .nan, in: &state)
    try log?.append(values, kind: "eval", to: &state)
    observe(.evaluated(state.globalStep, values, isBest: isBest))
  }

  private func save() throws {
    group.enter("the checkpoint", step: state.globalStep)
    let rows = source.state(after: state.globalStep)
    defer { savedAt = .now }
    if let path = try checkpoints.save(&state, rows: rows) { observe(.saved(path)) }
  }
}
