import Training

extension TrainingRun {
  /// What a resumed run does otherwise than the run in its folder, told and recorded; refused
  /// unless it is free, or accepted. nil where no step was done yet.
  func changes(_ folder: RunFolder, _ receipt: RunReceipt) throws -> RunChanges? {
    guard let resumption = folder.resumption, let done = resumption.step else { return nil }
    guard let earlier = resumption.receipt else {
      guard acceptsChanges else {
        throw TrainingError(
          .refused,
          "\(folder.path) holds no run.json, so that nobody knows what checkpoint-\(done) was trained "
            + "with; give --accept-changes to go on from it all the same")
      }
      return nil
    }
    receipt.noteBase()
    let changes = RunChanges(from: earlier, to: receipt.json)
    try changes.check(folder.path, from: done + 1, accepts: acceptsChanges)
    for change in changes.all { tell.note("changed   \(change.description)") }
    if !changes.unknown.isEmpty {
      tell.note(
        "warning: run.json does not tell what the run was begun with of: "
          + changes.unknown.joined(separator: ", "))
    }
    if changes.concernsOrder {
      tell.note(
        "from step \(done + 1) on rows come in the order of a run with these settings; some of the epoch "
          + "that was begun may come twice, some not at all")
    }
    if changes.concernsEvaluation {
      tell.note("the best step is looked for anew, since evaluations now measure otherwise")
    }
    receipt.goOn(earlier, from: done + 1, with: changes)
    return changes
  }
}
