import Adapters
import Evaluation
import Formats
import JSON
import Layers
import Models
import Tasks
import Tensors
import Training

/// One `host train`, from the opened recipe to the final table.
struct TrainingRun {
  let session: TaskSession
  let earlier: RunFolder.Earlier, usesCache: Bool
  private var recipe: Recipe { session.recipe }
  private var resumes: Bool { earlier == .isResumed }

  init(_ session: TaskSession, earlier: RunFolder.Earlier, usesCache: Bool) {
    self.session = session
    self.earlier = earlier
    self.usesCache = usesCache
  }

  /// Trains until the last step or until `shouldStop`. Everything that can be refused is refused
  /// before the output folder is made.
  func run(until shouldStop: () -> Bool) throws {
    guard let path = recipe.outputDirectory else {
      throw Diagnosis(
        Diagnosis.usage,
        "no output folder is named; give --output-dir, or output_dir: in the recipe")
    }
    if earlier == .isRemoved { try refuseSources(path) }
    let folder = try RunFolder(path: path, earlier: earlier)
    let desk = session.offerModel()
    let train = try trainingRows()
    let validation = try session.encoded(.validation, usesCache: usesCache)
    let panel = try RewardPanel(recipe, of: session.task, in: session.catalog)
    let judge = try Judge(
      session, split: .validation, limit: recipe.evaluation.maximumSamples, panel: panel,
      log: RewardLog(path: path + "/rewards.jsonl"))
    let watched = WatchedMetric(recipe)
    var direction = try watched?.direction(hasValidation: validation != nil, judge, panel)
    let mapped = try session.mapped(),
      plan = try MemoryBudget(
        session, train, mapped, judges: judge != nil
      ).plan()
    let model = try session.quantized(mapped), trainable = try trainable(model)
    desk.open(model, adapters: trainable.adapters, hasBase: trainable.adapters != nil)
    model.usesCheckpointing = plan.usesCheckpointing
    var options = TrainingOptions(recipe, rows: train.count, hasValidation: validation != nil)
    options.isMetricKnown = true
    let display = TrainingDisplay(options)
    display.introduce(session, plan, model, trainable, train, validation)
    let weights =
      session.recipe.startsFromScratch ? nil : try SafeTensorsFolder(path: session.modelFolder)
    ModelNotes.of(model, weights).forEach { Console.note("note      \($0)") }
    if earlier == .isRemoved {
      folder.removeEarlier()
      ReportFiles.removeEarlier(from: path)
    }
    try DurableFile.createFolder(path)
    var receipt = RunReceipt(session, train: train, validation: validation, panel: panel)
    try receipt.write(to: path)
    try RunOutput.writeSkipped(
      [("train", train)] + (validation.map { [("validation", $0)] } ?? []), to: path)
    let before = try baseReport(judge, model, trainable, path)
    if let before, direction == nil { direction = try watched?.direction(in: before) }
    options.greaterIsBetter = greaterIsBetter(direction)

    let trainer = Trainer(
      model: model, trainable: trainable,
      optimizer: AdamW(
        trainable.parameters, beta1: recipe.training.beta1, beta2: recipe.training.beta2,
        epsilon: recipe.training.epsilon, weightDecay: recipe.training.weightDecay),
      train: train, validation: validation, options: options, folder: folder,
      judge: judge.map { judge in
        { step in
          let report = try judge.judge(model, label: "answering", at: .step(step)).report
          return report.metrics.map { ($0.name, $0.measure.value) }
        }
      }, observe: display.observe)
    let outcome = try trainer.run(resuming: resumes, shouldStop: shouldStop)
    display.finish(outcome)
    if case .interrupted(let step) = outcome {
      receipt.finish(outcome, before: before, after: nil)
      try receipt.write(to: path)
      Console.note("checkpoint-\(step) is saved; the same command with --resume goes on from there")
      return
    }
    try RunOutput.write(trainable, model: session.modelFolder, to: path)
    let after = try judge?.judge(model, label: "answering", at: .end).report
    receipt.finish(outcome, before: before, after: after)
    try receipt.write(to: path)
    try display.conclude(
      before: before, after: after, folder: path, task: session.task.description.name)
  }

  /// Whether the watched metric rises as the model gets better; the recipe's word counts more than the
  /// metric's own, and a note says so where they differ.
  private func greaterIsBetter(_ direction: WatchedMetric.Direction?) -> Bool {
    guard let asked = recipe.training.greaterIsBetter else { return direction == .higher }
    if let direction, asked != (direction == .higher) {
      Console.note(
        "warning: training_args.greater_is_better is \(asked), but the best "
          + "\(recipe.training.bestMetric ?? "eval_loss") is the \(direction == .higher ? "highest" : "lowest") one"
      )
    }
    return asked
  }

  /// Refuses to remove what the run reads from.
  private func refuseSources(_ path: String) throws {
    let sources = [
      ("model_name_or_path", session.modelFolder),
      ("peft.adapter_name_or_path", recipe.peft.adapterPath),
    ]
    let own = FileSystem.resolved(path) + "/"
    for case (let key, let source?) in sources
    where (FileSystem.resolved(source) + "/").hasPrefix(own) {
      throw recipe.fault(
        "output_dir", "holds what \(key) names, which --overwrite would remove; choose another one")
    }
  }

  private func trainingRows() throws -> EncodedDataset {
    guard let train = try session.encoded(.train, usesCache: usesCache) else {
      throw Diagnosis(
        Diagnosis.data,
        "the task '\(session.task.description.name)' has no training rows; see its data keys")
    }
    return train
  }

  private func trainable(_ model: CausalLanguageModel) throws -> Trainable {
    let peft = recipe.peft
    if peft.method == .full {
      return .full(model.unfreeze(), constants: model.constants, model.config)
    }
    if let folder = peft.adapterPath {
      return .adapter(
        try AdapterSet.load(folder: folder, on: model.linears, of: session.modelFolder))
    }
    let config = AdapterConfig(
      r: peft.rank, alpha: peft.alpha, dropout: peft.dropout,
      targetModules: peft.targets.names, usesRSLoRA: peft.usesRSLoRA,
      baseModel: session.modelFolder)
    return .adapter(
      try AdapterSet.fresh(config, on: model.linears, seed: UInt64(recipe.training.seed)))
  }

  /// The base model's report, kept in the folder so that a resumed run need not ask again.
  private func baseReport(
    _ judge: Judge?, _ model: CausalLanguageModel, _ trainable: Trainable, _ path: String
  ) throws -> Report? {
    guard let judge else { return nil }
    let file = path + "/evaluation_before.json"
    if resumes, FileSystem.exists(file) { return try Report(json: JSONValue(readingFile: file)) }
    let report: Report
    if case .adapter(let set) = trainable {
      report = try set.withoutAdapters {
        try judge.judge(model, label: "base model answering", at: .base).report
      }
    } else {
      report = try judge.judge(model, label: "base model answering", at: .base).report
    }
    try DurableFile.write(report.json.text(.pretty) + "\n", to: file)
    return report
  }
}

extension PEFTRecipe.Targets {
  var names: [String] {
    switch self {
    case .allLinear: ["all-linear"]
    case .names(let names): names
    }
  }
}

extension TrainingOptions {
  /// The recipe's training_args over `rows` rows. Intervals that nobody set follow from the number of
  /// steps: about 50 log rows, 4 evaluations, and a checkpoint with each.
  init(_ recipe: Recipe, rows: Int, hasValidation: Bool) {
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
        shape: LearningRate.Shape(rawValue: training.schedule.rawValue) ?? .linear,
        peak: training.learningRate, warmup: warmup, total: steps))
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
    bestMetric = training.bestMetric ?? "eval_loss"
    loadsBest = training.loadsBestModel && hasValidation
    patience = training.stoppingPatience
    stoppingThreshold = training.stoppingThreshold
    seed = UInt64(training.seed)
    isShuffled = recipe.isShuffled
  }
}
