/// A number with its 95 % interval and the number of items behind it.
public struct Measure: Sendable, Hashable {
  /// The number; the bounds of its interval; the items behind it. Leave out what is not known.
  public var value: Double, low: Double?, high: Double?, count: Int?
  /// Whether less is better, as of an error. Decides which checkpoint is best by this metric.
  public var lowerIsBetter: Bool

  /// Creates a measure.
  public init(
    _ value: Double, low: Double? = nil, high: Double? = nil, count: Int? = nil,
    lowerIsBetter: Bool = false
  ) {
    self.value = value
    self.low = low
    self.high = high
    self.count = count
    self.lowerIsBetter = lowerIsBetter
  }

  var json: JSON {
    var members: [String: JSON] = ["value": .double(value)]
    if let low { members["low"] = .double(low) }
    if let high { members["high"] = .double(high) }
    if let count { members["count"] = .int(count) }
    if lowerIsBetter { members["lower_is_better"] = true }
    return .object(members)
  }
}

/// An evaluator's report.
public struct Report: Sendable {
  /// The number of predictions judged.
  public var count: Int
  /// The metric that sums up the task; higher is better. One of `metrics`.
  public var primary: String
  /// Metrics in the order to print them.
  public var metrics: [(name: String, measure: Measure)]
  /// Trivial baselines in the order to print them, each with the metrics it has.
  public var baselines: [(name: String, metrics: [String: Double])]
  /// Whatever else is worth keeping in the report's file; an object.
  public var details: JSON
  /// Tables, which the host writes beside the report as CSV.
  public var tables: [Table]
  /// Charts, which the host draws on the report's page.
  public var charts: [Chart]
  /// What each prediction belongs to (a user, a clip, a dialogue), in their order: rows of one cluster
  /// are not independent, so the host's intervals resample clusters. Leave empty where each row stands
  /// for itself.
  public var clusters: [String]

  /// Creates a report.
  public init(
    count: Int, primary: String, metrics: [(name: String, measure: Measure)],
    baselines: [(name: String, metrics: [String: Double])] = [], details: JSON = [:],
    tables: [Table] = [], charts: [Chart] = [], clusters: [String] = []
  ) {
    self.count = count
    self.primary = primary
    self.metrics = metrics
    self.baselines = baselines
    self.details = details
    self.tables = tables
    self.charts = charts
    self.clusters = clusters
  }

  /// The metric `name`, if the report has it.
  public subscript(name: String) -> Measure? { metrics.first { $0.name == name }?.measure }

  /// The report as the host reads it, metrics and baselines in their order.
  public var json: String {
    var text = "{\"count\":\(count),\"primary\":"
    JSON.quote(primary, into: &text)
    text += ",\"metrics\":"
    JSON.write(metrics.map { ($0.name, $0.measure.json) }, into: &text)
    text += ",\"baselines\":"
    let rows = baselines.map { ($0.name, JSON.object($0.metrics.mapValues(JSON.double))) }
    JSON.write(rows, into: &text)
    text += ",\"details\":" + details.text
    if !tables.isEmpty { text += ",\"tables\":" + JSON.array(tables.map(\.json)).text }
    if !charts.isEmpty { text += ",\"charts\":" + JSON.array(charts.map(\.json)).text }
    if !clusters.isEmpty { text += ",\"clusters\":" + JSON.array(clusters.map(JSON.string)).text }
    return text + "}"
  }

  /// Refuses what the host would misread: a primary metric that is none, a name given twice.
  func check() throws {
    if self[primary] == nil {
      throw PluginError(.internal, "the report's primary metric '\(primary)' is not in its metrics")
    }
    for names in [metrics.map(\.name), baselines.map(\.name)] where Set(names).count < names.count {
      throw PluginError(.internal, "the report names something twice: \(names)")
    }
  }
}
