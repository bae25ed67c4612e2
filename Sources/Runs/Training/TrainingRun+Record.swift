import Evaluation
import Formats
import Tasks
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
    _ outcome: TrainingOutcome, of planned: PlannedRun, before: Report?
  ) throws {
    let path = planned.folder.path, receipt = planned.receipt
    // Answers are judged by all ranks, and recorded by the first.
    guard group.isFirst else {
      if case .interrupted = outcome { return }
      try planned.trainable.send(group)
      _ = try planned.opened.judge?
        .judge(planned.model, label: "answering", at: .end, reference: planned.likelihoods)
      return
    }
    if case .interrupted(let step) = outcome {
      receipt.finish(outcome, before: before, after: nil)
      try receipt.write(to: path)
      tell.note("checkpoint-\(step) is saved; the same command with --resume goes on from there")
      return
    }
    try RunOutput.write(planned.trainable, model: session.modelFolder, to: path, group)
    var after = try planned.opened.judge?
      .judge(planned.model, label: "answering", at: .end, reference: planned.likelihoods).report
    receipt.finish(outcome, before: before, after: after)
    try receipt.write(to: path)
    if planned.terms.rows == .prompts, var report = after {
      try RolloutReport(folder: path).add(to: &report)
      after = report
    }
    let judged = (before.map { [("base", $0)] } ?? []) + (after.map { [("tuned", $0)] } ?? [])
    try ModelCard(receipt.json, judged, adapter: planned.trainable.adapters?.config)
      .write(to: path, tell: tell)
    if let after {
      let reports = (before.map { [("base", $0)] } ?? []) + [("tuned", after)]
      tell(.judged(reports))
      let files = ReportFiles(reports, title: session.task.description.name)
      tell.note("report    \(try files.write(to: path))")
    }
    tell.note("written   \(path)")
  }
}
