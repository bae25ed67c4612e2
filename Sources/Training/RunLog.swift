import JSON
import Tracking

/// What a run writes down as it goes: rows of metrics.jsonl, of the event file and of the state.
struct RunLog {
  private let rows: MetricsLog, events: EventWriter
  /// The steps since the last row.
  private var window: LogWindow

  /// Opens the files in the run's folder, which go on after `state`.
  init(_ folder: String, after state: TrainerState) throws {
    rows = try MetricsLog(path: folder + "/metrics.jsonl", keepingThrough: state.globalStep)
    events = try EventWriter(folder: folder + "/logs", keepingThrough: state.globalStep)
    window = LogWindow(json: state.logWindow)
  }

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
      try append(values, prefix: "train/", to: &state)
    }
    state.logWindow = window.json
  }

  /// Appends a row of `values`; in the event file their names begin with `prefix`.
  func append(
    _ values: [(name: String, value: Double)], prefix: String, to state: inout TrainerState
  ) throws {
    var row: JSONValue = .emptyObject
    for (name, value) in values { row = row.setting(name, .double(value)) }
    row = row.setting("epoch", .double(state.epoch)).setting("step", .int(state.globalStep))
    state.logHistory.append(row)
    try rows.append(row)
    for (name, value) in values {
      try events.scalar(prefix + name, value, step: state.globalStep)
    }
  }
}
