import Evaluation
import Runs

/// Draws what a verb tells: notes and bars on standard error, reports on standard output.
final class RunDisplay {
  private var work: Work?
  private var bar: ProgressBar?
  private var training: TrainingDisplay?

  fileprivate func draw(_ event: RunEvent) {
    switch event {
    case .note(let text): Console.note(text)
    case .working(let work, let done):
      if work.label != self.work?.label {
        bar?.finish()
        bar = ProgressBar(
          training?.label(of: work) ?? work.label, total: work.total, unit: work.unit)
      }
      self.work = work
      if done > 0 { bar?.update(done, total: work.total, rest: training?.remaining) }
    case .worked:
      bar?.finish()
      (bar, work) = (nil, nil)
    case .planned(let run):
      let outlook = RunOutlook.current
      outlook.plan(
        steps: run.options.steps, interval: run.options.evaluationSteps,
        evaluates: run.validation != nil, ranks: run.ranks)
      outlook.enter(.answeringBase)
      training = TrainingDisplay(run.options)
      training?.introduce(run)
    case .training(let event): training?.observe(event)
    case .trained(let outcome): training?.finish(outcome)
    case .judged(let reports): Console.print(ReportTable(reports).description)
    }
  }
}

extension RunObserver {
  /// Draws on the console.
  static var console: RunObserver {
    let display = RunDisplay()
    return RunObserver(display.draw)
  }
}

extension TaskSession {
  /// Opens what the recipe names, and tells the console of it.
  init(_ assembled: AssembledRecipe) throws { try self.init(assembled, tell: .console) }

  /// Says which day the chat template writes, where it writes one.
  func noteDay() {
    if let day = recipe.templateDate {
      Console.note("day       \(day), as the chat template writes it; template_date sets it")
    }
  }
}
