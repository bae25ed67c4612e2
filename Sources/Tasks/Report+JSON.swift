import JSON
import OrderedCollections

extension Report {
  /// `{"count", "primary", "metrics": {name: {"value", "low", "high", "count", "lower_is_better"}},
  /// "baselines": {name: {metric: value}}, "details"}`, and "tables" and "charts" where there are any;
  /// see `Table` and `Chart`.
  public var json: JSONValue {
    var metrics = OrderedDictionary<String, JSONValue>()
    for (name, measure) in self.metrics { metrics[name] = measure.json }
    var baselines = OrderedDictionary<String, JSONValue>()
    for (name, values) in self.baselines {
      let sorted = values.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.double($0.value)) }
      baselines[name] = .object(OrderedDictionary(uniqueKeysWithValues: sorted))
    }
    var json: JSONValue = [
      "count": .int(count), "primary": .string(primary), "metrics": .object(metrics),
      "baselines": .object(baselines), "details": details,
    ]
    if !tables.isEmpty { json = json.setting("tables", .array(tables.map(\.json))) }
    if !charts.isEmpty { json = json.setting("charts", .array(charts.map(\.json))) }
    return json
  }

  /// Reads the layout that `json` writes, and `"clusters": [name]`.
  public init(json: JSONValue) throws(TaskError) {
    guard let count = json["count"]?.int, let primary = json["primary"]?.string,
      let metrics = json["metrics"]?.object
    else {
      throw TaskError(
        .internal, "the evaluator's report lacks 'count', 'primary' or 'metrics'; see Report")
    }
    var measures: [(name: String, measure: Measure)] = []
    for (name, value) in metrics {
      guard let number = value["value"]?.double else {
        throw TaskError(.internal, "the evaluator's metric '\(name)' has no number under 'value'")
      }
      let direction = value["lower_is_better"]
      guard let lowerIsBetter = direction.map(\.bool) ?? false else {
        throw TaskError(
          .internal,
          "the evaluator's metric '\(name)' has \(direction?.kind ?? "nothing") under "
            + "'lower_is_better'; it must be true or false")
      }
      measures.append(
        (
          name,
          Measure(
            value: number, low: value["low"]?.double, high: value["high"]?.double,
            count: value["count"]?.int, lowerIsBetter: lowerIsBetter)
        ))
    }
    let baselines = (json["baselines"]?.object ?? OrderedDictionary()).map { name, values in
      (
        name: name,
        metrics: Dictionary(
          uniqueKeysWithValues: (values.object ?? OrderedDictionary()).compactMap {
            key, value in value.double.map { (key, $0) }
          })
      )
    }
    self.init(
      count: count, primary: primary, metrics: measures, baselines: baselines,
      details: json["details"] ?? .emptyObject, tables: try Table.list(json["tables"]),
      charts: try Chart.list(json["charts"]),
      clusters: try json["clusters"].map {
        (value) throws(TaskError) in try ReportMember(value, "the report's clusters").texts()
      } ?? [])
  }
}

extension Measure {
  /// `{"value", "low", "high", "count", "lower_is_better"}`, absent where unknown or false.
  var json: JSONValue {
    var members: OrderedDictionary<String, JSONValue> = ["value": .double(value)]
    if let low { members["low"] = .double(low) }
    if let high { members["high"] = .double(high) }
    if let count { members["count"] = .int(count) }
    if lowerIsBetter { members["lower_is_better"] = true }
    return .object(members)
  }
}
