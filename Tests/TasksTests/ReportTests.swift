import JSON
import Tasks
import Testing

@Suite struct ReportTests {
  static let report = Report(
    count: 2, primary: "r", metrics: [("r", Measure(value: 0.5))],
    tables: [
      Table(name: "summary", columns: ["who", "r"], rows: [[.text("a,b"), Table.Cell(nil)]]),
      Table(name: "more-2", columns: ["x"], rows: [[.number(1.5)], [.text("")]]),
    ],
    charts: [
      Chart(
        title: "s", caption: "c",
        content: .scatter(
          Chart.Scatter(
            series: [.init(name: "p", points: [.init(1, 2), .init(3, 4.5)])],
            x: .init("x", low: 1, high: 5), y: .init("y"), showsIdentity: true))),
      Chart(
        title: "b",
        content: .bars(
          Chart.Bars(
            categories: ["u", "v"],
            series: [.init(name: "p", values: [1, nil], low: [0.5, nil], high: [2, nil])],
            value: .init("r", low: 0)))),
      Chart(
        title: "h",
        content: .histogram(
          Chart.Bars(
            categories: ["1"], series: [.init(name: "p", values: [1])], value: .init("rows")))),
      Chart(
        title: "m",
        content: .heatmap(
          Chart.Heatmap(
            rows: ["a"], columns: ["b", "c"], values: [[nil, 1]], low: -1, high: 1))),
    ])

  @Test func tablesAndChartsAreReadAsWritten() throws {
    let read = try Report(json: JSONValue(parsing: Self.report.json.text()))
    #expect(read.tables == Self.report.tables)
    #expect(read.charts == Self.report.charts)
  }

  @Test func directionsAreKeptAndClustersRead() throws {
    let metrics = [
      ("a", Measure(value: 1)), ("b", Measure(value: 2, lowerIsBetter: true)),
    ]
    let json = Report(count: 2, primary: "a", metrics: metrics, clusters: ["u", "v"]).json
    #expect(json["metrics"]?["a"]?["lower_is_better"] == nil && json["clusters"] == nil)
    let read = try Report(json: json.setting("clusters", ["u", "v"]))
    #expect(read["a"]?.lowerIsBetter == false && read["b"]?.lowerIsBetter == true)
    #expect(read.clusters == ["u", "v"])
    let fault = #expect(throws: TaskError.self) {
      try Report(json: json.setting("clusters", ["u", 3]))
    }
    #expect(fault?.message == "the report's clusters[1] must be a string, not a number")
  }

  @Test func aReportWithoutThemHasNoKeysForThem() throws {
    let plain = Report(count: 1, primary: "a", metrics: [("a", Measure(value: 1))])
    #expect(plain.json["tables"] == nil && plain.json["charts"] == nil)
    #expect(try Report(json: plain.json).tables.isEmpty)
  }

  @Test(arguments: [
    (#"{"tables":{}}"#, "the report's 'tables' must be an array, not an object"),
    (
      #"{"tables":[{"name":"../x","columns":["a"],"rows":[]}]}"#,
      "the report's 'tables'[0] has the name '../x'; letters, digits, '_' and '-' make a file's "
        + "name, up to 64"
    ),
    (
      #"{"tables":[{"name":"x","columns":["a","a"],"rows":[]}]}"#,
      "the report's 'tables'[0] 'x' needs columns whose titles differ"
    ),
    (
      #"{"tables":[{"name":"x","columns":["a"],"rows":[[1],[1,2]]}]}"#,
      "the report's 'tables'[0].rows[1] has 2 cells for 1 columns"
    ),
    (
      #"{"tables":[{"name":"x","columns":["a"],"rows":[[true]]}]}"#,
      "the report's 'tables'[0].rows[0][0] must be a text, a number or null, not a boolean"
    ),
    (
      #"{"tables":[{"name":"x","columns":["a"],"rows":[]},{"name":"x","columns":["a"],"rows":[]}]}"#,
      "the report's 'tables'[1] has the name 'x' of another table"
    ),
    (
      #"{"charts":[{"title":"t","kind":"pie"}]}"#,
      "the report's 'charts'[0] is of the kind 'pie'; known: scatter, histogram, bars, heatmap"
    ),
    (
      #"{"charts":[{"title":"t","kind":"scatter","x":{"label":"x"},"y":{"label":"y"},"series":[{"name":"a","points":[[1,null]]}]}]}"#,
      "the report's 'charts'[0].series[0].points[0] must be two numbers, not null"
    ),
    (
      #"{"charts":[{"title":"t","kind":"bars","categories":["a"],"value":{"label":"v"},"series":[{"name":"a","values":[1,2]}]}]}"#,
      "the report's 'charts'[0].series[0].values has 2 values for 1 categories"
    ),
    (
      #"{"charts":[{"title":"t","kind":"heatmap","rows":["a"],"columns":["b"],"values":[]}]}"#,
      "the report's 'charts'[0] has values for 0 rows, and names of 1"
    ),
    (
      #"{"charts":[{"title":"t","kind":"histogram","categories":[],"value":{"label":"v","low":1,"high":1},"series":[]}]}"#,
      "the report's 'charts'[0].value goes from 1.0 to 1.0; 'low' must be below 'high'"
    ),
  ])
  func whatIsWrongIsSaid(_ text: String, _ message: String) throws {
    let base = Report(count: 1, primary: "a", metrics: [("a", Measure(value: 1))]).json
    let wrong = try JSONValue(parsing: text).object ?? [:]
    let json = wrong.reduce(base) { $0.setting($1.key, $1.value) }
    let error = #expect(throws: TaskError.self) { try Report(json: json) }
    #expect(error?.message == message)
  }
}
