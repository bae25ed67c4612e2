import Formats
import JSON
import Ranks
import Tracking

/// The checkpoints of a run: what is written, what is kept, and where a resumed run goes on.
struct Checkpoints {
  let folder: RunFolder
  let trainable: Trainable, optimizer: AdamW, group: Group
  /// What the run is, for each checkpoint, and the folder of the base model.
  let receipt: (() throws -> JSONValue)?, base: String?
  /// What all ranks find alike before the first commit; where they do not, all throw the same.
  private var agree: (() throws -> Void)?
  /// The run's folder as this rank sees it, where each writes its part of the moments; nil: rank 0 writes
  /// them.
  private let parts: String?
  /// Checkpoints kept beside the best one; nil: all.
  let limit: Int?
  /// The step whose state is on disk.
  private(set) var savedStep: Int?

  init(
    _ folder: RunFolder, _ trainable: Trainable, _ optimizer: AdamW, _ group: Group,
    _ options: TrainingOptions, base: String?, agree: (() throws -> Void)?,
    receipt: (() throws -> JSONValue)?
  ) {
    self.folder = folder
    self.trainable = trainable
    self.group = group
    self.optimizer = optimizer
    limit = options.saveLimit
    parts = options.partsFolder
    self.agree = agree
    self.base = base
    self.receipt = receipt
  }

  /// Writes the state of the last step, unless it is on disk; the path where it was written.
  /// `rows`: what the source of rows must know beside the step's number. Rank 0 writes; no rank goes on
  /// before all is safe.
  mutating func save(_ state: inout TrainerState, rows: JSONValue?) throws -> String? {
    guard savedStep != state.globalStep else { return nil }
    try agree?()
    agree = nil
    do {
      if group.isFirst { try write(&state, rows) } else { try send(state.globalStep) }
    } catch let error as RanksError where error.isShared {
      // What is not committed is lost, what is older stays.
      throw RanksError(error.kind, error.message + group.remedy)
    }
    try group.barrier("the checkpoint's commit")
    savedStep = state.globalStep
    group.note(whole: "checkpoint-\(state.globalStep)")
    return group.isFirst ? folder.checkpoint(state.globalStep) : nil
  }

  /// What other ranks do while rank 0 writes, file after file.
  private func send(_ step: Int) throws {
    try trainable.send(group)
    guard let parts else { return try optimizer.file(group).send() }
    try MomentsParts(optimizer, group).write(into: RunFolder.checkpoint(step, in: parts))
  }

  private func write(to path: String, _ state: TrainerState, _ rows: JSONValue?) throws {
    let receipt = try receipt?()
    var shared: RanksError?
    do throws(FormatError) {
      try Checkpoint.write(
        to: path, trainable, state, rows: rows, receipt: receipt, base: base, group
      ) { (folder) throws(FormatError) in
        guard parts != nil else {
          _ = try folder.write(MomentsReader.whole) { (sink) throws(FormatError) in
            try SafeTensorsWriter.write(optimizer.file(group).sources(), into: sink)
          }
          return
        }
        do { try MomentsParts(optimizer, group).write(into: folder) } catch {
          shared = error as? RanksError
          throw FormatError(.unwritable, path, "\(error)")
        }
      }
    } catch { throw shared ?? error }
  }

  private func write(_ state: inout TrainerState, _ rows: JSONValue?) throws {
    // A folder of this name may be a damaged one that the resume left aside: it is replaced.
    let path = folder.checkpoint(state.globalStep)
    // The best step may have had no checkpoint of its own, or lost it.
    let best = state.bestGlobalStep.flatMap { best in
      best == state.globalStep || FileSystem.exists(folder.checkpoint(best)) ? best : nil
    }
    state.bestCheckpoint = best.map { "checkpoint-\($0)" }
    try write(to: path, state, rows)
    try FileSystem.link(folder.path + "/last", to: "checkpoint-\(state.globalStep)")
    if let best = state.bestCheckpoint {
      try FileSystem.link(folder.path + "/best", to: best)
    } else {
      DurableFolder.remove(folder.path + "/best")
    }
    try state.write(to: folder.path + "/trainer_state.json")
    folder.prune(limit: limit, best: best)
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
    let state = try Checkpoint.read(
      from: folder.checkpoint(step), trainable, optimizer.file(group), group)
    savedStep = step
    group.note(whole: "checkpoint-\(step)")
    note("resumed from checkpoint-\(step)")
    return state
  }

  /// What the source of rows left in the checkpoint of `step`; nil where it left nothing.
  func sourceState(after step: Int) throws -> JSONValue? {
    let path = folder.checkpoint(step) + "/" + Checkpoint.rows
    let text = try group.share("the completions of the checkpoint") {
      FileSystem.exists(path) ? try JSONValue(readingFile: path).text(.compact) : nil
    }
    return try text.map { try JSONValue(parsing: Array($0.utf8)) }
  }

  /// Puts the weights of the best step in place, where they are not.
  func restoreBest(_ state: TrainerState) throws -> Int? {
    guard let best = state.bestGlobalStep, best != state.globalStep else { return nil }
    try trainable.restore(from: folder.checkpoint(best), group)
    return best
  }
}
