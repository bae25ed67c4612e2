public import Benchmarks
import Evaluation
public import Tasks

/// What several models reached in a benchmark, side by side: the first is what the others are held
/// against.
public struct BenchmarkPage {
  private let models: [BenchmarkColumn]

  /// Puts models side by side.
  public init(_ models: [BenchmarkColumn]) { self.models = models }

  /// For each model but the first what it gains and loses, row by row.
  public func differences() throws(BenchmarkError) -> [(
    label: String, list: [PairedDifference]
  )] {
    var all: [(label: String, list: [PairedDifference])] = []
    for model in models.dropFirst() {
      var list: [PairedDifference] = []
      for (first, second) in zip(models[0].tasks, model.tasks) {
        list += try PairedDifference.all(first, second)
      }
      all.append((model.label, list))
    }
    return all
  }

  /// The differences as tables of a page.
  public func tables() throws(BenchmarkError) -> [Table] {
    try differences().map { label, list in
      Self.table(list, "\(label) less \(models[0].label)")
    }
  }

  /// Differences as a table of a page.
  public static func table(_ differences: [PairedDifference], _ title: String) -> Table {
    Table(
      name: title,
      columns: [
        "task", "metric", "difference", "standard error", "95 % from", "to", "gained", "lost",
      ],
      rows: differences.map {
        [
          .text($0.task), .text($0.metric), .number($0.difference),
          Table.Cell($0.standardError), Table.Cell($0.interval?.low),
          Table.Cell($0.interval?.high), .number(Double($0.gained)), .number(Double($0.lost)),
        ]
      })
  }

  /// The whole page.
  public func html(facts: [(name: String, value: String)]) throws(BenchmarkError) -> String {
    let columns = models.map { (name: $0.label, report: $0.report) }
    return ReportPage(
      title: "Benchmark of " + models.map(\.label).joined(separator: ", "), facts: facts,
      columns: columns, tables: try tables(), charts: try charts()
    ).html
  }

  /// Bars of every task's customary metric, and of the differences.
  private func charts() throws(BenchmarkError) -> [Chart] {
    let first = models[0].tasks
    let names = first.map { "\($0.task) (\($0.customary.name))" }
    let series = models.map { model in
      let measures = model.tasks.map { task in
        Measure(share: task.customary.mean, error: task.customary.standardError)
      }
      return Self.series(model.label, measures)
    }
    let scores = Chart(
      title: "Scores", caption: "Whiskers: 95 % intervals",
      content: .bars(
        .init(categories: names, series: series, value: .init("score", low: 0, high: 1))))
    guard models.count > 1 else { return [scores] }
    let gains = try differences().map { label, differences in
      let measures = first.map { task in
        differences.first { $0.task == task.task && $0.metric == task.customary.name }
          .map { Measure($0.difference, error: $0.standardError) }
      }
      return Self.series(label, measures)
    }
    let change = Chart(
      title: "Differences from \(models[0].label)",
      caption: "Paired by rows; whiskers: 95 % intervals",
      content: .bars(.init(categories: names, series: gains, value: .init("difference"))))
    return [scores, change]
  }

  private static func series(_ name: String, _ measures: [Measure?]) -> Chart.Bars.Series {
    .init(
      name: name, values: measures.map { $0?.value }, low: measures.map { $0?.low },
      high: measures.map { $0?.high })
  }
}
