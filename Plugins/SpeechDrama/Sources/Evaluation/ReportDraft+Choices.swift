import TaskKit

extension ReportDraft {
  /// The accuracies of a yes-or-no dimension.
  mutating func add(_ sheet: BinarySheet) {
    let statistics = sheet.statistics(), name = sheet.dimension
    count(name + "_ties", sheet.ties.count)
    guard !sheet.decided.isEmpty else { return }
    let intervals = bootstrap.intervals(clusters: sheet.clips) { drawn in
      sheet.statistics(drawn: drawn).map(\.value)
    }
    for (index, part) in BinarySheet.names.enumerated() {
      add(name + "_" + part, statistics[index], intervals[index], count: sheet.decided.count)
    }
    addBaseline("constant", [(name + "_accuracy", .value(sheet.majority))])
    let confusion = sheet.confusion
    let cells = [
      confusion.truePositives, confusion.falsePositives, confusion.falseNegatives,
      confusion.trueNegatives, sheet.ties.count,
    ]
    add(
      Table(
        name: name,
        columns: BinarySheet.names + [
          "true_positives", "false_positives", "false_negatives", "true_negatives", "ties",
        ],
        rows: [statistics.map { Table.Cell($0.value) } + cells.map { .number(Double($0)) }]))
    add(
      Chart(
        title: name + ": decisions",
        caption: "Unread answers are wrong; \(sheet.ties.count) clips whose annotators are split "
          + "evenly are left out.",
        content: .heatmap(
          Chart.Heatmap(
            rows: ["majority: yes", "majority: no"], columns: ["judge: yes", "judge: no"],
            values: [
              [Double(confusion.truePositives), Double(confusion.falseNegatives)],
              [Double(confusion.falsePositives), Double(confusion.trueNegatives)],
            ], low: 0, high: Double(sheet.decided.count)))))
  }

  /// The accuracies of multiple-choice rows.
  mutating func add(_ sheet: ChoiceSheet) {
    guard !sheet.choices.isEmpty else { return }
    let statistics = sheet.statistics(), chance = sheet.chance
    let intervals = bootstrap.intervals(clusters: sheet.clips) { drawn in
      sheet.statistics(drawn: drawn).map(\.value)
    }
    var table = Table(
      name: "multiple_choice", columns: ["category", "count", "accuracy", "low", "high", "chance"])
    for (index, name) in sheet.names.enumerated() {
      add(name, statistics[index], intervals[index], count: sheet.counts[index])
      table.rows.append([
        .text(index == 0 ? "all" : sheet.categories[index - 1]),
        .number(Double(sheet.counts[index])), Table.Cell(statistics[index].value),
        Table.Cell(intervals[index]?.low), Table.Cell(intervals[index]?.high),
        Table.Cell(chance[index].value),
      ])
    }
    addBaseline("chance", Array(zip(sheet.names, chance)))
    add(table)
    guard !sheet.categories.isEmpty else { return }
    add(
      Chart(
        title: "Accuracy by category",
        content: .bars(
          Chart.Bars(
            categories: ["all"] + sheet.categories,
            series: [
              .init(
                name: "judge", values: statistics.map(\.value), low: intervals.map { $0?.low },
                high: intervals.map { $0?.high }),
              .init(name: "chance", values: chance.map(\.value)),
            ], value: .init("accuracy", low: 0, high: 1)))))
  }
}
