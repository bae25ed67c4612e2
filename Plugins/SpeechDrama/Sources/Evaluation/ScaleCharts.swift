import TaskKit

/// The pictures of judgements on a scale.
struct ScaleCharts {
  private let sheet: ScaleSheet, results: [ScaleResult]
  private let human: [[Statistic]], constant: [[Statistic]]
  /// Points that a scatter plot shows at most; more would only hide one another.
  private static let most = 2000

  init(
    _ sheet: ScaleSheet, _ results: [ScaleResult], _ human: [[Statistic]],
    _ constant: [[Statistic]]
  ) {
    self.sheet = sheet
    self.results = results
    self.human = human
    self.constant = constant
  }

  /// In the order of the page.
  var all: [Chart] {
    [scatter, correlations, errors, distributions]
      + (sheet.dimensions.count > 1 ? [crossCorrelations] : [])
  }

  private var low: Int { sheet.judgements.joined().map(\.low).min() ?? 1 }
  private var high: Int { sheet.judgements.joined().map(\.high).max() ?? 5 }

  private var scatter: Chart {
    let total = sheet.judgements.reduce(0) { $0 + $1.count }
    let step = (total + Self.most - 1) / Self.most
    let series = zip(sheet.dimensions, sheet.judgements).map { name, list in
      let shown = stride(from: 0, to: list.count, by: max(1, step)).map { list[$0] }
      return Chart.Scatter.Series(
        name: name,
        points: shown.compactMap { judgement in
          guard let score = judgement.score, let truth = judgement.truth else { return nil }
          return .init(truth, score.expected)
        })
    }
    let ends = (low: Double(low), high: Double(high))
    return Chart(
      title: "Expected score against mean rating",
      caption: "On the line both agree."
        + (step > 1 ? " One of \(step) judgements is shown." : ""),
      content: .scatter(
        Chart.Scatter(
          series: series, x: .init("mean rating", low: ends.low, high: ends.high),
          y: .init("expected score", low: ends.low, high: ends.high), showsIdentity: true)))
  }

  private var correlations: Chart {
    var series = results.map { result in
      Chart.Bars.Series(
        name: result.kind.rawValue + " score", values: result.statistics.map { $0[0].value },
        low: result.intervals.map { $0[0]?.low }, high: result.intervals.map { $0[0]?.high })
    }
    series.append(.init(name: "human ceiling", values: human.map { $0[0].value }))
    return Chart(
      title: "Pearson's r with the mean rating",
      caption: "Whiskers are 95 % intervals. The ceiling is one annotator against the mean of "
        + "the others.",
      content: .bars(
        Chart.Bars(categories: sheet.rows, series: series, value: .init("Pearson's r"))))
  }

  private var errors: Chart {
    var series = results.map { result in
      Chart.Bars.Series(
        name: result.kind.rawValue + " score", values: result.statistics.map { $0[4].value },
        low: result.intervals.map { $0[4]?.low }, high: result.intervals.map { $0[4]?.high })
    }
    series.append(.init(name: "constant", values: constant.map { $0[4].value }))
    return Chart(
      title: "Mean absolute error",
      caption: "The constant is always the dimension's mean rating.",
      content: .bars(
        Chart.Bars(
          categories: sheet.rows, series: series, value: .init("error in scores", low: 0))))
  }

  private var distributions: Chart {
    let all = sheet.judgements.flatMap(\.self)
    let scales = Array(low...high)
    func shares(_ values: [Double]) -> [Double?] {
      scales.map { scale in
        let count = values.count { Agreement.rounded($0) == Double(scale) }
        return values.isEmpty ? nil : Double(count) / Double(values.count)
      }
    }
    let scores = all.compactMap(\.score)
    return Chart(
      title: "How often each score is given",
      caption: "Mean ratings and expected scores are rounded.",
      content: .histogram(
        Chart.Bars(
          categories: scales.map(String.init),
          series: [
            .init(name: "mean rating", values: shares(all.compactMap(\.truth))),
            .init(name: "expected score", values: shares(scores.map(\.expected))),
            .init(name: "likely score", values: shares(scores.map(\.likely))),
          ], value: .init("share", low: 0))))
  }

  /// Each dimension's expected scores against each dimension's ratings, over the records with both.
  private var crossCorrelations: Chart {
    let scores = sheet.judgements.map { byRecord($0) { $0.score?.expected } }
    let truths = sheet.judgements.map { byRecord($0, \.truth) }
    let values = scores.map { own in
      truths.map { other -> Double? in
        let shared = own.keys.filter { other[$0] != nil }.sorted()
        return Correlation.pearson(
          shared.compactMap { own[$0] }, shared.compactMap { other[$0] }
        ).value
      }
    }
    return Chart(
      title: "Predicted against rated dimensions",
      caption: "Pearson's r. A judge that tells the dimensions apart has its greatest values on "
        + "the diagonal.",
      content: .heatmap(
        Chart.Heatmap(
          rows: sheet.dimensions, columns: sheet.dimensions, values: values, low: -1, high: 1)))
  }

  private func byRecord(
    _ judgements: [Judgement], _ value: (Judgement) -> Double?
  ) -> [String: Double] {
    let pairs = judgements.compactMap { judgement in
      value(judgement).map { (judgement.record, $0) }
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }
}
