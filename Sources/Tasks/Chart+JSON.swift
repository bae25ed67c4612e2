import JSON

extension Chart {
  /// `{"title", "caption", "kind"}` and what the kind has: scatter `{"x": axis, "y": axis,
  /// "identity", "joined", "series": [{"name", "points": [[x, y]]}]}`; bars and histogram `{"categories",
  /// "value": axis, "series": [{"name", "values", "low", "high"}]}`; heatmap `{"rows", "columns",
  /// "values": [[number]], "low", "high"}`. An axis is `{"label", "low", "high"}`.
  var json: JSONValue {
    let head: JSONValue = ["title": .string(title), "caption": .string(caption)]
    return switch content {
    case .scatter(let scatter): scatter.write(to: head.setting("kind", "scatter"))
    case .histogram(let bars): bars.write(to: head.setting("kind", "histogram"))
    case .bars(let bars): bars.write(to: head.setting("kind", "bars"))
    case .heatmap(let heatmap): heatmap.write(to: head.setting("kind", "heatmap"))
    }
  }

  /// Reads a report's "charts", none where there are none.
  static func list(_ json: JSONValue?) throws(TaskError) -> [Chart] {
    guard let json, !json.isNull else { return [] }
    var charts: [Chart] = []
    for member in try ReportMember(json, "the report's 'charts'").elements() {
      charts.append(try Chart(member))
    }
    return charts
  }

  private init(_ json: ReportMember) throws(TaskError) {
    let kind = try json.text("kind"), title = try json.text("title")
    let content: Content
    switch kind {
    case "scatter": content = .scatter(try Scatter(json))
    case "histogram": content = .histogram(try Bars(json))
    case "bars": content = .bars(try Bars(json))
    case "heatmap": content = .heatmap(try Heatmap(json))
    default:
      throw json.fault("is of the kind '\(kind)'; known: scatter, histogram, bars, heatmap")
    }
    let caption = json.value["caption"] == nil ? "" : try json.text("caption")
    self.init(title: title, caption: caption, content: content)
  }
}

extension Chart.Axis {
  var json: JSONValue {
    var json: JSONValue = ["label": .string(label)]
    if let low { json = json.setting("low", .double(low)) }
    if let high { json = json.setting("high", .double(high)) }
    return json
  }

  init(_ json: ReportMember) throws(TaskError) {
    self.init(
      try json.text("label"), low: try json.number("low"), high: try json.number("high"))
    try checkRange(low, high, json)
  }
}

extension Chart.Scatter {
  func write(to json: JSONValue) -> JSONValue {
    let lists = series.map { series -> JSONValue in
      let points = series.points.map { JSONValue.array([.double($0.x), .double($0.y)]) }
      return ["name": .string(series.name), "points": .array(points)]
    }
    let plain = json.setting("x", x.json).setting("y", y.json)
      .setting("identity", .bool(showsIdentity))
    return (joins ? plain.setting("joined", true) : plain).setting("series", .array(lists))
  }

  init(_ json: ReportMember) throws(TaskError) {
    var series: [Series] = []
    for member in try json.member("series").elements() {
      var points: [Point] = []
      for point in try member.member("points").elements() {
        let pair = try point.numbers(2, "coordinates")
        guard let x = pair[0], let y = pair[1] else {
          throw point.fault("must be two numbers, not null")
        }
        points.append(Point(x, y))
      }
      series.append(Series(name: try member.text("name"), points: points))
    }
    self.init(
      series: series, x: try Chart.Axis(json.member("x")), y: try Chart.Axis(json.member("y")),
      showsIdentity: json.value["identity"]?.bool ?? false,
      joins: json.value["joined"]?.bool ?? false)
  }
}

extension Chart.Bars {
  func write(to json: JSONValue) -> JSONValue {
    let lists = series.map { series -> JSONValue in
      var list: JSONValue = ["name": .string(series.name), "values": numbers(series.values)]
      if !series.low.isEmpty { list = list.setting("low", numbers(series.low)) }
      if !series.high.isEmpty { list = list.setting("high", numbers(series.high)) }
      return list
    }
    return json.setting("categories", .array(categories.map(JSONValue.string)))
      .setting("value", value.json).setting("series", .array(lists))
  }

  init(_ json: ReportMember) throws(TaskError) {
    let categories = try json.member("categories").texts()
    var series: [Series] = []
    for member in try json.member("series").elements() {
      func list(_ key: String) throws(TaskError) -> [Double?] {
        member.value[key] == nil
          ? [] : try member.member(key).numbers(categories.count, "categories")
      }
      series.append(
        Series(
          name: try member.text("name"),
          values: try member.member("values").numbers(categories.count, "categories"),
          low: try list("low"), high: try list("high")))
    }
    self.init(
      categories: categories, series: series, value: try Chart.Axis(json.member("value")))
  }
}

extension Chart.Heatmap {
  func write(to json: JSONValue) -> JSONValue {
    var json = json.setting("rows", .array(rows.map(JSONValue.string)))
      .setting("columns", .array(columns.map(JSONValue.string)))
      .setting("values", .array(values.map(numbers)))
    if let low { json = json.setting("low", .double(low)) }
    if let high { json = json.setting("high", .double(high)) }
    return json
  }

  init(_ json: ReportMember) throws(TaskError) {
    let rows = try json.member("rows").texts(), columns = try json.member("columns").texts()
    var values: [[Double?]] = []
    for row in try json.member("values").elements() {
      values.append(try row.numbers(columns.count, "columns"))
    }
    guard values.count == rows.count else {
      throw json.fault("has values for \(values.count) rows, and names of \(rows.count)")
    }
    self.init(
      rows: rows, columns: columns, values: values, low: try json.number("low"),
      high: try json.number("high"))
    try checkRange(low, high, json)
  }
}

private func numbers(_ values: [Double?]) -> JSONValue {
  .array(values.map { $0.map(JSONValue.double) ?? .null })
}

private func checkRange(_ low: Double?, _ high: Double?, _ json: ReportMember) throws(TaskError) {
  if let low, let high, low >= high {
    throw json.fault("goes from \(low) to \(high); 'low' must be below 'high'")
  }
}
