import Formats
import JSON
import Tracking

/// The checkpoints of a run: what is written, what is kept, and where a resumed run goes on.
struct Checkpoints {
  let folder: RunFolder
  let trainable: Trainable, optimizer: AdamW
  /// What the run is, for each checkpoint, and the folder of the base model.
  let receipt: (() throws -> JSONValue)?, base: String?
  /// Checkpoints kept beside the best one; nil: all.
  let limit: Int?
  /// The step whose state is on disk.
  private(set) var savedStep: Int?

  init(
    _ folder: RunFolder, _ trainable: Trainable, _ optimizer: AdamW, limit: Int?, base: String?,
    receipt: (() throws -> JSONValue)?
  ) {
    self.folder = folder
    self.trainable = trainable
    self.optimizer = optimizer
    self.limit = limit
    self.base = base
    self.receipt = receipt
  }

  /// Writes the state of the last step, unless it is on disk; the path where it was written.
  /// `rows`: what the source of rows must know beside the step's number.
  mutating func save(_ state: inout TrainerState, rows: JSONValue?) throws -> String? {
    let path = folder.checkpoint(state.globalStep)
    // A folder of this name may be a damaged one that the resume left aside: it is replaced.
    guard savedStep != state.globalStep else { return nil }
    // The best step may have had no checkpoint of its own, or lost it.
    let best = state.bestGlobalStep.flatMap { best in
      best == state.globalStep || FileSystem.exists(folder.checkpoint(best)) ? best : nil
    }
    state.bestCheckpoint = best.map { "checkpoint-\($0)" }
    try Checkpoint.write(
      to: path, trainable, optimizer, state, rows: rows, receipt: receipt?(), base: base)
    try FileSystem.link(folder.path + "/last", to: "checkpoint-\(state.globalStep)")
    if let best = state.bestCheckpoint {
      try FileSystem.link(folder.path + "/best", to: best)
    } else {
      DurableFolder.remove(folder.path + "/best")
    }
    try state.write(to: folder.path + "/trainer_state.json")
    savedStep = state.globalStep
    folder.prune(limit: limit, best: best)
    return path
  }

  /// Has the next `save` write, though the step is on disk: its state has changed.
  mutating func forget() { savedStep = nil }

  /// The newest good state of the run, restored; what is to be said of it is told to `note`. nil where
  /// the run starts over.
  mutating func resume(
    steps: Int, note: (String) -> Void
  ) throws -> TrainerState? {
    guard let resumption = folder.resumption else { return nil }
    resumption.notes.forEach(note)
    guard let step = resumption.step else {
      note(
        resumption.notes.isEmpty
          ? "the run was ended before its first checkpoint; it starts over at step 1"
          : "no checkpoint is whole; the run starts over at step 1")
      return nil
    }
    try folder.checkResumption(of: trainable, steps: steps)
    let state = try Checkpoint.read(from: folder.checkpoint(step), trainable, optimizer)
    savedStep = step
    note("resumed from checkpoint-\(step)")
    return state
  }

  /// What the source of rows left in the checkpoint of `step`; nil where it left nothing.
  func sourceState(after step: Int) throws -> JSONValue? {
    let path = folder.checkpoint(step) + "/" + Checkpoint.rows
    // Not `? : nil`, which would be JSON's null.
    guard FileSystem.exists(path) else { return nil }
    return try JSONValue(readingFile: path)
  }

  /// Puts the weights of the best step in place, where they are not.
  func restoreBest(_ state: TrainerState) throws -> Int? {
    guard let best = state.bestGlobalStep, best != state.globalStep else { return nil }
    try trainable.restore(from: folder.checkpoint(best))
    return best
  }
}
