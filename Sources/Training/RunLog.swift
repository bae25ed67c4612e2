import Formats
import JSON
import Tracking

/// What a run writes down as it goes: rows of metrics.jsonl, of the state, and of those who are told
/// beside them.
struct RunLog {
  private let rows: MetricsLog, events: EventWriter?
  private var wandb: WandBRun?
  /// The steps since the last row.
  private var window: LogWindow
  /// The newest distributions since the last row.
  private var distributions: [Distribution] = []

  /// Opens the files in the run's folder, which go on after `state`.
  init(_ folder: String, after state: TrainerState, _ tracking: TrainingOptions.Tracking) throws {
    rows = try MetricsLog(path: folder + "/metrics.jsonl", keepingThrough: state.globalStep)
    let logs = folder + "/logs"
    events =
      try tracking.usesTensorBoard
      ? EventWriter(folder: logs, keepingThrough: state.globalStep) : nil
    if state.globalStep == 0 {
      try events?.begin(tracking.config)
      try events?.text("recipe", tracking.config.text(.pretty))
    }
    wandb =
      try tracking.usesWandB && !WandBRun.isDisabled
      ? WandBRun(
        logs: logs, config: tracking.config, arguments: tracking.arguments,
        console: tracking.console) : nil
    upload = wandb.map { "wandb sync \($0.folder)" }
    notes = tracking.usesWandB ? WandBRun.notes : []
    window = LogWindow(json: state.logWindow)
    // What an earlier process could not write there, or was not asked to.
    for row in state.logHistory { tellWandB(row, best: nil) }
  }

  /// What the user should know.
  private var notes: [String]
  /// The command that uploads what is kept offline; nil where nothing is.
  let upload: String?

  /// What the user should know since this was last asked: what the environment wants of Weights & Biases
  /// and is not done as it says, and why nothing more is kept for it.
  mutating func takeNotes() -> [String] {
    defer { notes = [] }
    return notes
  }

  /// Adds what step `step` tells as a whole.
  mutating func add(_ distributions: [Distribution], step: Int) throws {
    guard !distributions.isEmpty else { return }
    self.distributions = distributions
    for values in distributions {
      try events?.histogram("train/" + values.name, values, step: step)
    }
  }

  /// What a step was told as.
  typealias Added = (meanLoss: Double, row: [(name: String, value: Double)]?)

  /// Adds the step that `state` is at. With `isRow` the steps since the last row become one, of their
  /// means. Returns the mean loss of these steps, and the row where there is one.
  mutating func add(
    _ result: StepResult, norm: Double, rate: Double, isRow: Bool, to state: inout TrainerState
  ) throws -> Added {
    window.add(result)
    let loss = window.meanLoss
    defer { state.logWindow = window.json }
    guard isRow else { return (loss, nil) }
    let values = [("loss", loss), ("grad_norm", norm), ("learning_rate", rate)] + window.values
    window = LogWindow()
    try append(values, kind: "train", to: &state)
    return (loss, values)
  }

  /// Appends a row of `values`, of the kind `train` or `eval`.
  mutating func append(
    _ values: [(name: String, value: Double)], kind: String, to state: inout TrainerState
  ) throws {
    var row: JSONValue = .emptyObject
    for (name, value) in values { row = row.setting(name, .double(value)) }
    row = row.setting("epoch", .double(state.epoch)).setting("step", .int(state.globalStep))
    state.logHistory.append(row)
    try rows.append(row)
    // For others the kind stands before the name once: eval/loss, not eval/eval_loss.
    let named = values.map { (name: $0.name.droppingPrefix("eval_"), value: $0.value) }
    for (name, value) in named {
      try events?.scalar(kind + "/" + name, value, step: state.globalStep)
    }
    let best = state.bestMetric.flatMap { value in state.bestGlobalStep.map { (value, $0) } }
    tellWandB(row, best: best)
  }

  /// Appends a row of the log. A disk that is full there does not end the run: nothing more is written,
  /// and a resumed run takes up what is missing.
  private mutating func tellWandB(_ row: JSONValue, best: (value: Double, step: Int)?) {
    guard let wandb, let step = row["step"]?.int, let epoch = row["epoch"]?.double else { return }
    let values = (row.object ?? [:]).compactMap { name, value in
      ["step", "epoch"].contains(name) ? nil : value.double.map { (name: name, value: $0) }
    }
    let kind = values.contains { $0.name.hasPrefix("eval_") } ? "eval" : "train"
    let named = values.map { (name: $0.name.droppingPrefix("eval_"), value: $0.value) }
    let told = kind == "train" ? distributions : []
    if kind == "train" { distributions = [] }
    do {
      try wandb.append(named, told, kind: kind, step: step, epoch: epoch, best: best)
    } catch { leaveWandB(error) }
  }

  private mutating func leaveWandB(_ error: FormatError) {
    wandb = nil
    notes.append(
      "warning: \(error); the run goes on, and what is missing there comes with the next --resume")
  }

  /// Says that the run has come to its end.
  mutating func finish() throws {
    try events?.finish()
    do { try wandb?.finish() } catch { leaveWandB(error) }
  }
}

extension String {
  fileprivate func droppingPrefix(_ prefix: String) -> String {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }
}
