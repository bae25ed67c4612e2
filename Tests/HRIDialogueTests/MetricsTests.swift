import FoundationEssentials
import TaskKit
import Testing

@testable import HRIDialogue

/// What Tests/Goldens/hri/make_hri.py wrote.
struct Golden: Decodable {
  struct Row: Decodable {
    var domain: String, dialogue: String, turn: Int
    var user: String, reference: String, answer: String
    var required: [String: String], optional: [String: String]

    var exchange: Exchange {
      Exchange(
        user: user, answer: reference, slots: Slots(required: required, optional: optional))
    }
    var owner: Dialogue { Dialogue(id: dialogue, domain: domain, exchanges: [exchange]) }
    func prediction(_ index: Int) -> Prediction {
      let turns = Prompt.turns(domain: domain, [exchange])
      let metadata = RowMetadata(owner, turn: turn, exchange).json
      return Prediction(
        index: index, text: answer, example: Example(turns: turns, metadata: metadata))
    }
  }
  var seed: UInt64
  var train: [Row], rows: [Row]
  var numbers: [[Double]], overall: [Double], intervals: [[Double]]
  var slots: [String: [Int]], baselines: [String: [Double]]

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Goldens/hri/metrics.json")
    self = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    seed = try container.decode(UInt64.self, forKey: .seed)
    train = try container.decode([Row].self, forKey: .train)
    rows = try container.decode([Row].self, forKey: .rows)
    numbers = try container.decode([[Double]].self, forKey: .numbers)
    overall = try container.decode([Double].self, forKey: .overall)
    intervals = try container.decode([[Double]].self, forKey: .intervals)
    slots = try container.decode([String: [Int]].self, forKey: .slots)
    baselines = try container.decode([String: [Double]].self, forKey: .baselines)
  }

  private enum Key: CodingKey {
    case seed, train, rows, numbers, overall, intervals, slots, baselines
  }
}

func isNear(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-12 }

@Suite struct MetricsTests {
  let golden: Golden
  let report: Report

  init() throws {
    golden = try Golden()
    let evaluator = DialogueEvaluator(
      train: golden.train.map(\.owner), held: golden.rows.map(\.owner), seed: golden.seed)
    report = try evaluator.evaluate(golden.rows.enumerated().map { $1.prediction($0) })
  }

  @Test func eachRowHasTheGoldensNumbers() {
    for (row, numbers) in zip(golden.rows, golden.numbers) {
      let slots = Slots(required: row.required, optional: row.optional)
      let metrics = AnswerMetrics(
        answer: row.answer, reference: row.reference, user: row.user,
        keySlots: slots.key(of: row.domain))
      let ours = [
        metrics.domain, metrics.slot, metrics.coherence, metrics.relevance, metrics.helpfulness,
      ]
      #expect(zip(ours, numbers).allSatisfy(isNear), "\(row.answer): \(ours), \(numbers)")
    }
  }

  @Test func overallNumbersAndIntervalsAreTheGoldens() {
    #expect(report.primary == "combined_score")
    #expect(report.metrics.map(\.name) == Scoreboard.names)
    for (index, (name, measure)) in report.metrics.enumerated() {
      #expect(isNear(measure.value, golden.overall[index]), "\(name)")
      #expect(isNear(measure.low ?? .nan, golden.intervals[index][0]), "\(name)")
      #expect(isNear(measure.high ?? .nan, golden.intervals[index][1]), "\(name)")
    }
  }

  @Test func baselinesAreTheGoldens() {
    #expect(report.baselines.map(\.name) == ["echo", "nearest", "reference"])
    for (baseline, metrics) in report.baselines {
      let expected = golden.baselines[baseline] ?? []
      for (name, value) in zip(Scoreboard.names, expected) {
        #expect(isNear(metrics[name] ?? .nan, value), "\(baseline) \(name)")
      }
    }
  }

  @Test func slotNumbersFollowTheGoldensCounts() {
    for (name, counts) in golden.slots {
      let sums = SlotCounts(
        truePositives: counts[0], falsePositives: counts[1], falseNegatives: counts[2])
      let ours = report.details["slots"]?[name]
      #expect(isNear(ours?["precision"]?["value"]?.double ?? .nan, sums.precision), "\(name)")
      #expect(isNear(ours?["recall"]?["value"]?.double ?? .nan, sums.recall), "\(name)")
      #expect(isNear(ours?["f1"]?["value"]?.double ?? .nan, sums.f1), "\(name)")
      #expect(ours?["count"]?.int == counts[0] + counts[2], "\(name)")
    }
  }

  @Test func theSameRowsGiveTheSameReport() throws {
    let evaluator = DialogueEvaluator(
      train: golden.train.map(\.owner), held: golden.rows.map(\.owner), seed: golden.seed)
    let again = try evaluator.evaluate(golden.rows.enumerated().map { $1.prediction($0) })
    #expect(again.json == report.json)
  }

  @Test func aReportOfNoRowIsFinite() throws {
    let empty = try DialogueEvaluator(train: [], held: [], seed: 0).evaluate([])
    #expect(empty.count == 0)
    #expect(empty.metrics.allSatisfy { $0.measure.value.isFinite })
  }

  @Test(
    arguments: [
      ("the blue cart", ["blue", "blue cart"], ["blue cart"]),
      ("Bluebird", ["blue"], []),
      ("blue, cart and BLUE", ["blue", "blue cart"], ["blue", "blue cart"]),
      ("room 40", ["room 4", "40"], ["40"]), ("把蓝色推车送来", ["蓝色", "蓝色推车"], ["蓝色推车"]),
    ] as [(String, [String], Set<String>)])
  func valuesAreSaidAsWholeWords(text: String, values: [String], said: Set<String>) {
    #expect(WordSequence(text.lowercased()).said(of: values) == said)
  }

  /// Scripts without spaces: each character is a word, and their full stops end sentences.
  @Test func scriptsWithoutSpacesAreMeasured() {
    let metrics = AnswerMetrics(
      answer: "我把红色的箱子送到二号房间。马上就去！好的。", reference: "我把红色的箱子送到三号房间。",
      user: "请把红色的箱子送到二号房间", keySlots: ["object": "红色的箱子", "area": "三号房间"])
    // 12 of the reference's 13 characters, and 6 others.
    #expect(isNear(metrics.helpfulness, 12.0 / 19) && metrics.domain == 1 && metrics.slot == 1)
    #expect(isNear(metrics.relevance, 12.0 / 13))
    #expect(metrics.coherence == 1)
  }

  @Test func spacesAndPunctuationStayAsTheyWere() {
    #expect(
      AnswerMetrics.words("Take it, now. 한국어로 ...") == ["take", "it,", "now.", "한국어로", "..."])
    #expect(AnswerMetrics.words("给A店,送2箱。OK.") == ["给", "a", "店", "送", "2", "箱", "ok"])
  }

  @Test func aSlotsValueIsFoundInEitherNormalization() {
    for (answer, value) in [("au cafe\u{301}", "café"), ("au café", "cafe\u{301}")] {
      #expect(AnswerMetrics.slot(answer, ["place": value]) == 1)
    }
    #expect(AnswerMetrics.slot("au thé", ["place": "café"]) == 0)
  }
}
