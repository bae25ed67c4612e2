import FoundationEssentials
import TaskKit
import Testing

@testable import Instruct

/// Writes `text` to a file of its own and lends its path.
func withFile<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
  let file = FileManager.default.temporaryDirectory
    .appendingPathComponent(UUID().uuidString + ".jsonl")
  try Data(text.utf8).write(to: file)
  defer { try? FileManager.default.removeItem(at: file) }
  return try body(file.path)
}

extension ConversationFile {
  /// The rows of all files; the first one that cannot be used is an error.
  static func read(_ paths: [String]) throws -> [ConversationRow] {
    try rows(of: paths).map { try $0.content.get() }
  }
}

@Suite struct InstructTests {
  static let chat =
    #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}"#

  static let human = #"{"from": "human", "value": "q"}"#, gpt = #"{"from": "gpt", "value": "a"}"#

  @Test(arguments: [
    (chat, ["user:q", "assistant:a"]),
    (
      #"{"conversations": [\#(human), \#(gpt)], "system": "s"}"#,
      ["system:s", "user:q", "assistant:a"]
    ),
    (#"{"instruction": "i", "output": "a"}"#, ["user:i", "assistant:a"]),
    (
      #"{"instruction": "i", "input": "x", "output": "a", "system": "s", "history": [["h", "b"]]}"#,
      ["system:s", "user:h", "assistant:b", "user:i\n\nx", "assistant:a"]
    ),
    (#"{"prompt": "q", "system": "s", "answer": "42"}"#, ["system:s", "user:q"]),
    (
      #"{"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, "#
        + #"{"role": "user", "content": "r"}]}"#,
      ["user:q", "assistant:a", "user:r"]
    ),
  ])
  func shapesAreKnownByTheirKeys(line: String, turns: [String]) throws {
    let rows = try withFile(line + "\n\n") { try ConversationFile.read([$0]) }
    #expect(rows.map { $0.turns.map { "\($0.role):\($0.text)" } } == [turns])
    let array = try withFile("[\(line), \(line)]") { try ConversationFile.read([$0]) }
    #expect(array == rows + rows)
  }

  @Test(arguments: [
    ("{\"messages\": [", ":7: not valid JSON"),
    (#"{"messages": [{"role": "user", "content": "q"}]}"#, ":7: the row has no assistant turn"),
    (
      #"{"question": "q", "answer": "a"}"#,
      ":7: unknown shape of row: found the keys 'answer', 'question'; expected 'messages'"
    ),
    (
      #"{"messages": [{"role": "narrator", "content": "q"}]}"#,
      ":7, messages[0]: unknown role 'narrator'"
    ),
    (#"{"messages": [{"role": "user"}]}"#, ":7, messages[0]: 'content' is missing"),
    (#"{"prompt": "q", "completoin": "a"}"#, ":7: unknown key 'completoin'; did you mean"),
    (#"{"prompt": ""}"#, ":7: the prompt is empty"),
    (
      #"{"prompt": [{"role": "assistant", "content": "a"}]}"#,
      ":7: the prompt must end with a user's or a tool's turn"
    ),
    (#"{"messages": 3}"#, ":7: 'messages' must be a list of messages, not a number"),
    (#"{"instruction": 1, "output": "a"}"#, ":7: 'instruction' must be a string, not a number"),
    (
      #"{"instruction": "i", "output": "a", "history": [["h"]]}"#, ":7: 'history[0]' must be a pair"
    ),
    ("3", ":7: a row must be an object"),
  ])
  func aFaultNamesFileAndLine(line: String, expected: String) throws {
    let text = String(repeating: Self.chat + "\n", count: 6) + line + "\n" + Self.chat
    try withFile(text) { path in
      _ = #expect {
        try ConversationFile.read([path])
      } throws: {
        "\($0)".hasPrefix(path + expected)
      }
    }
  }

  @Test func aFractionOfTheRowsIsHeldOut() throws {
    let text = (0..<50).map { #"{"instruction": "\#($0)", "output": "a"}"# }
      .joined(separator: "\n")
    try withFile(text) { path in
      func questions(_ split: Split, seed: UInt64) throws -> [Int] {
        let config = ConversationConfig(
          train: Paths([path]), validation_fraction: 0.2, seed: seed)
        let data = try #require(
          try ConversationDataset(config: config, split: split, host: .none))
        return try (0..<data.count).compactMap {
          Int(try data.example(at: $0, epoch: 0, seed: 0).turns[0].text)
        }
      }
      let train = try questions(.train, seed: 1), held = try questions(.validation, seed: 1)
      #expect(held.count == 10)
      #expect((train + held).sorted() == Array(0..<50))
      #expect(train == train.sorted())
      let again = try questions(.validation, seed: 1), other = try questions(.validation, seed: 2)
      #expect(held == again)
      #expect(held != other)
    }
  }

  @Test func theRowsNameTheirFilesAndDoNotVary() throws {
    try withFile(Self.chat + "\n" + Self.chat) { path in
      let own = ConversationConfig(train: Paths(["x.jsonl"]), validation: Paths([path, path]))
      let data = try ConversationDataset(config: own, split: .validation, host: .none)
      #expect(data?.sources == [path, path] && data?.variesByEpoch == false)
      let held = ConversationConfig(train: Paths([path]), validation_fraction: 0.5, seed: 1)
      for split in [Split.train, .validation] {
        let data = try ConversationDataset(config: held, split: split, host: .none)
        #expect(data?.sources == [path])
      }
    }
  }

  @Test func splitsWithoutFilesDoNotExist() throws {
    try withFile(Self.chat) { path in
      let config = ConversationConfig(train: Paths([path]))
      let counts = try [Split.validation, .test, .train].map {
        try ConversationDataset(config: config, split: $0, host: .none)?.count
      }
      #expect(counts == [nil, nil, 1])
    }
    #expect {
      try ConversationDataset(config: ConversationConfig(), split: .train, host: .none)
    } throws: {
      "\($0)".contains("'data.train' is required")
    }
  }

  @Test(
    arguments: [
      ("the cat sat", "the cat sat", 1, 1, 1), (" the cat\n", "the cat", 1, 1, 1),
      // 3 common words of 4 and 3: 6/7; in order only 2: 4/7.
      ("sat the big cat", "the cat sat", 0, 6.0 / 7, 4.0 / 7),
      ("the the the", "the cat", 0, 2.0 / 5, 2.0 / 5), ("", "a", 0, 0, 0), ("", "", 1, 1, 1),
      ("A, b!", "a b", 0, 1, 1),
      // Nothing but punctuation or symbols: the same text agrees, another one does not.
      ("👍", "👎", 0, 0, 0), (" 👍", "👍", 1, 1, 1), ("!", "", 0, 0, 0), ("==", "a", 0, 0, 0),
      // 9 of 11 and 11 characters, in order too; each sign of a kana or Thai text.
      ("今天天气很好我们去公园", "今天天气不错我们去公园", 0, 18.0 / 22, 18.0 / 22),
      ("今日は天気がいい", "今日は天気がとてもいい。", 0, 16.0 / 19, 16.0 / 19),
      ("ฉันไปตลาด", "ฉันไปตลาดแล้ว", 0, 18.0 / 22, 18.0 / 22), ("か\u{3099}", "が", 1, 1, 1),
    ] as [(String, String, Double, Double, Double)])
  func overlap(answer: String, reference: String, exact: Double, f1: Double, rouge: Double) {
    let overlap = AnswerOverlap(answer: answer, reference: reference)
    #expect(overlap.exactMatch == exact)
    #expect(abs(overlap.tokenF1 - f1) < 1e-12)
    #expect(abs(overlap.rougeL - rouge) < 1e-12)
  }

  @Test func aPromptsOtherColumnsAreItsMetadata() throws {
    try withFile(#"{"prompt": "q", "answer": "42", "raters": [1, null]}"#) { path in
      let config = ConversationConfig(train: Paths([path]))
      let data = try #require(
        try ConversationDataset(config: config, split: .train, host: .none))
      let row = try data.example(at: 0, epoch: 0, seed: 0)
      #expect(row.metadata == ["answer": "42", "raters": [1, nil]])
      #expect(row.turns.map(\.role) == ["user"])
      #expect(data.notes == ["not used for training, kept as metadata: 'answer', 'raters'"])
    }
  }

  @Test func ofPromptsAloneTheReportSaysHowLongAnswersAre() throws {
    let predictions = (0..<4).map { index in
      Prediction(
        index: index, text: index < 2 ? "yes it is" : "no", example: Example(turns: [.user("q")]))
    }
    let evaluator = OverlapEvaluator(config: ConversationConfig(), split: .test, host: .none)
    let report = try evaluator.evaluate(predictions)
    #expect(report.primary == "words" && report["words"]?.value == 2)
  }

  @Test func theReportHasIntervalsAndTheEchoBaseline() throws {
    let predictions = (0..<40).map { index in
      Prediction(
        index: index, text: index % 4 == 0 ? "yes it is" : "no",
        example: Example(turns: [.user("is it"), .assistant("yes it is")]))
    }
    let evaluator = OverlapEvaluator(
      config: ConversationConfig(seed: 3), split: .validation, host: .none)
    let report = try evaluator.evaluate(predictions)
    let f1 = try #require(report["token_f1"])
    #expect(report.primary == "token_f1" && report.count == 40)
    #expect(f1.value == 0.25)
    #expect((0.05..<0.25).contains(f1.low ?? 0) && (0.25..<0.45).contains(f1.high ?? 0))
    #expect(abs((report.baselines[0].metrics["token_f1"] ?? 0) - 0.8) < 1e-12)
    let again = try evaluator.evaluate(predictions)
    #expect(report.json == again.json)
  }
}
