import Formats
public import Ranks
import Tasks
public import Tracking
public import Training

/// One training run: its folder is claimed; rows and judge are opened; all is decided; the model is
/// trained, its answers are judged, and what came out is recorded.
public struct TrainingRun {
  private(set) var session: TaskSession
  let earlier: RunFolder.Earlier, acceptsChanges: Bool, usesCache: Bool
  /// The processes that share the work, and whether they first compare what they compute.
  let group: Group, probes: Bool
  /// What the program prints, for trackers that keep it.
  let console: PrintedLines?
  let time = RunTime()
  var recipe: Recipe { session.recipe }
  var tell: RunObserver { session.tell }

  /// A run of the session's recipe. `earlier` says what becomes of a run that the folder holds;
  /// `acceptsChanges` lets a resumed run go on otherwise than it was begun. All ranks of `group` make
  /// the same run; rank 0 writes and speaks. `probes`: whether they first compare a gradient.
  public init(
    _ session: TaskSession, earlier: RunFolder.Earlier, acceptsChanges: Bool, usesCache: Bool,
    group: Group = .alone, probes: Bool = true, console: PrintedLines? = nil
  ) {
    self.console = console
    self.group = group
    self.probes = probes
    self.session = session
    self.earlier = earlier
    self.acceptsChanges = acceptsChanges
    self.usesCache = usesCache
  }

  /// Trains until the last step or until `shouldStop`. Everything that can be refused is refused
  /// before anything is written. Returns how it ended.
  @discardableResult
  public func run(until shouldStop: () -> Bool) throws -> TrainingOutcome {
    let folder = try RunFolder.shared(by: group, claimFolder)
    if recipe.checkpoint.isSharded {
      try folder.check(seenBy: group, as: recipe.outputDirectory ?? "")
    }
    var run = self
    run.session = session.onDay(of: folder.resumption?.receipt)
    return try withExtendedLifetime(folder) {
      let planned = try run.plan(try run.open(in: folder))
      tell(.planned(planned))
      try run.begin(planned)
      guard let before = try run.unlessStopped(shouldStop, { try run.judgeBase(planned) }) else {
        let step = folder.resumption?.step ?? 0
        tell(.trained(.interrupted(step: step)))
        try run.record(.interrupted(step: step), of: planned, before: nil, after: nil)
        return .interrupted(step: step)
      }
      let (outcome, after) = try run.train(planned, before: before, until: shouldStop)
      tell(.trained(outcome))
      try run.record(outcome, of: planned, before: before, after: after)
      return outcome
    }
  }

  /// What `body` makes; nil where it was left because the run is to stop.
  private func unlessStopped<Value>(
    _ shouldStop: () -> Bool, _ body: () throws -> Value
  ) throws -> Value? {
    do { return try body() } catch let error as TaskError where error.kind == .cancelled {
      guard group.isAlone, shouldStop() else { throw error }
      return nil
    }
  }

  /// The output folder, which no other process trains in from here on.
  private func claimFolder() throws -> RunFolder {
    guard let path = recipe.outputDirectory, !path.isEmpty else {
      throw Diagnosis(
        Diagnosis.usage,
        "no output folder is named; give --output-dir, or output_dir: in the recipe")
    }
    try session.reads.check(
      "output_dir", path, earlier == .isRemoved ? .replacesRun : .adds, of: recipe)
    let folder = try RunFolder(path: path, earlier: earlier)
    if !folder.isLocked {
      tell.note(
        "warning: the file system of \(path) has no locks; see to it that nothing else trains there"
      )
    }
    return folder
  }
}
