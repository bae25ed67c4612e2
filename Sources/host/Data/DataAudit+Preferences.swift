import Runs

extension DataAudit {
  /// Shows the answers of pairs beside each other, and what labels say.
  func printPreferences(_ audits: [SplitAudit]) {
    let paired = audits.filter { !$0.preferences.chosen.isEmpty }
    if !paired.isEmpty { Console.print(answers(paired)) }
    for audit in audits {
      let preferences = audit.preferences, split = audit.split.rawValue
      if let longer = preferences.longerChosen {
        Console.print(
          "\(split): of \(Format.grouped(preferences.chosen.count)) pairs the chosen answer is the "
            + "longer one in \(Format.percent(longer.share)), as long as the other in "
            + Format.percent(longer.equal))
      }
      if preferences.wanted + preferences.unwanted > 0 {
        Console.print(
          "\(split): \(Format.grouped(preferences.wanted)) answers are wanted, "
            + "\(Format.grouped(preferences.unwanted)) are not")
      }
    }
  }

  /// Lengths of the answers, the prompts left out.
  private func answers(_ audits: [SplitAudit]) -> String {
    let titles = ["min", "mean"] + percentiles.percents.map { "p\($0)" }
    let unit = audits[0].measure.unit
    var table = TextTable(
      columns: [("answers (\(unit))", .left)] + titles.map { ($0, .right) })
    for audit in audits {
      let answers = [
        ("chosen", audit.preferences.chosen), ("rejected", audit.preferences.rejected),
      ]
      for (name, lengths) in answers {
        let lengths = Percentiles(lengths)
        table.append(
          row: [
            "\(audit.split.rawValue) \(name)", "\(lengths.minimum)",
            Format.fixed(lengths.mean, 1),
          ] + percentiles.percents.map { "\(lengths[$0])" })
      }
    }
    return table.text
  }
}
