import TaskKit

extension PairReport {
  /// A group of pairs with what is measured of it.
  private struct Group {
    let name: String, count: Int
    let accuracy: Measure?, margin: Measure?, longer: Measure?
  }

  var tables: [Table] {
    let sources = bySource
    return [table("by_length", "lengths", byLength)]
      + (sources.count > 1 ? [table("by_source", "source", sources)] : [])
  }

  var charts: [Chart] { [marginChart, lengthChart, scatterChart] }

  // MARK: Groups

  private var byLength: [Group] {
    groups(LengthGroup.allCases.map(\.rawValue)) { $0.lengthGroup.rawValue }
  }

  /// Sources that the table names at most; the rest of them is one group.
  private static let mostSources = 20
  private static let otherSources = "(other sources)"

  private var bySource: [Group] {
    let counts = Dictionary(grouping: pairs, by: \.source).mapValues(\.count)
    let frequent = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    let named = Set(frequent.prefix(Self.mostSources))
    let rest = frequent.count > named.count ? [Self.otherSources] : []
    return groups(named.sorted() + rest) {
      named.contains($0.source) ? $0.source : Self.otherSources
    }
  }

  private func groups(_ names: [String], _ name: (JudgedPair) -> String) -> [Group] {
    let places = pairs.map(name)
    func column(_ group: String, _ value: (JudgedPair) -> Double) -> [Double?] {
      zip(pairs, places).map { $1 == group ? value($0) : nil }
    }
    let columns = names.flatMap { group in
      [
        column(group) { JudgedPair.wins($0.margin) }, column(group, \.margin),
        column(group) { JudgedPair.wins(Double($0.lengthDifference)) },
      ]
    }
    let measures = means.measures(columns)
    return names.enumerated().map { index, group in
      Group(
        name: group, count: places.count { $0 == group }, accuracy: measures[3 * index],
        margin: measures[3 * index + 1], longer: measures[3 * index + 2])
    }
  }

  private func table(_ name: String, _ title: String, _ groups: [Group]) -> Table {
    Table(
      name: name,
      columns: [
        title, "pairs", "accuracy", "accuracy low", "accuracy high", "margin", "margin low",
        "margin high", "longer answer wins",
      ],
      rows: groups.map { group in
        [
          .text(group.name), .number(Double(group.count)), Table.Cell(group.accuracy?.value),
          Table.Cell(group.accuracy?.low), Table.Cell(group.accuracy?.high),
          Table.Cell(group.margin?.value), Table.Cell(group.margin?.low),
          Table.Cell(group.margin?.high), Table.Cell(group.longer?.value),
        ]
      })
  }

  // MARK: Charts

  private var marginChart: Chart {
    let margins = pairs.map(\.margin), histogram = Histogram(margins, bars: 12)
    return Chart(
      title: "Margins of the pairs",
      caption:
        "The number below a bar is the least margin in it\(numbers.unit); from 0 on the chosen answer "
        + "is preferred.",
      content: .histogram(
        Chart.Bars(
          categories: histogram.names,
          series: [.init(name: "pairs", values: histogram.counts(of: margins).map(Double.init))],
          value: .init("pairs", low: 0))))
  }

  private var lengthChart: Chart {
    let groups = byLength
    return Chart(
      title: "Accuracy by length",
      caption:
        "Whiskers are 95 % intervals. A model that goes by length alone is right in one of the "
        + "outer groups and wrong in the other.",
      content: .bars(
        Chart.Bars(
          categories: groups.map { "\($0.name) (\($0.count))" },
          series: [
            .init(
              name: "model", values: groups.map { $0.accuracy?.value },
              low: groups.map { $0.accuracy?.low }, high: groups.map { $0.accuracy?.high }),
            .init(name: "longer answer wins", values: groups.map { $0.longer?.value }),
          ], value: .init("accuracy", low: 0, high: 1))))
  }

  /// Points that a chart shows at most; more would hide one another.
  private static let most = 500

  private var scatterChart: Chart {
    let step = max(1, (pairs.count + Self.most - 1) / Self.most)
    let shown = stride(from: 0, to: pairs.count, by: step).map { pairs[$0] }
    return Chart(
      title: "Margin against length",
      caption: step == 1 ? "Each point is a pair." : "Each point is a pair, one of \(step).",
      content: .scatter(
        Chart.Scatter(
          series: [
            .init(
              name: "pairs", points: shown.map { .init(Double($0.lengthDifference), $0.margin) })
          ], x: .init("characters by which the chosen answer is longer"),
          y: .init(numbers == .scores ? "margin" : "margin in nats"))))
  }
}
