import TaskKit

extension ReportDraft {
  /// The correlations and errors of judgements on a scale.
  mutating func add(_ sheet: ScaleSheet) {
    guard !sheet.dimensions.isEmpty else { return }
    let results = ScaleSheet.Kind.allCases.map { ScaleResult(sheet, $0, bootstrap) }
    let count = sheet.judgements.reduce(0) { $0 + $1.count }
    for result in results {
      for row in ["macro", "pooled"] { addMetrics(result, row: row, count: count) }
    }
    let human = sheet.human(), constant = sheet.constant()
    addBaseline("human", overall(human, sheet))
    addBaseline("constant", overall(constant, sheet))
    add(summary(sheet, results, human))
    add(intervals(sheet, results))
    for chart in ScaleCharts(sheet, results, human, constant).all { add(chart) }
  }

  private mutating func addMetrics(_ result: ScaleResult, row: String, count: Int) {
    guard let place = result.rows.firstIndex(of: row) else { return }
    let prefix = result.kind == .expected ? "" : "likely_"
    for (index, name) in Agreement.names.enumerated() {
      add(
        prefix + name + "_" + row, result.statistics[place][index],
        result.intervals[place][index], count: count,
        lowerIsBetter: Agreement.errors.contains(name))
    }
    // Correlations of tiny sets are undefined; the primary metric must be there and rise.
    let mae = result.statistics[place][4], interval = result.intervals[place][4]
    if prefix.isEmpty, row == "macro", result.statistics[place][0].value == nil,
      let value = mae.value
    {
      add(
        "negative_mae_macro", .value(-value), interval.map { (-$0.high, -$0.low) }, count: count)
    }
  }

  /// The macro and pooled statistics under the metrics' names.
  private func overall(
    _ statistics: [[Statistic]], _ sheet: ScaleSheet
  ) -> [(name: String, statistic: Statistic)] {
    var named: [(name: String, statistic: Statistic)] = []
    for (row, values) in zip(sheet.rows, statistics).suffix(2) {
      named += zip(Agreement.names, values).map { ($0 + "_" + row, $1) }
      if row == "macro", let mae = values[4].value {
        named.append(("negative_mae_macro", .value(-mae)))
      }
    }
    return named
  }

  /// A line for each dimension: the statistics of both scores, and what people reach.
  private func summary(
    _ sheet: ScaleSheet, _ results: [ScaleResult], _ human: [[Statistic]]
  ) -> Table {
    var columns = ["dimension", "count"]
    for result in results {
      let own = [Agreement.names[0], "low", "high"] + Agreement.names.dropFirst()
      columns += own.map { result.kind.rawValue + "_" + $0 }
    }
    columns += Agreement.names.map { "human_" + $0 }
    let rows = sheet.rows.enumerated().map { place, name -> [Table.Cell] in
      let all = sheet.judgements.reduce(0) { $0 + $1.count }
      let count = place < sheet.judgements.count ? sheet.judgements[place].count : all
      var cells: [Table.Cell] = [.text(name), .number(Double(count))]
      for result in results {
        let values = result.statistics[place].map { Table.Cell($0.value) }
        let interval = result.intervals[place][0]
        cells += [values[0], Table.Cell(interval?.low), Table.Cell(interval?.high)]
        cells += values.dropFirst()
      }
      return cells + human[place].map { Table.Cell($0.value) }
    }
    return Table(name: "evaluation_summary", columns: columns, rows: rows)
  }

  /// A line for each statistic with its interval, or why it is undefined.
  private func intervals(_ sheet: ScaleSheet, _ results: [ScaleResult]) -> Table {
    var rows: [[Table.Cell]] = []
    for result in results {
      for (place, row) in sheet.rows.enumerated() {
        for (index, name) in Agreement.names.enumerated() {
          let statistic = result.statistics[place][index]
          let interval = result.intervals[place][index]
          rows.append([
            .text(row), .text(result.kind.rawValue), .text(name), Table.Cell(statistic.value),
            Table.Cell(interval?.low), Table.Cell(interval?.high),
            .text(statistic.reason.map { "undefined: " + $0 } ?? ""),
          ])
        }
      }
    }
    return Table(
      name: "evaluation_intervals",
      columns: ["dimension", "score", "statistic", "value", "low", "high", "note"], rows: rows)
  }
}

/// The statistics of one of the model's scores, with their intervals.
struct ScaleResult {
  let kind: ScaleSheet.Kind
  let rows: [String]
  let statistics: [[Statistic]]
  let intervals: [[(low: Double, high: Double)?]]

  init(_ sheet: ScaleSheet, _ kind: ScaleSheet.Kind, _ bootstrap: Bootstrap) {
    self.kind = kind
    rows = sheet.rows
    statistics = sheet.statistics(kind)
    let flat = bootstrap.intervals(clusters: sheet.clips) { drawn in
      sheet.statistics(kind, drawn: drawn).flatMap { $0.map(\.value) }
    }
    let width = Agreement.names.count, defined = statistics
    intervals = rows.indices.map { row in
      (0..<width).map { defined[row][$0].value == nil ? nil : flat[row * width + $0] }
    }
  }
}
