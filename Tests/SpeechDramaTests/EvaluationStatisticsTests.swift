import FoundationEssentials
import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct EvaluationStatisticsTests {
  /// What Tests/Goldens/statistics/make_statistics.py wrote.
  struct Golden: Decodable {
    struct Case: Decodable {
      var predicted: [Double], truth: [Double], positive: [Bool], ranks: [Double]
      var pearson: Double, spearman: Double, kendall: Double, kappa: Double
      var mae: Double, rmse: Double, auc: Double
    }
    var cases: [Case]

    init() throws {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Goldens/statistics/statistics.json")
      self = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }
  }

  @Test func equalScipy() throws {
    let cases = try Golden().cases
    #expect(cases.count == 12)
    for golden in cases {
      let expected = [
        golden.pearson, golden.spearman, golden.kendall, golden.kappa, golden.mae, golden.rmse,
      ]
      let own = Agreement.all(golden.predicted, golden.truth)
      for ((name, statistic), value) in zip(zip(Agreement.names, own), expected) {
        let found = try #require(statistic.value)
        #expect(abs(found - value) < 1e-12, "\(name) of \(golden.predicted.count) pairs")
      }
      #expect(Correlation.ranks(golden.predicted) == golden.ranks)
      let auc = try #require(rocAUC(golden.predicted, positive: golden.positive).value)
      #expect(abs(auc - golden.auc) < 1e-12)
    }
  }

  @Test func whatIsUndefinedSaysWhy() {
    let one = Agreement.all([3], [4])
    #expect(one[0].reason == "a correlation needs 2 pairs or more, not 1")
    #expect(one[3].value == 0 && one[4].value == 1)
    let constant = Agreement.all([2, 2, 2], [1, 2, 3])
    #expect(constant[1].reason == "all values of the first list are equal")
    #expect(constant[2].value == nil && constant[3].value == 0)
    #expect(Agreement.all([2, 2], [2, 2])[3].reason == "all rounded scores are equal")
    #expect(Agreement.all([], []).allSatisfy { $0.value == nil })
    #expect(rocAUC([1, 2], positive: [true, true]).value == nil)
    #expect(Confusion().precision.reason == "nothing was called positive")
    #expect(Statistic.mean([.undefined("a"), .value(1), .value(2)]) == .value(1.5))
    #expect(Statistic.mean([.undefined("a"), .undefined("b")]) == .undefined("a"))
  }

  @Test func decisionsAreCounted() {
    var confusion = Confusion()
    for (decision, truth) in [
      (true, true), (true, true), (true, false), (false, true), (false, false), (nil, true),
      (nil, false),
    ] as [(Bool?, Bool)] { confusion.add(decision, truth: truth) }
    #expect(confusion.truePositives == 2 && confusion.falsePositives == 2)
    #expect(confusion.falseNegatives == 2 && confusion.trueNegatives == 1)
    #expect(confusion.accuracy == .value(3 / 7) && confusion.f1 == .value(0.5))
  }

  /// The interval of a mean is about 1.96 standard errors to each side; the same seed gives the
  /// same interval.
  @Test func intervalsComeFromClips() throws {
    let values = (0..<400).map { Double($0 % 20) }
    func interval(_ seed: UInt64) -> (low: Double, high: Double)? {
      let bootstrap = Bootstrap(questions: 400, seed: seed)
      return bootstrap.intervals(clusters: 400) { [Correlation.mean($0.map { values[$0] })] }[0]
    }
    let found = try #require(interval(1)), again = try #require(interval(1))
    let error = 1.96 * (399.0 / 12 / 400).squareRoot()
    #expect(abs(found.low - (9.5 - error)) < 0.1 && abs(found.high - (9.5 + error)) < 0.1)
    #expect(found == again && found.low != interval(2)?.low)
    let bootstrap = Bootstrap(questions: 4, seed: 1)
    #expect(bootstrap.intervals(clusters: 1) { _ in [1] }[0] == nil)
    #expect(bootstrap.intervals(clusters: 4) { $0[0] == 0 ? [1] : [nil] }[0] == nil)
  }
}
