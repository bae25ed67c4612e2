import Formats
import JSON
import Models
import Rows
import Runs
import Tensors
import Training

/// What a person, or a log file, sees of a run.
final class TrainingDisplay {
  private let options: TrainingOptions
  private var bar: ProgressBar
  private var lossAverage: Double?
  private var isUnderWay = false
  private var times = PartTimes()
  private let isTerminal = Console.error.redraws

  init(_ options: TrainingOptions) {
    self.options = options
    bar = ProgressBar("training", total: options.steps, unit: "steps")
  }

  /// What will be trained, on what, with which settings.
  func introduce(_ run: PlannedRun) {
    let (session, train, validation) = (run.session, run.train, run.validation)
    let (model, trainable, plan) = (run.model, run.trainable, run.memory)
    let trained = trainable.parameters.reduce(0) { $0 + $1.tensor.count }
    let share =
      100 * Double(train.statistics.trainedTokens) / Double(max(train.statistics.tokens, 1))
    Console.note("task      \(session.task.description.name) (\(session.task.plugin.path))")
    Console.note("model     \(session.modelFolder)")
    session.noteDay()
    let seats = trainable.adapters.map { "; " + $0.summary(of: model.linears) } ?? ""
    Console.note("trained   \(Format.grouped(trained)) parameters\(seats)")
    let tokens = Format.grouped(train.statistics.tokens)
    Console.note(
      "rows      \(train.count) train, \(validation?.count ?? 0) validation; "
        + "\(Format.fixed(share, 1)) % of \(tokens) tokens are trained, "
        + "longest row \(train.statistics.longest)")
    let kept = [train, validation].compactMap { $0 }.filter {
      if case .cache = $0.origin { true } else { false }
    }
    if !kept.isEmpty {
      let names = kept.map(\.name).joined(separator: ", ")
      Console.note("cache     the tokens of \(names) are an earlier run's; see --no-cache")
    }
    for data in [train, validation].compactMap({ $0 }) where !data.statistics.skipped.isEmpty {
      Console.note(
        "skipped   \(data.statistics.skipped.count) rows left out or cut; see skipped.jsonl")
    }
    let isForced = plan.usesCheckpointing && session.recipe.training.usesCheckpointing == nil
    Console.note(
      "memory    \(Format.bytes(plan.total)) planned"
        + (isForced ? "; activations are computed twice, since memory would not suffice" : ""))
    Console.note(
      "steps     \(options.steps) of \(options.batchSize) × \(options.accumulation) rows, "
        + "evaluation every \(options.evaluationSteps), \(Parallel.threads) threads")
  }

  func observe(_ event: TrainingEvent) {
    switch event {
    case .step(
      let number, let loss, let rewards, let norm, let rate, let tokens, let seconds,
      let parts):
      times.add(parts, of: seconds)
      if !isUnderWay {
        let start = Format.fixed(Machine.secondsSinceStart - seconds, 2)
        bar.interject("started   step \(number) began \(start) s after the program")
        isUnderWay = true
      }
      let speed = Double(tokens) / seconds
      guard isTerminal else {
        guard number % options.loggingSteps == 0 else { return }
        return line(
          [("step", .int(number)), ("loss", .double(loss))]
            + rewards.map { ($0.name, .double($0.value)) } + [
              ("grad_norm", .double(norm)), ("learning_rate", .double(rate)),
              ("tokens_per_second", .double(speed)),
            ])
      }
      let average = lossAverage.map { 0.9 * $0 + 0.1 * loss } ?? loss
      lossAverage = average
      let shown = [
        ("rewards/margins", "margin"), ("margin", "margin"), ("reward", "reward"),
        ("completions/mean_length", "length"),
      ].compactMap { name, label in
        rewards.first { $0.name == name }.map { "  \(label) \(Format.fixed($0.value, 2))" }
      }.joined()
      bar.update(
        number,
        note: "loss \(Format.fixed(average, 4))\(shown)  \(Format.short(speed)) tokens/s")
    case .evaluating, .saved: break
    case .evaluated(let step, let values, let isBest):
      guard isTerminal else {
        return line([("step", .int(step))] + values.map { ($0.name, .double($0.value)) })
      }
      // The loss and the task's main metric; the others stand in metrics.jsonl.
      let text = values.prefix(2).map { "\($0.name) \(Format.fixed($0.value, 4))" }
      bar.interject("step \(step)  " + text.joined(separator: "  ") + (isBest ? "  (best)" : ""))
    case .note(let text): bar.interject(text)
    }
  }

  /// One JSON object on a line of its own: what a log file gets instead of a bar.
  private func line(_ members: [(String, JSONValue)]) {
    Console.note(members.reduce(JSONValue.emptyObject) { $0.setting($1.0, $1.1) }.text(.spaced))
  }

  func finish(_ outcome: TrainingOutcome) {
    switch outcome {
    case .finished(let step): bar.finish("finished at step \(step)")
    case .stopped(let step, let reason): bar.finish("stopped early at step \(step): \(reason)")
    case .interrupted(let step): bar.finish("interrupted at step \(step)")
    }
    if let text = times.text { Console.note("time      " + text) }
  }
}

/// Where a run's time went, where making rows is a part of it.
private struct PartTimes {
  private var parts: [(name: String, seconds: Double)] = []
  private var all = 0.0

  mutating func add(_ parts: [(name: String, seconds: Double)], of all: Double) {
    self.all += all
    for (name, seconds) in parts {
      if let index = self.parts.firstIndex(where: { $0.name == name }) {
        self.parts[index].seconds += seconds
      } else {
        self.parts.append((name, seconds))
      }
    }
  }

  /// nil where rows were there already.
  var text: String? {
    guard !parts.isEmpty, all > 0 else { return nil }
    let rest = all - parts.reduce(0) { $0 + $1.seconds }
    return (parts + [("training", rest)]).map { name, seconds in
      "\(name) \(Format.fixed(seconds, 1)) s (\(Int((100 * seconds / all).rounded())) %)"
    }.joined(separator: ", ")
  }
}
