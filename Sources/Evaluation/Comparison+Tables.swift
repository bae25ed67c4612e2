import Tasks

extension Comparison {
  /// The tables of a page or a terminal: the difference of each metric that both reports have and of
  /// the share of right rows, what the answers are to each other, and the first `examples` of the
  /// improvements and of the regressions, whose texts are cut to `width` characters. Empty tables are
  /// left out.
  public func tables(base: Report, tuned: Report, examples: Int, width: Int) -> [Table] {
    let common = commonWords
    return [
      differences(base, tuned), outcomes,
      self.examples(.improvement, examples, width, common),
      self.examples(.regression, examples, width, common),
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
      guard let before = base[name]?.value else { continue }
      table.rows.append([
        .text(name), .number(before), .number(measure.value), .number(measure.value - before),
        .absent, .absent,
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
    _ outcome: Outcome, _ limit: Int, _ width: Int, _ common: (first: Int, last: Int)
  ) -> Table {
    Table(
      name: "comparison_\(outcome.rawValue)s",
      columns: ["row", "asked", "reference", "base", "tuned"],
      rows: rows(outcome).prefix(limit).map { row in
        let asked = words(row.base).dropFirst(common.first).dropLast(common.last)
        let answers = [row.base.expectedAnswer ?? "", row.base.answer, row.tuned.answer]
        return [
          .number(Double(row.base.index)),
          .text(Self.cut(asked.joined(separator: " "), to: width, inTheMiddle: true)),
        ]
          + answers.map { answer in
            let words = answer.split(whereSeparator: \.isWhitespace)
            return .text(Self.cut(words.joined(separator: " "), to: width))
          }
      })
  }

  /// The words of a row's last question.
  private func words(_ prediction: Prediction) -> [Substring] {
    let asked = prediction.example.prompt.last { $0.role == "user" }?.text ?? ""
    return asked.split(whereSeparator: \.isWhitespace)
  }

  /// How many words all questions begin with, and end with: they tell no row from another. 0 where
  /// nothing else would be left.
  private var commonWords: (first: Int, last: Int) {
    guard rows.count > 1, let model = rows.first.map({ words($0.base) }) else { return (0, 0) }
    var first = model.count, last = model.count, shortest = model.count
    for row in rows.dropFirst() {
      let words = words(row.base)
      first = zip(model, words).prefix(first).prefix { $0 == $1 }.count
      last = zip(model.reversed(), words.reversed()).prefix(last).prefix { $0 == $1 }.count
      shortest = min(shortest, words.count)
    }
    return first + last < shortest ? (first, last) : (0, 0)
  }

  /// The text, or its beginning, or beginning and end, with a sign for what is left out.
  static func cut(_ text: String, to width: Int, inTheMiddle: Bool = false) -> String {
    guard text.count > width else { return text }
    let end = inTheMiddle ? (width - 1) / 2 : 0
    return text.prefix(width - 1 - end) + "…" + text.suffix(end)
  }
}
