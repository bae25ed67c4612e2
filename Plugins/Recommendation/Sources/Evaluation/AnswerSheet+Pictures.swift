import TaskKit

extension AnswerSheet {
  /// Confusion, calibration, rules and the ROC curve, as rows.
  var tables: [Table] {
    [confusionTable, rulesTable] + (ranks ? [reliabilityTable, rocTable] : [])
  }

  /// The same as pictures.
  var charts: [Chart] {
    [confusionChart, rulesChart] + (ranks ? [reliabilityChart, rocChart] : [])
  }

  /// Whether there are probabilities of both kinds of rows.
  private var ranks: Bool { !tally.rocCurve.isEmpty }

  // MARK: Confusion

  /// Truth by answer.
  private var cells: [[Int]] {
    let confusion = tally.confusion
    return [
      [confusion.yesYes, confusion.yesNo, confusion.yesUnknown],
      [confusion.noYes, confusion.noNo, confusion.noUnknown],
    ]
  }

  private var confusionTable: Table {
    let rows = zip(["Yes", "No"], cells).map { truth, counts in
      [Table.Cell.text(truth)] + counts.map { Table.Cell.number(Double($0)) }
    }
    return Table(
      name: "confusion", columns: ["truth", "said Yes", "said No", "unknown"], rows: rows)
  }

  private var confusionChart: Chart {
    Chart(
      title: "Confusion", caption: "Rows are the truth, columns the answers.",
      content: .heatmap(
        Chart.Heatmap(
          rows: ["Yes", "No"], columns: ["said Yes", "said No", "unknown"],
          values: cells.map { $0.map(Double.init) }, low: 0)))
  }

  // MARK: Rules

  private static let compared = ["accuracy", "f1", "precision", "recall", "roc_auc"]

  private var rulesTable: Table {
    let own = Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.measure.value) })
    let all = [("model", own)] + baselines.map { ($0.name, $0.metrics) }
    return Table(
      name: "baselines", columns: ["who"] + Self.compared,
      rows: all.map { name, values in
        [.text(name)] + Self.compared.map { Table.Cell(values[$0]) }
      })
  }

  private var rulesChart: Chart {
    let shown = ["accuracy", "f1", "roc_auc"]
    let measures = shown.map { name in metrics.first { $0.name == name }?.measure }
    let own = Chart.Bars.Series(
      name: "model", values: measures.map { $0?.value }, low: measures.map { $0?.low },
      high: measures.map { $0?.high })
    let rules = baselines.map { baseline in
      Chart.Bars.Series(name: baseline.name, values: shown.map { baseline.metrics[$0] })
    }
    return Chart(
      title: "The model beside rules without one", caption: "Whiskers are 95 % intervals.",
      content: .bars(
        Chart.Bars(
          categories: shown, series: [own] + rules, value: .init("metric", low: 0, high: 1))))
  }

  // MARK: Calibration

  private var reliabilityTable: Table {
    let width = 1 / Double(Tally.Calibration.count)
    let rows = tally.calibration().bins.enumerated().map { index, bin -> [Table.Cell] in
      let hasRows = bin.count > 0
      return [
        .number(Double(index) * width), .number(Double(index + 1) * width),
        .number(Double(bin.count)), Table.Cell(hasRows ? bin.confidence : nil),
        Table.Cell(hasRows ? bin.share : nil),
      ]
    }
    return Table(
      name: "reliability", columns: ["from", "to", "rows", "mean P(Yes)", "share liked"],
      rows: rows)
  }

  private var reliabilityChart: Chart {
    let bins = tally.calibration().bins.filter { $0.count > 0 }
    let points = bins.map { Chart.Scatter.Point($0.confidence, $0.share) }
    return Chart(
      title: "Reliability",
      caption: "Rows in ten ranges of P(Yes). On the line the model is as sure as it is right.",
      content: .scatter(
        Chart.Scatter(
          series: [.init(name: "rows", points: points)], x: .init("mean P(Yes)", low: 0, high: 1),
          y: .init("share liked", low: 0, high: 1), showsIdentity: true)))
  }

  // MARK: ROC

  /// Points that a curve shows at most; more would hide one another.
  private static let most = 200

  private static func thinned(
    _ curve: [(falseRate: Double, trueRate: Double)]
  ) -> [(falseRate: Double, trueRate: Double)] {
    let step = max(1, (curve.count + most - 1) / most)
    let kept = stride(from: 0, to: curve.count, by: step).map { curve[$0] }
    return (curve.count - 1) % step == 0 ? kept : kept + curve.suffix(1)
  }

  private var rocTable: Table {
    Table(
      name: "roc", columns: ["false positive rate", "true positive rate"],
      rows: Self.thinned(tally.rocCurve).map { [.number($0.falseRate), .number($0.trueRate)] })
  }

  private var rocChart: Chart {
    let curves =
      [("model", tally)]
      + baselines.filter(\.ranks).map { ($0.name, Tally($0.judgements)) }
    return Chart(
      title: "ROC curve", caption: "The dashed line is guessing. Rules are ranked by their score.",
      content: .scatter(
        Chart.Scatter(
          series: curves.map { name, tally in
            .init(
              name: name,
              points: Self.thinned(tally.rocCurve).map { .init($0.falseRate, $0.trueRate) })
          }, x: .init("false positive rate", low: 0, high: 1),
          y: .init("true positive rate", low: 0, high: 1), showsIdentity: true, joins: true)))
  }
}
