import Adapters
import Evaluation
import Formats
import JSON
import Layers
import Models
import Rows
import Tasks
import Tensors
import Training

/// One `host train`, from the opened recipe to the final table.
struct TrainingRun {
  private(set) var session: TaskSession
  let earlier: RunFolder.Earlier, acceptsChanges: Bool, usesCache: Bool
  private var recipe: Recipe { session.recipe }

  init(
    _ session: TaskSession, earlier: RunFolder.Earlier, acceptsChanges: Bool, usesCache: Bool
  ) {
    self.session = session
    self.earlier = earlier
    self.acceptsChanges = acceptsChanges
    self.usesCache = usesCache
  }

  /// Trains until the last step or until `shouldStop`. Everything that can be refused is refused
  /// before anything is written.
  func run(until shouldStop: () -> Bool) throws {
    guard let path = recipe.outputDirectory, !path.isEmpty else {
      throw Diagnosis(
        Diagnosis.usage,
        "no output folder is named; give --output-dir, or output_dir: in the recipe")
    }
    try session.reads.check(
      "output_dir", path, earlier == .isRemoved ? .replacesRun : .adds, of: recipe)
    let folder = try RunFolder(path: path, earlier: earlier)
    if !folder.isLocked {
      Console.note(
        "warning: the file system of \(path) has no locks; see to it that nothing else trains there"
      )
    }
    var run = self
    run.session = session.onDay(of: folder.resumption?.receipt)
    try withExtendedLifetime(folder) { try run.run(in: folder, until: shouldStop) }
  }

  private func run(in folder: RunFolder, until shouldStop: () -> Bool) throws {
    let path = folder.path, desk = session.offerModel()
    let material = try material(path), judge = material.judge
    let watched = WatchedMetric(recipe)
    var direction = try watched?.direction(
      hasValidation: material.validation != nil, judge, material.panel)
    var receipt = RunReceipt(
      session, train: material.train, validation: material.validation, panel: material.panel)
    let changes = try changes(folder, &receipt)
    let mapped = try session.mapped()
    let plan = try MemoryBudget(session, material.train, mapped, judges: judge != nil).plan()
    let model = try session.quantized(mapped), trainable = try trainable(model)
    desk.open(model, adapters: trainable.adapters, hasBase: trainable.adapters != nil)
    model.usesCheckpointing = plan.usesCheckpointing
    var options = TrainingOptions(
      recipe, rows: material.train.count, hasValidation: material.validation != nil)
    options.isMetricKnown = true
    options.forgetsBest = changes?.concernsEvaluation ?? false
    try folder.checkResumption(of: trainable, steps: options.steps)
    let display = TrainingDisplay(options)
    display.introduce(session, plan, model, trainable, material.train, material.validation)
    try noteModel(model)
    receipt.note(trainable)
    try begin(folder, material, receipt)
    // A resumed run asks the base again only where evaluations now measure otherwise; what rewards say
    // of it then would take the place of all that they have said since.
    let isUnderWay = folder.resumption?.step != nil
    let before = try baseReport(
      isUnderWay ? judge?.unlogged : judge, model, trainable, path,
      isKept: isUnderWay && !options.forgetsBest)
    if let before, direction == nil { direction = try watched?.direction(in: before) }
    options.greaterIsBetter = greaterIsBetter(direction)

    let trainer = Trainer(
      model: model, trainable: trainable, optimizer: optimizer(of: trainable),
      train: material.train, validation: material.validation, options: options, folder: folder,
      base: session.modelFolder,
      receipt: {
        receipt.noteBase()
        return receipt.json
      }, judge: judge.map { judge in { try judge.metrics(of: model, at: $0) } },
      observe: display.observe)
    let outcome = try trainer.run(resuming: folder.resumption != nil, shouldStop: shouldStop)
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

  /// The rows, and who judges the answers to them.
  private struct Material {
    let train: EncodedDataset, validation: EncodedDataset?
    let panel: RewardPanel?, judge: Judge?
  }

  private func material(_ path: String) throws -> Material {
    let train = try trainingRows()
    let validation = try session.encoded(.validation, usesCache: usesCache)
    let panel = try RewardPanel(recipe, of: session.task, in: session.catalog)
    let judge = try Judge(
      session, split: .validation, limit: recipe.evaluation.maximumSamples, panel: panel,
      log: RewardLog(path: path + "/rewards.jsonl"))
    return Material(train: train, validation: validation, panel: panel, judge: judge)
  }

  /// Says what the model's files hold that nobody reads.
  private func noteModel(_ model: CausalLanguageModel) throws {
    let weights =
      recipe.startsFromScratch ? nil : try SafeTensorsFolder(path: session.modelFolder)
    ModelNotes.of(model, weights).forEach { Console.note("note      \($0)") }
  }

  /// The first writing: an earlier run goes where that was asked for, the receipt and the list of rows
  /// left out come.
  private func begin(_ folder: RunFolder, _ material: Material, _ receipt: RunReceipt) throws {
    if earlier == .isRemoved {
      folder.removeEarlier()
      ReportFiles.removeEarlier(from: folder.path)
    }
    try receipt.write(to: folder.path)
    let validation = material.validation.map { [("validation", $0)] } ?? []
    try RunOutput.writeSkipped([("train", material.train)] + validation, to: folder.path)
  }

  private func optimizer(of trainable: Trainable) -> AdamW {
    let training = recipe.training
    return AdamW(
      trainable.parameters, beta1: training.beta1, beta2: training.beta2,
      epsilon: training.epsilon, weightDecay: training.weightDecay)
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
      Console.note(
        "adapter   goes on from \(folder), with its own r, lora_alpha and target_modules")
      let set = try AdapterSet.load(folder: folder, on: model, of: session.modelFolder)
      if let name = set.config.modulesWithWeights.first {
        throw recipe.fault(
          "peft.adapter_name_or_path",
          "names an adapter with a weight of '\(name)', which is not trained here; merge the "
            + "adapter into its base first")
      }
      return .adapter(set)
    }
    return .adapter(
      try AdapterSet.fresh(
        peft.adapter(on: session.modelFolder), on: model.linears,
        seed: UInt64(recipe.training.seed)))
  }

  /// The base model's report, kept in the folder so that a resumed run need not ask again.
  private func baseReport(
    _ judge: Judge?, _ model: CausalLanguageModel, _ trainable: Trainable, _ path: String,
    isKept: Bool
  ) throws -> Report? {
    guard let judge else { return nil }
    let file = path + "/evaluation_before.json"
    if isKept, FileSystem.exists(file) { return try Report(json: JSONValue(readingFile: file)) }
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
