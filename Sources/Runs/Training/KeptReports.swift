/// The task's reports of a run's last and of its best evaluation: what is judged already is not judged
/// a second time when the run ends.
final class KeptReports {
  private var last: (step: Int, found: Judgement)?, best: (step: Int, found: Judgement)?

  /// Keeps what an evaluation after `step` found.
  func keep(_ found: Judgement, of step: Int) { last = (step, found) }

  /// The evaluation after `step` is the best one so far.
  func noteBest(_ step: Int) {
    if let last, last.step == step { best = last }
  }

  /// What was found of the weights after `step`; nil where that is not known.
  func found(of step: Int) -> Judgement? {
    [last, best].compactMap(\.self).first { $0.step == step }?.found
  }
}
