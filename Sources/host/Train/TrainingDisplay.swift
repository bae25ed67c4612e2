import Formats
import Models
import Rows
import Runs
import Tensors
import Training

/// What a person, or a log file, sees of a run.
final class TrainingDisplay {
  private let options: TrainingOptions
  private let outlook = RunOutlook.current
  private var bar: ProgressBar?, evaluation: ProgressBar?
  private var notes: [String] = [], speed = 0.0
  private var isUnderWay = false
  private var times = PartTimes()
  /// The share of the last step that ranks waited, and the rank that they waited for.
  private var ranks: (waiting: Double, slowest: Int)?
  private let isTerminal = Console.error.redraws

  init(_ options: TrainingOptions) {
    self.options = options
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
    case .began(let step):
      outlook.enter(.step(step))
      show(step - 1)
    case .evaluates(let step): outlook.enter(.evaluation(step))
    case .step(
      let number, let loss, let rewards, _, _, let tokens, let seconds, let parts):
      times.add(parts, of: seconds)
      speed = Double(tokens) / seconds
      if !isUnderWay {
        let start = Format.fixed(Machine.secondsSinceStart - seconds, 2)
        Console.note("started   step \(number) began \(start) s after the program")
        isUnderWay = true
      }
      guard isTerminal else { return }
      let shown = [
        ("rewards/margins", "margin"), ("margin", "margin"), ("reward", "reward"),
        ("completions/mean_length", "length"),
      ].compactMap { name, label in
        rewards.first { $0.name == name }.map { "\(label) \(Format.fixed($0.value, 2))" }
      }
      notes = ["loss \(Format.fixed(loss, 4))"] + shown + pace
      show(number)
    case .logged(let step, let values):
      // A terminal sees the bar; a log gets what metrics.jsonl gets.
      if !isTerminal { line(step, values, pace.joined(separator: "  ")) }
    case .ranks(let waiting, let slowest): ranks = (waiting, slowest)
    case .evaluating(let done, let total):
      guard isTerminal else { return }
      let bar = evaluation ?? ProgressBar("loss of validation rows", total: total, unit: "rows")
      evaluation = bar
      evaluation?.update(done, total: total, rest: outlook.remaining)
      if done >= total { endEvaluation() }
    case .saved: break
    case .evaluated(let step, let values, let isBest):
      endEvaluation()
      // The loss and the task's main metric; the others stand in metrics.jsonl.
      line(
        step, isTerminal ? Array(values.prefix(2)) : values,
        isBest ? "(best \(options.bestMetric))" : nil)
      if isTerminal { show(step) }
    case .note(let text): Console.note(text)
    }
  }

  /// How fast the last step was and, of several ranks, how long they waited for which.
  private var pace: [String] {
    let waiting = ranks.map {
      "waiting \(Format.fixed(100 * $0.waiting, 0)) %, rank \($0.slowest) last"
    }
    return ["\(Format.short(speed)) tokens/s"] + [waiting].compactMap(\.self)
  }

  /// What a piece of work within training is called.
  func label(of work: Work) -> String {
    outlook.evaluated.map { "step \($0): \(work.label)" } ?? work.label
  }

  /// Seconds until the run's end; nil where nobody knows yet.
  var remaining: Double? { outlook.remaining }

  /// Draws the bar over the steps, which is there from the first one on.
  func show(_ step: Int) {
    guard isTerminal else { return }
    if bar == nil { bar = ProgressBar("training", total: options.steps, unit: "steps") }
    let left = outlook.remaining
    bar?.update(step, notes: notes, left: left)
  }

  private func endEvaluation() {
    evaluation?.finish()
    evaluation = nil
  }

  /// What a step was, on a line of its own.
  private func line(_ step: Int, _ values: [(name: String, value: Double)], _ end: String?) {
    let parts = values.map { "\($0.name) \(Format.short($0.value))" } + [end].compactMap(\.self)
    Console.note((["step \(step)"] + parts).joined(separator: "  "))
  }

  func finish(_ outcome: TrainingOutcome) {
    outlook.enter(.recording)
    bar?.finish()
    switch outcome {
    case .finished(let step): Console.note("finished at step \(step)")
    case .stopped(let step, let reason): Console.note("stopped early at step \(step): \(reason)")
    case .interrupted(let step): Console.note("interrupted at step \(step)")
    }
    if let text = times.text { Console.note("rows      " + text) }
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
