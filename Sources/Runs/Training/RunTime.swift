import FoundationEssentials
import JSON
import Training

/// How long a run took, what it read in its steps, and the most memory it had in use.
final class RunTime {
  private let began = Date()
  private var steps = 0, tokens = 0, stepSeconds = 0.0

  /// Counts a step.
  func note(_ event: TrainingEvent) {
    guard case .step(_, _, _, _, _, let tokens, let seconds, _) = event else { return }
    steps += 1
    self.tokens += tokens
    stepSeconds += seconds
  }

  private var seconds: Double { Machine.secondsSinceStart }
  private var tokensPerSecond: Double { Double(tokens) / max(stepSeconds, 1e-9) }

  /// For the receipt.
  var json: JSONValue {
    [
      "began": .string(began.ISO8601Format()), "ended": .string(Date().ISO8601Format()),
      "seconds": .double((seconds * 100).rounded() / 100), "steps": .int(steps),
      "step_seconds": .double((stepSeconds * 100).rounded() / 100), "tokens": .int(tokens),
      "tokens_per_second": .double((tokensPerSecond * 10).rounded() / 10),
      "peak_memory_mib": .double((Machine.peakMemory * 10).rounded() / 10),
    ]
  }

  /// For people.
  var text: String {
    let pace =
      steps == 0
      ? ""
      : ", of these \(Format.duration(stepSeconds)) in \(steps) step\(steps == 1 ? "" : "s") at "
        + "\(Format.short(tokensPerSecond)) tokens/s"
    return Format.duration(seconds) + pace
      + "; at most \(Format.bytes(Int(Machine.peakMemory * 1_048_576))) of memory"
  }
}
