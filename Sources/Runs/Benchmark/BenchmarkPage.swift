import Benchmarks
import Evaluation
import Tasks

/// What several models reached in a benchmark, side by side: the first is what the others are held
/// against.
public struct BenchmarkPage {
  private let models: [BenchmarkedModel]

  /// Puts models side by side.
  public init(_ models: [BenchmarkedModel]) { self.models = models }

  /// For each model but the first what it gains and loses, row by row.
  public func differences() throws(BenchmarkError) -> [(
    label: String, differences: [PairedDifference]
  )] {
    var list: [(label: String, differences: [PairedDifference])] = []
    for model in models.dropFirst() {
      var differences: [PairedDifference] = []
      for (first, second) in zip(models[0].outcomes, model.outcomes) {
        differences += try PairedDifference.all(first, second)
      }
      list.append((model.subject.label, differences))
    }
    return list
  }

  /// The differences as tables of a page.
  public func tables() throws(BenchmarkError) -> [Table] {
    try differences().map { label, differences in
      Table(
        name: "\(label) less \(models[0].subject.label)",
        columns: ["task", "metric", "difference", "standard error", "gained", "lost"],
        rows: differences.map {
          [
            .text($0.task), .text($0.metric), .number($0.difference),
            Table.Cell($0.standardError), .number(Double($0.gained)), .number(Double($0.lost)),
          ]
        })
    }
  }

  /// The whole page.
  public func html(facts: [(name: String, value: String)]) throws(BenchmarkError) -> String {
    let columns = models.map { (name: $0.subject.label, report: $0.report) }
    return ReportPage(
      title: "Benchmark of " + models.map(\.subject.label).joined(separator: ", "), facts: facts,
      columns: columns, tables: try tables(), charts: try charts()
    ).html
  }

  /// Bars of every task's customary metric, and of the differences.
  private func charts() throws(BenchmarkError) -> [Chart] {
    let first = models[0].outcomes
    let names = first.map { "\($0.task.name) (\($0.customary.name))" }
    let series = models.map { model in
      let measures = model.outcomes.map { outcome in
        var measure = BenchmarkedModel.measure(
          outcome.customary.mean, outcome.customary.standardError)
        // What is drawn stays on the scale of what can be.
        measure.low = measure.low.map { max(0, $0) }
        measure.high = measure.high.map { min(1, $0) }
        return measure
      }
      return Self.series(model.subject.label, measures)
    }
    let scores = Chart(
      title: "Scores", caption: "Whiskers: 95 % intervals",
      content: .bars(
        .init(categories: names, series: series, value: .init("score", low: 0, high: 1))))
    guard models.count > 1 else { return [scores] }
    let gains = try differences().map { label, differences in
      let measures = first.map { outcome in
        differences.first {
          $0.task == outcome.task.name && $0.metric == outcome.customary.name
        }.map { BenchmarkedModel.measure($0.difference, $0.standardError) }
      }
      return Self.series(label, measures)
    }
    let change = Chart(
      title: "Differences from \(models[0].subject.label)",
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
