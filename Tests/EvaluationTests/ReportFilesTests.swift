import JSON
import Tasks
import Testing

@testable import Evaluation

@Suite struct ReportFilesTests {
  static let hostile = "<b>\"a\" & 'b'</b>\u{7}"

  static func report(_ r: Double) -> Report {
    Report(
      count: 2, primary: "r", metrics: [("r", Measure(value: r, low: r - 0.1, high: r + 0.1))],
      tables: [
        Table(
          name: "summary", columns: ["who", "n", "r"],
          rows: [
            [.text("a,b"), .number(3), .number(0.1)],
            [.text("say \"x\"\n"), .absent, .number(.nan)],
          ])
      ],
      charts: [
        Chart(
          title: hostile, caption: hostile,
          content: .scatter(
            .init(
              series: [.init(name: hostile, points: [.init(1, 2), .init(5, 5)])],
              x: .init("x", low: 1, high: 5), y: .init("y"), showsIdentity: true))),
        Chart(
          title: "bars",
          content: .bars(
            .init(
              categories: [hostile, "v"],
              series: [.init(name: "p", values: [-0.5, nil], low: [-1, nil], high: [0, nil])],
              value: .init("r")))),
        Chart(
          title: "histogram",
          content: .histogram(
            .init(
              categories: ["1", "2"], series: [.init(name: "p", values: [0, 1])],
              value: .init("share")))),
        Chart(
          title: "heat",
          content: .heatmap(
            .init(rows: ["a"], columns: ["b", "a long name of it"], values: [[nil, -0.5]]))),
      ])
  }

  @Test func everyFileIsThere() throws {
    let files = ReportFiles(
      [("base", Self.report(0.2)), ("tuned", Self.report(0.6))], title: "t",
      predictions: [("tuned", [Prediction(index: 0, text: "x", example: Example(turns: []))])])
    #expect(
      files.files.map(\.name) == [
        "report.json", "summary.base.csv", "summary.csv", "report.html", "predictions.jsonl",
      ])
    let json = try JSONValue(parsing: files.files[0].text)
    #expect(try Report(json: json)["r"]?.value == 0.6)
    #expect(
      files.files[2].text
        == "who,n,r\r\n\"a,b\",3,0.1\r\n\"say \"\"x\"\"\n\",,\r\n")
  }

  @Test func sharedTablesAndFurtherFiles() throws {
    let table = Table(name: "both", columns: ["a"], rows: [[.text(Self.hostile)]])
    let files = ReportFiles(
      [("base", Self.report(0.2)), ("tuned", Self.report(0.6))], title: "t", tables: [table],
      others: [("more.json", "{}\n")]
    ).files
    #expect(
      files.map(\.name) == [
        "report.json", "summary.base.csv", "summary.csv", "both.csv", "report.html", "more.json",
      ])
    let page = files[4].text
    let metrics = try #require(page.firstRange(of: "<h2>Metrics")),
      both = try #require(
        page.firstRange(of: "<h3>both")), base = try #require(page.firstRange(of: "<h2>base"))
    #expect(metrics.lowerBound < both.lowerBound && both.lowerBound < base.lowerBound)
    #expect(!page.contains("<b>"))
  }

  /// Whatever a plugin calls things, it stays text.
  @Test func thePageEscapesEverything() {
    let facts = [(name: Self.hostile, value: Self.hostile)]
    let page = ReportPage(
      title: Self.hostile, facts: facts, columns: [(Self.hostile, Self.report(0.5))]
    ).html
    #expect(!page.contains("<b>") && !page.contains("\u{7}"))
    #expect(page.contains("&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;\u{FFFD}"))
    #expect(!page.contains("<script") && !page.contains("http") && !page.contains("url("))
    #expect(!page.contains("nan\"") && !page.contains("inf\""))
    #expect(page.ranges(of: "<svg").count == 4 && page.ranges(of: "</svg>").count == 4)
    #expect(page.ranges(of: "<circle").count == 2)
  }

  @Test func aPageOfMetricsAlone() {
    let plain = Report(count: 1, primary: "a", metrics: [("a", Measure(value: 1))])
    let page = ReportPage(title: "t", columns: [("x", plain)]).html
    #expect(page.contains("a *") && !page.contains("<svg") && !page.contains("<h2>Charts"))
  }

  @Test func chartsOfNothingAreDrawn() {
    let bars = Chart.Bars(categories: [], series: [], value: .init(""))
    let scatter = Chart.Scatter(series: [], x: .init(""), y: .init("", low: 3))
    let heatmap = Chart.Heatmap(rows: [], columns: [], values: [])
    for drawing in [
      bars.drawing(title: ""), bars.histogram(title: ""), scatter.drawing(title: ""),
      heatmap.drawing(title: ""),
    ] { #expect(!drawing.contains("nan") && drawing.hasSuffix("</svg>")) }
  }

  @Test func scalesNameRoundNumbers() {
    func ticks(_ axis: Chart.Axis, _ values: [Double], zero: Bool = false) -> [String] {
      let scale = LinearScale(axis, values: values, holdsZero: zero, from: 0, to: 1)
      return scale.ticks.map(scale.name)
    }
    #expect(ticks(.init("", low: 1, high: 5), [2]) == ["1", "2", "3", "4", "5"])
    #expect(ticks(.init(""), [0.87], zero: true) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(
      ticks(.init(""), [-0.21, 0.6], zero: true) == ["-0.4", "-0.2", "0.0", "0.2", "0.4", "0.6"])
    #expect(LinearScale(.init("", low: 0), values: [-3, 7], from: 0, to: 1).low <= -3)
    #expect(abs(LinearScale(.init(""), values: [4], from: 0, to: 10)(4) - 5) < 1e-9)
    for values in [[1e20], [1e10, 1e10 + 1e-5], [-1e308, 1e308], [1e-300, 2e-300]] {
      let scale = LinearScale(.init(""), values: values, from: 0, to: 1)
      #expect(scale(values[0]).isFinite && scale.ticks.count < 20)
    }
  }
}
