import Tasks

extension Comparison {
  /// The names of `tables`.
  public static let tableNames = [
    "comparison", "comparison_outcomes", "comparison_improvements", "comparison_regressions",
  ]

  /// The tables of a page or a terminal: the difference of each metric that both reports have and of
  /// the share of right rows, what the answers are to each other, and the first `examples` of the
  /// improvements and of the regressions, whose texts are cut to `width` characters. Empty tables are
  /// left out.
  public func tables(base: Report, tuned: Report, examples: Int, width: Int) -> [Table] {
    let excerpts = Excerpts(rows.lazy.map { question($0.base) })
    return [
      differences(base, tuned), outcomes,
      self.examples(.improvement, examples, width, excerpts),
      self.examples(.regression, examples, width, excerpts),
    ].filter { !$0.rows.isEmpty }
  }

  private func differences(_ base: Report, _ tuned: Report) -> Table {
    var table = Table(
      name: "comparison", columns: ["metric", "base", "tuned", "difference", "low", "high"])
    if let (base, tuned, difference) = correctness {
      table.rows.append([
        .text("right rows"), .number(base), .number(tuned), .number(difference.value),
        Table.Cell(difference.low), Table.Cell(difference.high),
      ])
    }
    for (name, measure) in tuned.metrics {
      let before = base[name]?.value
      table.rows.append([
        .text(measure.lowerIsBetter ? name + " ↓" : name), Table.Cell(before),
        .number(measure.value), Table.Cell(before.map { measure.value - $0 }), .absent, .absent,
      ])
    }
    return table
  }

  private var outcomes: Table {
    let titles: [(Outcome, String)] = [
      (.bothRight, "both right"), (.sameWrong, "both wrong, same answer"),
      (.bothWrong, "both wrong, different answers"), (.improvement, "improvements"),
      (.regression, "regressions"), (.sameUnjudged, "same answer, no reference"),
      (.differentUnjudged, "different answers, no reference"),
    ]
    let rows = titles.compactMap { outcome, title -> [Table.Cell]? in
      let number = count(outcome)
      let isShown = number > 0 || outcome == .improvement || outcome == .regression
      return isShown ? line(title, number) : nil
    }
    return Table(
      name: "comparison_outcomes", columns: ["outcome", "rows", "share"],
      rows: rows + [line("all disagreements", disagreements)])
  }

  private func line(_ title: String, _ number: Int) -> [Table.Cell] {
    [.text(title), .number(Double(number)), .number(Double(number) / Double(max(rows.count, 1)))]
  }

  // MARK: Examples

  private func examples(
    _ outcome: Outcome, _ limit: Int, _ width: Int, _ excerpts: Excerpts
  ) -> Table {
    Table(
      name: "comparison_\(outcome.rawValue)s",
      columns: ["row", "asked", "reference", "base", "tuned"],
      rows: rows(outcome).prefix(limit).map { row in
        let answers = [row.base.expectedAnswer ?? "", row.base.answer, row.tuned.answer]
        return [
          .number(Double(row.base.index)),
          .text(excerpts(question(row.base), width: width)),
        ]
          + answers.map { answer in
            let words = answer.split(whereSeparator: \.isWhitespace)
            return .text(Excerpts.cut(words.joined(separator: " "), to: width))
          }
      })
  }

  /// A row's last question.
  private func question(_ prediction: Prediction) -> String {
    prediction.example.prompt.last { $0.role == "user" }?.text ?? ""
  }
}
