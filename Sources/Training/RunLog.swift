import JSON
import Tracking

/// What a run writes down as it goes: rows of metrics.jsonl, of the state, and of those who are told
/// beside them.
struct RunLog {
  private let rows: MetricsLog, events: EventWriter?, wandb: WandBRun?
  /// The steps since the last row.
  private var window: LogWindow

  /// Opens the files in the run's folder, which go on after `state`.
  init(_ folder: String, after state: TrainerState, _ tracking: TrainingOptions.Tracking) throws {
    rows = try MetricsLog(path: folder + "/metrics.jsonl", keepingThrough: state.globalStep)
    let logs = folder + "/logs"
    events =
      try tracking.usesTensorBoard
      ? EventWriter(folder: logs, keepingThrough: state.globalStep) : nil
    if state.globalStep == 0 { try events?.text("recipe", tracking.config.text(.pretty)) }
    wandb =
      try tracking.usesWandB && !WandBRun.isDisabled
      ? WandBRun(logs: logs, config: tracking.config, arguments: tracking.arguments) : nil
    note = tracking.usesWandB ? WandBRun.note : nil
    window = LogWindow(json: state.logWindow)
  }

  /// What the environment asks of Weights & Biases and is not done as it says; nil where nothing is.
  let note: String?
  /// The command that uploads what is kept offline; nil where nothing is.
  var upload: String? { wandb.map { "wandb sync \($0.folder)" } }

  /// Adds the step that `state` is at. With `isRow` the steps since the last row become one, of their
  /// means.
  mutating func add(
    _ result: StepResult, norm: Double, rate: Double, isRow: Bool, to state: inout TrainerState
  ) throws {
    window.add(result)
    if isRow {
      let values =
        [("loss", window.meanLoss), ("grad_norm", norm), ("learning_rate", rate)] + window.values
      window = LogWindow()
      try append(values, kind: "train", to: &state)
    }
    state.logWindow = window.json
  }

  /// Appends a row of `values`, of the kind `train` or `eval`.
  func append(
    _ values: [(name: String, value: Double)], kind: String, to state: inout TrainerState
  ) throws {
    var row: JSONValue = .emptyObject
    for (name, value) in values { row = row.setting(name, .double(value)) }
    row = row.setting("epoch", .double(state.epoch)).setting("step", .int(state.globalStep))
    state.logHistory.append(row)
    try rows.append(row)
    for (name, value) in values {
      try events?.scalar(kind + "/" + name, value, step: state.globalStep)
    }
    guard let wandb else { return }
    // There the kind stands before the name once: eval/loss, not eval/eval_loss.
    let named = values.map { (name: $0.name.droppingPrefix("eval_"), value: $0.value) }
    let best = state.bestMetric.flatMap { value in state.bestGlobalStep.map { (value, $0) } }
    try wandb.append(
      named, kind: kind, step: state.globalStep, epoch: state.epoch, best: best)
  }

  /// Says that the run has come to its end.
  func finish() throws { try wandb?.finish() }
}

extension String {
  fileprivate func droppingPrefix(_ prefix: String) -> String {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }
}
