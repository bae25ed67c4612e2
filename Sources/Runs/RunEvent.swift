import Tasks
import Training

/// What a verb tells while it works. How that looks is the business of who hears it.
public enum RunEvent {
  /// A sentence for the user.
  case note(String)
  /// So many units of a piece of work are done; the first time with 0, or at the first one.
  case working(Work, done: Int)
  /// A piece of work has ended, whole or not.
  case worked(Work)
  /// A training run is decided on and about to begin.
  case planned(PlannedRun)
  /// What the loop tells.
  case training(TrainingEvent)
  /// The loop has ended.
  case trained(TrainingOutcome)
  /// The reports of a training run, each under its model's name.
  case judged([(name: String, report: Report)])
}

/// A piece of work that takes its time.
public struct Work: Sendable, Hashable {
  /// What it is, as in "reading train".
  public let label: String
  /// How many units it has.
  public let total: Int
  /// What a unit is called; empty where its rate means nothing.
  public let unit: String
}

/// Who hears what a verb tells.
public struct RunObserver {
  private let hear: (RunEvent) -> Void

  /// An observer that does this with each event.
  public init(_ hear: @escaping (RunEvent) -> Void) { self.hear = hear }

  /// Tells an event.
  public func callAsFunction(_ event: RunEvent) { hear(event) }

  /// Tells a sentence for the user.
  public func note(_ text: String) { hear(.note(text)) }

  /// Does `body` as a piece of work; it says how many units are done.
  func during<Result, Failure: Error>(
    _ label: String, total: Int, unit: String,
    _ body: (_ reached: @escaping (Int) -> Void) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let work = Work(label: label, total: total, unit: unit)
    hear(.working(work, done: 0))
    defer { hear(.worked(work)) }
    return try body { hear(.working(work, done: $0)) }
  }

  /// The same for work whose size is known only once its first unit is done; until then it is 0.
  func during<Result, Failure: Error>(
    _ label: String, unit: String,
    _ body: (_ reached: @escaping (Int, _ total: Int) -> Void) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var work = Work(label: label, total: 0, unit: unit)
    hear(.working(work, done: 0))
    defer { hear(.worked(work)) }
    return try body { done, total in
      if work.total == 0 { work = Work(label: label, total: total, unit: unit) }
      hear(.working(work, done: done))
    }
  }
}
