import Runs
import Synchronization

/// What a training run is at, and how long that and all that follows will take: for the bar, and for
/// whoever interrupts it.
final class RunOutlook: Sendable {
  /// A part of a run.
  enum Phase: Sendable {
    case opening, answeringBase, step(Int), evaluation(Int), recording
  }

  fileprivate struct State {
    var phase = Phase.opening, since = ContinuousClock.now
    var steps = 0, interval = 1, evaluates = false, ranks = 1
    var done = 0, stepSeconds: Double?, evaluationSeconds: Double?
  }

  /// The run of this process.
  static let current = RunOutlook()

  private let state = Mutex(State())

  /// Says how long the run is, how often it is evaluated, if at all, and how many ranks share it.
  func plan(steps: Int, interval: Int, evaluates: Bool, ranks: Int) {
    state.withLock {
      ($0.steps, $0.interval, $0.evaluates, $0.ranks) = (steps, interval, evaluates, ranks)
    }
  }

  /// From now on the run is at `phase`; how long the last one took says how long the next such will.
  func enter(_ phase: Phase) {
    state.withLock { state in
      let now = ContinuousClock.now, seconds = (now - state.since) / .seconds(1)
      switch state.phase {
      case .answeringBase, .evaluation: state.evaluationSeconds = seconds
      case .step(let number):
        state.done = number
        // Recent steps count most; the first one, which opens files, least.
        state.stepSeconds = state.stepSeconds.map { 0.8 * $0 + 0.2 * seconds } ?? seconds
      case .opening, .recording: break
      }
      (state.phase, state.since) = (phase, now)
      if case .step(let number) = phase { state.done = number - 1 }
    }
  }

  /// Seconds until the end, evaluations included as far as it is known how long one takes; nil before
  /// the first step is done.
  var remaining: Double? {
    state.withLock { state in
      guard let step = state.stepSeconds else { return nil }
      let left = max(0, state.steps - state.done)
      return Double(left) * step + Double(state.evaluationsLeft) * (state.evaluationSeconds ?? 0)
    }
  }

  /// The step that is being evaluated; nil where none is.
  var evaluated: Int? {
    state.withLock { if case .evaluation(let step) = $0.phase { step } else { nil } }
  }

  /// What follows after a first signal, as a sentence.
  var farewell: String {
    state.withLock { state in
      let spent = (ContinuousClock.now - state.since) / .seconds(1)
      let again =
        state.ranks > 1 ? "" : "; Ctrl-C again leaves at once, with the newest checkpoint"
      switch state.phase {
      case .opening: return "interrupted: leaving; nothing is trained yet"
      case .answeringBase:
        return "interrupted: leaving after these answers; no step was done in this start" + again
      case .step(let number):
        let rest = state.stepSeconds.map { $0 - spent }.flatMap { $0 < 1 ? nil : $0 }
        return "interrupted: finishing step \(number)"
          + (rest.map { " (about \(Format.duration($0)) more)" } ?? "") + ", then "
          + (state.ranks > 1 ? "all \(state.ranks) ranks save" : "saving") + " and leaving" + again
      case .evaluation(let number):
        guard state.ranks == 1 else {
          return "interrupted: all ranks save and leave after this evaluation" + again
        }
        return "interrupted: leaving this evaluation after its batch, then saving step \(number), "
          + "whose evaluation --resume begins with" + again
      case .recording: return "interrupted: the run is over; leaving once its results are written"
      }
    }
  }
}

extension RunOutlook.State {
  /// Evaluations that are to come: after each interval, and after the last step.
  fileprivate var evaluationsLeft: Int {
    guard evaluates, steps > 0 else { return 0 }
    let all = steps / interval + (steps % interval == 0 ? 0 : 1), past = done / interval
    return max(0, all - past)
  }
}
