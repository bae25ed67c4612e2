import Rows
import Tasks
import Training

/// What a run reads from: its rows, and who judges the answers to them.
struct OpenedRun {
  let folder: RunFolder
  let train: EncodedDataset, validation: EncodedDataset?
  let panel: RewardPanel?, judge: Judge?
  /// What rewards say, in evaluations and of what is learnt from.
  let log: RewardLog?
  /// Where plugins will be able to ask the model.
  let desk: ModelDesk
  let watched: WatchedMetric?
  /// Which way the watched metric improves; nil where the base model's report must decide.
  let direction: WatchedMetric.Direction?
}

extension TrainingRun {
  /// Opens the rows, the rewards and the judge.
  func open(in folder: RunFolder) throws -> OpenedRun {
    try session.checkTrains()
    group.enter("the reading of the data")
    let desk = session.offerModel()
    guard let train = try inTurn({ try session.encoded(.train, usesCache: usesCache) }) else {
      throw Diagnosis(
        Diagnosis.data,
        "the task '\(session.task.description.name)' has no training rows; see its data keys")
    }
    let validation = try inTurn { try session.encoded(.validation, usesCache: usesCache) }
    let panel = try RewardPanel(recipe, of: session.task, in: session.catalog)
    let log = group.isFirst ? RewardLog(path: folder.path + "/rewards.jsonl") : nil
    var judge = try Judge(
      session, split: .validation, limit: recipe.evaluation.maximumSamples, panel: panel, log: log,
      // What is learnt from is what the model writes, also where a row carries choices.
      generates: recipe.objective.type == .grpo)
    judge?.group = group
    let watched = WatchedMetric(recipe)
    let direction = try watched?.direction(hasValidation: validation != nil, judge, panel)
    return OpenedRun(
      folder: folder, train: train, validation: validation, panel: panel, judge: judge, log: log,
      desk: desk,
      watched: watched, direction: direction)
  }

  /// Rows of one host are read and kept by its first rank; the others then find them.
  private func inTurn<Value>(_ open: () throws -> Value) throws -> Value {
    guard !group.isAlone else { return try open() }
    let isFirstHere = group.hosts.firstIndex(of: group.hosts[group.rank]) == group.rank
    let early = isFirstHere ? try open() : nil
    try group.barrier("rows that are read")
    return try early ?? open()
  }
}
