import Evaluation
import JSON
import Tasks
import Testing

@Suite struct ReportTableTests {
  static let base = Report(
    count: 135, primary: "accuracy",
    metrics: [
      ("accuracy", Measure(value: 0.516, low: 0.437, high: 0.596, count: 135)),
      ("f1", Measure(value: 0.4)),
    ],
    baselines: [("majority", ["accuracy": 0.3111]), ("copy", ["f1": 0.125, "accuracy": 0.2])])
  static let tuned = Report(
    count: 134, primary: "accuracy",
    metrics: [
      ("accuracy", Measure(value: 0.744, low: 0.663, high: 0.811, count: 134)),
      ("margin", Measure(value: -1.5, low: -1.503, high: -1.498)),
      ("f1", Measure(value: 0.705)),
    ],
    baselines: [("majority", ["accuracy": 0.9])])

  @Test func oneReport() {
    #expect(
      ReportTable([("tuned", Self.tuned)]).description == """
        metric      tuned                    majority
        ---------------------------------------------
        accuracy *  0.74 [0.66, 0.81]        0.90
        margin      -1.500 [-1.503, -1.498]  –
        f1          0.71                     –
        rows        134
        * the task's main metric; [low, high] 95 % interval
        """)
  }

  @Test func severalReports() {
    #expect(
      ReportTable([("base", Self.base), ("tuned", Self.tuned)]).description == """
        metric      base               tuned                    majority  copy
        ----------------------------------------------------------------------
        accuracy *  0.52 [0.44, 0.60]  0.74 [0.66, 0.81]        0.31      0.20
        margin      –                  -1.500 [-1.503, -1.498]  –         –
        f1          0.40               0.71                     –         0.13
        rows        135                134
        * the task's main metric; [low, high] 95 % interval
        """)
  }

  /// More columns than a terminal is wide for stand below, with the metrics that they say something of.
  @Test func wideTablesAreCut() {
    var report = Self.tuned
    report.baselines = ["longest answer", "shortest answer", "reference", "random answer"].map {
      ($0, ["accuracy": 0.5])
    }
    #expect(
      ReportTable([("tuned", report)]).description == """
        metric      tuned                    longest answer  shortest answer  reference
        -------------------------------------------------------------------------------
        accuracy *  0.74 [0.66, 0.81]        0.50            0.50             0.50
        margin      -1.500 [-1.503, -1.498]  –               –                –
        f1          0.71                     –               –                –
        rows        134

        metric      random answer
        -------------------------
        accuracy *  0.50
        * the task's main metric; [low, high] 95 % interval
        """)
  }

  @Test func narrowIntervalsGetMoreDigits() {
    func row(_ width: Double) -> String {
      let report = Report(
        count: 1, primary: "m",
        metrics: [("m", Measure(value: 0.5, low: 0.5, high: 0.5 + width))])
      return ReportTable([("x", report)]).description.split(separator: "\n").map(String.init)[2]
    }
    #expect(row(0.1) == "m *     0.50 [0.50, 0.60]")
    #expect(row(0.01) == "m *     0.500 [0.500, 0.510]")
    #expect(row(0.001) == "m *     0.5000 [0.5000, 0.5010]")
    #expect(row(0) == "m *     0.50 [0.50, 0.50]")
  }

  @Test func numbersWithoutIntervals() {
    let report = Report(
      count: 2, primary: "a",
      metrics: [
        ("a", Measure(value: -0.004)), ("b", Measure(value: 1234.567)),
        ("c", Measure(value: .nan)), ("d", Measure(value: -.infinity)),
        ("e", Measure(value: 1e300)), ("f", Measure(value: 0.095)),
      ])
    #expect(
      ReportTable([("é", report)]).description == """
        metric  é
        ---------------
        a *     0.00
        b       1234.57
        c       nan
        d       -inf
        e       1e+300
        f       0.10
        rows    2
        * the task's main metric
        """)
  }

  @Test func jsonKeepsTheReports() throws {
    let json = ReportTable([("tuned", Self.tuned), ("base", Self.base)]).json
    #expect(json.object?.keys.map { $0 } == ["tuned", "base"])
    #expect(try Report(json: #require(json["base"])) == Self.base)
  }
}
