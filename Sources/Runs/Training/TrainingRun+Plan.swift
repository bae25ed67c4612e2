import Adapters
import Formats
import Models
import Objectives
import Rows
import Training

/// A run on which all is decided.
public struct PlannedRun {
  /// What is trained on what.
  public let session: TaskSession
  /// The model, as it will be trained, and what of it.
  public let model: CausalLanguageModel, trainable: Trainable
  /// What is minimized, and what that compares with.
  let terms: [Term], reference: Reference?
  /// Length, intervals and rates.
  public let options: TrainingOptions
  /// What will be in memory at most.
  public let memory: MemoryPlan
  /// The rows to learn from.
  public var train: EncodedDataset { opened.train }
  /// The rows that evaluations ask; nil when there are none.
  public var validation: EncodedDataset? { opened.validation }

  /// How many ranks share the work.
  public let ranks: Int
  let opened: OpenedRun, receipt: RunReceipt
  /// Completions that are learnt in the place of sampled ones.
  let recorded: RecordedGroups?
  /// How likely the reference finds texts; nil where there is none.
  var likelihoods: ReferenceLikelihoods? {
    reference.map { reference in { try reference.logLikelihoods(of: $0) } }
  }
  var folder: RunFolder { opened.folder }
  /// Whether steps were done already.
  var isUnderWay: Bool { folder.resumption?.step != nil }
}

extension TrainingRun {
  /// Decides how the run goes, and opens the model for it; refuses what does not fit the memory, or
  /// the run that is resumed.
  func plan(_ opened: OpenedRun) throws -> PlannedRun {
    try checkShare()
    group.enter("the opening of the model")
    let receipt = RunReceipt(
      session, train: opened.train, validation: opened.validation, panel: opened.panel)
    let changes = try changes(opened.folder, receipt)
    let mapped = try session.mapped()
    try checkContext(opened.train, in: mapped)
    try checkRoom(opened.train, in: mapped)
    let recorded = try recorded(of: mapped)
    let memory = try MemoryBudget(
      session, opened.train, mapped, judges: opened.judge != nil,
      evaluates: opened.validation != nil, ranks: group.count,
      ranksHere: group.hosts.count { $0 == group.hosts[group.rank] }
    ).plan()
    var options = TrainingOptions(
      recipe, rows: (recorded?.count ?? opened.train.count) * recipe.rowsPerPrompt,
      hasValidation: opened.validation != nil)
    let model = try session.quantized(mapped), trainable = try trainable(model, options)
    opened.desk.open(model, adapters: trainable.adapters, hasBase: trainable.adapters != nil)
    model.usesCheckpointing = memory.usesCheckpointing
    options.isMetricKnown = true
    options.probes = probes
    options.tracking.console = console
    options.momentsFolder = recipe.distribution.offload.folder
    options.partsFolder = recipe.checkpoint.isSharded ? recipe.outputDirectory : nil
    options.usesDropout = usesDropout(of: trainable)
    options.forgetsBest = changes?.concernsEvaluation ?? false
    try opened.folder.checkResumption(of: trainable, steps: options.steps)
    let reference = try reference(of: model, trainable)
    receipt.note(trainable)
    receipt.note(share)
    receipt.note(reference)
    recipe.rateWarning.map(tell.note)
    try session.decayWarning().map(tell.note)
    return PlannedRun(
      session: session, model: model, trainable: trainable, terms: session.terms,
      reference: reference, options: options, memory: memory, ranks: group.count, opened: opened,
      receipt: receipt,
      recorded: recorded)
  }

  /// This rank's part of each step.
  var share: StepShare {
    StepShare(group, stage: .init(recipe), lanes: recipe.training.gradientLanes)
  }

  /// Refuses more ranks than a step has work for.
  private func checkShare() throws(TrainingError) {
    let training = recipe.training
    if let refusal = share.refusal(batches: training.accumulation, rows: training.trainBatchSize) {
      throw TrainingError(.refused, refusal)
    }
    share.unevenness(batches: training.accumulation).map(tell.note)
  }

  /// What the objective compares with: the model as it is before the first step. nil where it
  /// compares with nothing.
  private func reference(
    of model: CausalLanguageModel, _ trainable: Trainable
  ) throws -> Reference? {
    guard let kind = session.referenceKind else { return nil }
    guard let adapters = trainable.adapters else { return .frozen(try session.mapped()) }
    return kind == .base ? .base(of: model, below: adapters) : .snapshot(of: model, with: adapters)
  }

  /// Whether anything is dropped out in training; says where that is not as the adapters have it.
  private func usesDropout(of trainable: Trainable) -> Bool {
    guard trainable.dropout > 0, recipe.objective.type != .sft else { return trainable.dropout > 0 }
    tell.note(
      recipe.objective.disablesDropout
        ? "dropout   lora_dropout \(trainable.dropout) has no effect on \(recipe.objective.type.rawValue); "
          + "objective.disable_dropout: false applies it"
        : "dropout   each text has masks of its own, so that prompts are computed once for each")
    return !recipe.objective.disablesDropout
  }

  /// What is trained of the model: adapters, fresh or of an earlier run, or every weight.
  private func trainable(
    _ model: CausalLanguageModel, _ options: TrainingOptions
  ) throws -> Trainable {
    let (steps, rate) = (options.steps, options.learningRate.peak)
    let peft = recipe.peft
    if peft.method == .full {
      return .full(
        model, share, weights: recipe.distribution.weights == .bf16 ? .bf16 : .f32)
    }
    if let folder = peft.adapterPath {
      let set = try AdapterSet.load(
        folder: folder, on: model, of: session.modelFolder, trains: true, tell: tell)
      let own = set.config.method.settings.map { "\($0.name) \($0.text)" }
      tell.note(
        "adapter   goes on from \(folder), \(set.config.method.title) with its own settings: "
          + own.joined(separator: ", "))
      try set.settle(steps: steps, rate: rate)
      return .adapter(set, of: model)
    }
    guard let config = try session.adapterConfig() else {
      preconditionFailure("plan: neither adapters nor every weight")
    }
    let set = try AdapterSet.fresh(
      config.settled(steps: steps, rate: rate), on: model.seats, seed: session.seed)
    if let residual = set.residual {
      tell.note(
        "residual  the base's codes (\(residual.quantization.name)) are of what its adapters' start leaves of "
          + "it: with them it loses \(Format.percent(residual.loss)) of what it would lose alone")
    }
    return .adapter(set, of: model)
  }
}

extension StepShare.Stage {
  /// What the recipe spreads over ranks.
  init(_ recipe: Recipe) {
    switch recipe.distribution.stage {
    case .nothing: self = .nothing
    case .moments: self = .moments
    case .gradients: self = .gradients
    case .weights: self = .weights
    }
  }
}

extension Trainable {
  /// Adapters on `model`, and with them the head of a reward model.
  fileprivate static func adapter(_ set: AdapterSet, of model: CausalLanguageModel) -> Trainable {
    if model.givesScores { set.trainHead(model.head) }
    return .adapter(set)
  }
}
