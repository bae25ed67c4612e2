import Evaluation
import Formats
import Training

extension TrainingRun {
  /// The first writing: an earlier run goes where that was asked for, the receipt and the list of
  /// rows left out come.
  func begin(_ planned: PlannedRun) throws {
    let weights =
      recipe.startsFromScratch ? nil : try SafeTensorsFolder(path: session.modelFolder)
    for note in ModelNotes.of(planned.model, weights) { tell.note("note      \(note)") }
    guard group.isFirst else { return }
    let folder = planned.folder
    if earlier == .isRemoved {
      folder.removeEarlier()
      ReportFiles.removeEarlier(from: folder.path)
    }
    try planned.receipt.write(to: folder.path)
    let validation = planned.validation.map { [("validation", $0)] } ?? []
    try RunOutput.writeSkipped([("train", planned.train)] + validation, to: folder.path)
  }

  /// Leaves what others use: the weights, the receipt and, of a run that has come to its end, the
  /// report over its answers beside the base's.
  func record(
    _ outcome: TrainingOutcome, of planned: PlannedRun, before: Judgement?, after: Judgement?
  ) throws {
    let path = planned.folder.path, receipt = planned.receipt
    let peak = Int(Machine.peakMemory * 1_048_576)
    receipt.note(peaks: try group.gather("peaks of memory", numbers: [peak]).map { $0[0] })
    if case .interrupted(let step) = outcome {
      guard group.isFirst else { return }
      receipt.finish(outcome, before: before?.report, after: nil, time)
      try receipt.write(to: path)
      tell.note(
        (step == 0 ? "no step was done; " : "checkpoint-\(step) is saved; ")
          + "the same command with --resume goes on from there")
      return
    }
    if group.isFirst {
      try RunOutput.write(planned.trainable, model: session.modelFolder, to: path, group)
    } else {
      try planned.trainable.send(group)
    }
    let after = try after ?? judgeEnd(planned)
    // Answers are judged by all ranks, and recorded by the first.
    guard group.isFirst else { return }
    receipt.finish(outcome, before: before?.report, after: after?.report, time)
    try receipt.write(to: path)
    try report(planned, before: before, after: after)
    tell.note("time      \(time.text)")
    tell.note("written   \(path)")
  }

  /// What the tuned model answers, where no evaluation has asked the weights that the run ends with.
  private func judgeEnd(_ planned: PlannedRun) throws -> Judgement? {
    try planned.opened.judge.map {
      try Judgement(
        $0.judge(planned.model, label: "answering", at: .end, reference: planned.likelihoods))
    }
  }

  /// Shows and writes what came out: the model card, tables, and the page with the run's curves.
  private func report(_ planned: PlannedRun, before: Judgement?, after: Judgement?) throws {
    let path = planned.folder.path, receipt = planned.receipt.json
    var tuned = after?.report
    if planned.terms.rows == .prompts, var report = tuned {
      try RolloutReport(folder: path).add(to: &report)
      tuned = report
    }
    let reports =
      (before.map { [("base", $0.report)] } ?? []) + (tuned.map { [("tuned", $0)] } ?? [])
    try ModelCard(receipt, reports, adapter: planned.trainable.adapters?.config)
      .write(to: path, tell: tell)
    if tuned != nil { tell(.judged(reports)) }
    let answers = after.flatMap {
      SampleAnswers.table(before: before?.answers, after: $0.answers)
    }
    let files = ReportFiles(
      reports, title: session.task.description.name,
      facts: RunFacts(receipt, adapter: planned.trainable.adapters?.config).list,
      curves: try RunCurves.of([("", path)], metrics: tuned.map { [$0.primary] } ?? []),
      tables: answers.map { [$0] } ?? [])
    tell.note("report    \(try files.write(to: path))")
  }
}
