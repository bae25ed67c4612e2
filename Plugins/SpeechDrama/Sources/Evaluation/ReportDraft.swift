import TaskKit

/// A report as it grows, part by part.
struct ReportDraft {
  private let questions: Int
  let bootstrap: Bootstrap
  private var metrics: [(name: String, measure: Measure)] = []
  private var baselines: [(name: String, metrics: [String: Double])] = []
  private var undefined: [String: JSON] = [:]
  private var counts: [String: JSON] = [:]
  private var tables: [Table] = [], charts: [Chart] = []

  init(questions: Int, seed: UInt64) {
    self.questions = questions
    bootstrap = Bootstrap(questions: questions, seed: seed)
  }

  /// The metric that sums up: the first of those that could be measured.
  private static let primaries = [
    "pearson_macro", "negative_mae_macro", "content_pass_accuracy", "accuracy", "parsed",
  ]

  /// The finished report over rows of `clips`.
  func report(clips: [String]) -> Report {
    let names = Set(metrics.map(\.name))
    return Report(
      count: clips.count, primary: Self.primaries.first(where: names.contains) ?? "parsed",
      metrics: metrics, baselines: baselines, details: details, tables: tables, charts: charts,
      clusters: clips)
  }

  /// Adds a statistic as a metric; one that is undefined is left out and its reason kept.
  mutating func add(
    _ name: String, _ statistic: Statistic, _ interval: (low: Double, high: Double)? = nil,
    count: Int, lowerIsBetter: Bool = false
  ) {
    guard let value = statistic.value else {
      undefined[name] = .string(statistic.reason ?? "")
      return
    }
    let measure = Measure(
      value, low: interval?.low, high: interval?.high, count: count, lowerIsBetter: lowerIsBetter)
    metrics.append((name, measure))
  }

  /// Adds a baseline's metrics; ones of a name that is there already join it.
  mutating func addBaseline(_ name: String, _ values: [(name: String, statistic: Statistic)]) {
    let pairs = values.compactMap { name, statistic in statistic.value.map { (name, $0) } }
    let added = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    guard !added.isEmpty else { return }
    if let place = baselines.firstIndex(where: { $0.name == name }) {
      baselines[place].metrics.merge(added) { first, _ in first }
    } else {
      baselines.append((name, added))
    }
  }

  mutating func add(_ table: Table) { tables.append(table) }
  mutating func add(_ chart: Chart) { charts.append(chart) }
  mutating func count(_ name: String, _ value: Int) { counts[name] = .int(value) }

  /// How many questions could not be judged. `unparsed` is the share of all questions; `parsed`
  /// sums up only what has nothing else to be summed up by.
  mutating func addCounts(unparsed: Int, unrated: Int) {
    count("questions", questions)
    count("unparsed", unparsed)
    count("unrated", unrated)
    let share = questions == 0 ? 0 : Double(unparsed) / Double(questions)
    add("unparsed", .value(share), count: questions, lowerIsBetter: true)
    if !metrics.contains(where: { Self.primaries.contains($0.name) }) {
      add("parsed", .value(1 - share), count: questions)
    }
  }

  private var details: JSON {
    [
      "counts": .object(counts), "undefined": .object(undefined),
      "definitions": [
        "truth": "the mean of the annotators' ratings; of a yes-or-no question their majority",
        "macro": "the mean over the dimensions that define the statistic",
        "pooled": "all dimensions' pairs in one list",
        "likely": "the likeliest score in place of the expected one",
        "kappa": "quadratic weights, scores rounded to whole ones, halves up",
        "human": "each annotator (by place in the list) against the mean of the others, averaged",
        "constant": "always the dimension's mean rating (or majority) in these very rows",
        "unparsed": "missing in correlations and errors, wrong in accuracies",
        "unrated": "without any rating or right answer, so not judged",
        "interval": .string(
          "95 %, \(bootstrap.resamples) resamples of clips, seed \(bootstrap.seed)"),
      ],
    ]
  }
}
