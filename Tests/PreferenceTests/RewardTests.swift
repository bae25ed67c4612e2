import FoundationEssentials
import TaskKit
import Testing

@testable import Preference

/// The bundled rewards, against TRL's functions and lm-evaluation-harness where these have them.
@Suite struct RewardTests {
  private static let folder =
    String(
      #filePath.dropLast("/PreferenceTests/RewardTests.swift".count)) + "/Goldens/rewards/"

  private func golden(_ file: String) throws -> JSON {
    let data = try Data(contentsOf: URL(fileURLWithPath: Self.folder + file))
    return try JSON(parsing: String(decoding: data, as: UTF8.self))
  }

  /// A reward with a configuration, as the recipe makes it.
  private func make<R: BatchReward>(
    _ type: R.Type, _ config: JSON = [:], host: HostServices = .none
  ) throws -> R {
    var members = R.defaults.object ?? [:]
    for (key, value) in config.object ?? [:] { members[key] = value }
    return try R(config: JSON.object(members).decoded(), host: host)
  }

  private func refusal<R: BatchReward>(_ type: R.Type, _ config: JSON) -> String {
    do {
      _ = try make(type, config)
      return "accepted"
    } catch { return "\(error)" }
  }

  private func value(_ score: Score) -> Double? {
    if case .score(let value, _) = score { value } else { nil }
  }

  // MARK: Form

  @Test func thoughtsAreJudgedAsTRLDoes() throws {
    let reward = try make(FormatReward.self)
    for row in try #require(try golden("trl.json")["think_format"]?.array) {
      let text = try #require(row["text"]?.string)
      #expect(value(reward.score(Completion(text: text))) == row["score"]?.double, "\(text)")
    }
  }

  @Test(arguments: [
    ("<think>a</think>\n<answer>4</answer>\n", 1), ("<think>a</think><answer>4</answer>", 1),
    ("<think>a</think> so <answer>4</answer>", 0), ("<answer>4</answer>", 0),
    ("<think>a</think><answer>4</answer>.", 0), ("<answer>4</answer><think>a</think>", 0),
    ("<think>a</think><answer>4<answer></answer>", 0), ("", 0),
    ("<think>a<answer></think><answer>4</answer>", 0),
  ])
  func tagsStandOnceAndInOrder(text: String, score: Double) throws {
    let reward = try make(FormatReward.self, ["tags": ["think", "answer"]])
    #expect(value(reward.score(Completion(text: text))) == score)
  }

  @Test func aPatternMustMatchTheWholeText() throws {
    let reward = try make(FormatReward.self, ["pattern": #"\d+(.*)end"#])
    for (text, score) in [("12\nend", 1.0), ("12\nend.", 0), (" 1end", 0), ("1end", 1)] {
      #expect(value(reward.score(Completion(text: text))) == score, "\(text)")
    }
    #expect(refusal(FormatReward.self, ["pattern": "("]).contains("is no regular expression"))
    #expect(refusal(FormatReward.self, ["pattern": "a", "tags": ["b"]]).contains("keep one"))
    #expect(refusal(FormatReward.self, ["tags": ["a b"]]).contains("'tags' must be names"))
  }

  // MARK: Right answers

  /// Numbers are found as by the harness. Where it says that an answer is right it is; beyond that,
  /// numbers that are the same written otherwise (1200.00) are.
  @Test func numbersAreFoundAsByTheHarness() throws {
    let verdicts = try golden("gsm8k.json")
    let references = try #require(verdicts["references"]?.array).compactMap(\.string)
    for row in try #require(verdicts["cases"]?.array) {
      let text = try #require(row["text"]?.string)
      func shown(_ number: FinalNumber?) -> String { number?.text ?? "[invalid]" }
      #expect(shown(.marked(in: text)) == row["strict-match"]?.string, "\(text)")
      #expect(shown(.last(in: text)) == row["flexible-extract"]?.string, "\(text)")
      for (index, reference) in references.enumerated() {
        for (place, extract) in ["strict", "flexible"].enumerated() {
          let reward = try make(AnswerReward.self, ["extract": .string(extract)])
          let score = value(
            try reward.score(Completion(text: text, metadata: ["answer": .string(reference)])))
          let verdict = row["verdicts"]?.array?[index].array?[place].double
          let isSame = text.contains("1200.0") || text.contains("7.50")
          let agrees = score == verdict || isSame && score == 1
          #expect(agrees, "\(text), \(reference)")
        }
      }
    }
    let reward = try make(AnswerReward.self)
    let same = Completion(text: "so 1200.00", metadata: ["answer": "$1,200"])
    #expect(value(try reward.score(same)) == 1)
  }

  @Test func theAnswerStandsBehindTheThoughtAndInItsTags() throws {
    let reward = try make(AnswerReward.self)
    func score(_ text: String, _ answer: JSON) throws -> Double? {
      value(try reward.score(Completion(text: text, metadata: ["answer": answer])))
    }
    #expect(try score("<think>7</think><answer> 42 </answer> or 8", 42) == 1)
    #expect(try score("<think>42", 42) == 1)
    #expect(try score("<think>42</think> none", 42) == 0)
    #expect(try score("it is 42", "forty") == nil)
    #expect(try score("it is 42", .null) == nil)
    #expect(
      try reward.score(Completion(text: "1", metadata: ["answer": "x"]))
        == .abstain(reason: "'answer' is not a number"))
    #expect(
      try reward.score(Completion(text: "1")) == .abstain(reason: "the row has no 'answer'"))
    #expect(value(try reward.score(Completion(text: "1", reference: "so\n#### 1"))) == 1)
  }

  @Test(arguments: [
    ("B", "B"), ("(B)", "B"), ("B. Paris", "B"), ("**B**", "B"), ("B) Paris", "B"),
    ("The answer is B.", "B"), ("the Answer is: (C)", "C"), ("Answer: D", "D"),
    ("the answer is A or rather the answer is E", "E"), ("I think it is (C), not", "C"),
    ("A planet rotates", nil), ("Because", nil), ("", nil), ("F", nil), ("answer is F", nil),
    ("(A) is wrong, so (B)", "A"), ("none of them", nil),
  ])
  func choicesAreReadAndNeverGuessed(text: String, letter: Character?) {
    #expect(FinalChoice.letter(in: text) == letter)
  }

  @Test func theRightChoiceIsALetterOrItsNumber() throws {
    let reward = try make(AnswerReward.self, ["kind": "choice", "key": "answerKey"])
    func score(_ key: JSON) throws -> Double? {
      value(try reward.score(Completion(text: "(B)", metadata: ["answerKey": key])))
    }
    let keys: [JSON] = ["B", "2", "C", "6", 1, "Bo"]
    #expect(try keys.map { try score($0) } == [1, 1, 0, nil, nil, nil])
    #expect(
      refusal(AnswerReward.self, ["kind": "number "]).contains("did you mean 'number'?"))
    #expect(
      refusal(AnswerReward.self, ["kind": "choice", "extract": "strict"]).contains("numbers"))
  }

  // MARK: Length and repetition

  @Test func overlongTextsArePunishedAsByTRL() throws {
    for row in try #require(try golden("trl.json")["soft_overlong"]?.array) {
      let reward = try make(
        LengthReward.self,
        [
          "max_completion_len": try #require(row["most"]),
          "soft_punish_cache": try #require(row["cache"]),
        ])
      let lengths = try #require(row["lengths"]?.array), scores = try #require(row["scores"]?.array)
      for (length, score) in zip(lengths, scores) {
        let completion = Completion(text: "", tokens: length.int)
        #expect(value(try reward.score(completion)) == score.double, "\(row), \(length)")
      }
    }
  }

  @Test func aTargetLengthIsBest() throws {
    let reward = try make(LengthReward.self, ["target": 10])
    for (tokens, score) in [(10, 1.0), (5, 0.5), (15, 0.5), (0, 0), (20, 0), (100, 0)] {
      #expect(value(try reward.score(Completion(text: "", tokens: tokens))) == score)
    }
    #expect(throws: PluginError.self) { try reward.score(Completion(text: "a")) }
    #expect(refusal(LengthReward.self, [:]).contains("give 'target'"))
    #expect(refusal(LengthReward.self, ["max_completion_len": 8]).contains("give 'target'"))
    let wrong: JSON = ["max_completion_len": 8, "soft_punish_cache": 9]
    #expect(refusal(LengthReward.self, wrong).contains("from 0 to"))
  }

  @Test func repetitionIsPunishedAsByTRL() throws {
    for row in try #require(try golden("trl.json")["repetition"]?.array) {
      let config: JSON = [
        "ngram_size": try #require(row["size"]), "max_penalty": try #require(row["penalty"]),
      ]
      let words = try make(RepetitionReward.self, config)
      // A tokenizer whose tokens are the characters that are no blanks.
      let tokenizer = Tokenizer(
        encode: { text in text.unicodeScalars.filter { $0 != " " }.map { Int32($0.value) } },
        decode: { _ in "" })
      let tokens = try make(
        RepetitionReward.self,
        JSON.object((config.object ?? [:]).adding("unit", "tokens")),
        host: HostServices(tokenizer: tokenizer))
      let texts = try #require(row["texts"]?.array), scores = try #require(row["scores"]?.array)
      for (text, score) in zip(texts.compactMap(\.string), scores) {
        let found = try #require(value(try words.score(Completion(text: text))))
        #expect(abs(found - (score.double ?? 9)) < 1e-12, "\(text)")
        if text.split(separator: " ").allSatisfy({ $0.count == 1 }) {
          #expect(value(try tokens.score(Completion(text: text))) == found)
        }
      }
    }
    #expect(
      refusal(RepetitionReward.self, ["unit": "tokens"]).contains("needs a model's tokenizer"))
    #expect(refusal(RepetitionReward.self, ["max_penalty": 1]).contains("not be greater than 0"))
  }

  @Test func overlapIsWithTheRowsOwnAnswerOrAColumn() throws {
    let completion = Completion(
      text: "sat the big cat", metadata: ["gold": "sat"], reference: "the cat sat")
    #expect(value(try make(OverlapReward.self).score(completion)) == 4.0 / 7)
    let f1 = try make(OverlapReward.self, ["measure": "token_f1"])
    #expect(value(try f1.score(completion)) == 6.0 / 7)
    let column = try make(OverlapReward.self, ["key": "gold"])
    #expect(value(try column.score(completion)) == 2.0 / 5)
    let none = try make(OverlapReward.self).score(Completion(text: "a"))
    #expect(none == .abstain(reason: "the row has no answer"))
  }
}

extension JSON.Members {
  fileprivate func adding(_ key: String, _ value: JSON) -> JSON.Members {
    var members = self
    members[key] = value
    return members
  }
}
