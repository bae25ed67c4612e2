import Formats
import JSON
import Ranks
import Tracking

/// What a checkpoint holds beside the trained weights: the optimizer's moments, the state of the run
/// and its receipt as it was then. Data order and dropout are functions of (seed, step), so the step's number is the whole of
/// the random state and of the cursor.
enum Checkpoint {
  static let state = "trainer_state.json"
  /// Sampled completions that steps after this one learn from.
  static let rows = "rollouts.json"

  static func write(
    to path: String, _ trainable: Trainable, _ state: TrainerState,
    rows: JSONValue?, receipt: JSONValue?, base: String?, _ group: Group,
    moments: (DurableFolder) throws(FormatError) -> Void
  ) throws(FormatError) {
    let style = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)
    try DurableFolder.write(to: path) { (folder) throws(FormatError) in
      let configuration = trainable.configuration
      _ = try folder.write(configuration.name, configuration.text)
      _ = try folder.write(trainable.weightsFile) { (sink) throws(FormatError) in
        try SafeTensorsWriter.write(
          trainable.sources(group), metadata: trainable.metadata, into: sink)
      }
      if !trainable.state.isEmpty {
        _ = try folder.write(Trainable.stateFile) { (sink) throws(FormatError) in
          try SafeTensorsWriter.write(trainable.state.sources, into: sink)
        }
      }
      try moments(folder)
      _ = try folder.write(Self.state, state.json.text(style) + "\n")
      if let rows { _ = try folder.write(Self.rows, rows.text(.compact) + "\n") }
      // A whole model is to be loaded from a checkpoint, too.
      if let base, trainable.adapters == nil {
        for name in ModelFolder.companions(of: base) {
          _ = try folder.copy(name, from: base + "/" + name)
        }
      }
      if let receipt { _ = try folder.write(RunRecords.receipt, receipt.text(.pretty) + "\n") }
    }
  }

  /// The state that rank 0 reads, at all ranks.
  static func read(
    from path: String, _ trainable: Trainable, _ moments: SpreadFile, _ group: Group
  ) throws -> TrainerState {
    let text = try group.share("the run's state") {
      guard let state = TrainerState(path: path + "/" + Self.state) else {
        throw FormatError(.malformed, path + "/" + Self.state, "not a trainer's state")
      }
      return state.json.text(.compact)
    }
    guard let state = TrainerState(json: try JSONValue(parsing: Array(text.utf8))) else {
      throw FormatError(.malformed, path + "/" + Self.state, "not a trainer's state")
    }
    try trainable.restore(from: path, group)
    try moments.restore(from: group.isFirst ? MomentsReader(path) : nil)
    return state
  }
}
