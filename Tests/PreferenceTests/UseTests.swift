import TaskKit
import Testing

@testable import Preference

/// What rows become by the recipe's keys, and which rows a split has.
@Suite struct UseTests {
  private static let labels = [
    #"{"prompt": "q", "completion": "y", "label": true}"#,
    #"{"prompt": "r", "completion": "n", "label": false}"#,
  ].joined(separator: "\n")

  private func rows(_ text: String, _ use: String) throws -> [String] {
    try dataset(text) { $0.rows = use }.examples().map(short)
  }

  @Test func pairsBecomeLabeledAnswersOrConversations() throws {
    let text = pair() + "\n" + pair(prompt: "r", chosen: "a")
    #expect(try rows(text, "auto") == ["u:q > a:yes < a:no", "u:r > a:a < a:no"])
    #expect(try rows(text, "pairs") == rows(text, "auto"))
    #expect(try rows(text, "labels") == ["u:q a:yes +", "u:q a:no -", "u:r a:a +", "u:r a:no -"])
    #expect(try rows(text, "chosen") == ["u:q a:yes", "u:r a:a"])
  }

  @Test func labeledAnswersStayOrLeaveTheWantedOnes() throws {
    #expect(try rows(Self.labels, "auto") == ["u:q a:y +", "u:r a:n -"])
    #expect(try rows(Self.labels, "labels") == rows(Self.labels, "auto"))
    let data = try dataset(Self.labels) { $0.rows = "chosen" }
    #expect(try data.examples().map(short) == ["u:q a:y"])
    #expect(data.notes == ["answers that are not wanted, left out by data.rows: 1"])
    #expect(try rows(Self.labels + "\n" + pair(), "labels").count == 4)
    #expect(try rows(Self.labels + "\n" + pair(), "chosen") == ["u:q a:y", "u:q a:yes"])
  }

  @Test func onlyTheChosenAnswerOfAConversationIsTrained() throws {
    let text = #"{"prompt": \#(messages("u:q a:b u:r")), "chosen": "y", "rejected": "n"}"#
    #expect(try rows(text, "chosen") == ["u:q a:b* u:r a:y"])
  }

  @Test func aPromptAloneKeepsItsColumnsForRewards() throws {
    let text = #"{"prompt": "q", "answer": "42", "prompt_id": "p1"}"#
    let data = try dataset(text)
    let example = try data.examples()[0]
    #expect(short(example) == "u:q" && example.metadata["answer"] == "42")
    #expect(example.metadata["preference"]?["prompt_id"] == "p1")
    #expect(data.notes == ["not used for training, kept as metadata: 'answer'"])
    #expect(try rows(text + "\n" + pair(), "auto") == ["u:q", "u:q > a:yes < a:no"])
    for use in ["pairs", "labels", "chosen"] {
      #expect(
        fault(text) { $0.rows = use }.contains(
          ":1: the row is a prompt without an answer, but data.rows: \(use) asks for one"))
    }
  }

  // MARK: Several scored answers

  private static let scored =
    #"{"prompt": "q", "completions": [{"response": "d", "s": 1}, {"response": "a", "s": 9}, "#
    + #"{"response": "c", "s": 2}, {"response": "b", "s": 9}, {"response": "e", "s": 1}]}"#

  @Test func theBestAnswerIsChosenAgainstTheWorstOrARandomOne() throws {
    let worst = try dataset(Self.scored) { $0.score = "s" }
    #expect(try worst.examples().map(short) == ["u:q > a:a < a:d"] && !worst.variesByEpoch)
    let many = Array(repeating: Self.scored, count: 60).joined(separator: "\n")
    let random = try dataset(many) { config in
      config.score = "s"
      config.rejected = "random"
    }
    #expect(random.variesByEpoch)
    func rejected(_ epoch: Int, _ seed: UInt64) throws -> [String] {
      try random.examples(epoch: epoch, seed: seed).map { $0.rejected.map(\.text).joined() }
    }
    let first = try rejected(0, 1)
    #expect(Set(first) == ["c", "d", "e"], "the equal of the best is never rejected")
    #expect(try rejected(0, 1) == first, "a pure function of row, epoch and seed")
    #expect(try rejected(1, 1) != first)
    #expect(try rejected(0, 2) != first)
    for answer in ["c", "d", "e"] {
      #expect((8...32).contains(first.count { $0 == answer }), "\(first)")
    }
  }

  @Test func bothAnswersOfAScoredRowGetALabel() throws {
    let data = try dataset(Self.scored) { config in
      (config.score, config.rows) = ("s", "labels")
    }
    #expect(try data.examples().map(short) == ["u:q a:a +", "u:q a:d -"])
    let chosen = try dataset(Self.scored) { config in
      (config.score, config.rows, config.rejected) = ("s", "chosen", "random")
    }
    #expect(try chosen.examples().map(short) == ["u:q a:a"] && !chosen.variesByEpoch)
  }

  @Test func keysOfScoredAnswersThatNothingFollowsAreSaid() throws {
    let data = try dataset(pair()) { config in
      (config.score, config.rejected) = ("s", "random")
    }
    #expect(
      data.notes == [
        "no row has several scored answers, which 'data.rejected' and 'data.score' are about"
      ])
  }

  // MARK: Splits

  @Test func promptsAreHeldOutAsAWhole() throws {
    let lines = (0..<40).flatMap { [pair(prompt: "q\($0)"), pair(prompt: "q\($0)", chosen: "y")] }
    func prompts(_ split: Split, _ seed: UInt64 = 1) throws -> [String] {
      try dataset(lines.joined(separator: "\n"), split) { config in
        (config.validation_fraction, config.seed) = (0.25, seed)
      }.examples().map { $0.turns[0].text }
    }
    let train = try prompts(.train), held = try prompts(.validation)
    #expect(held.count == 20 && train.count == 60)
    #expect(Set(train).isDisjoint(with: held))
    #expect(try prompts(.validation) == held)
    #expect(try prompts(.validation, 2) != held)
  }

  @Test func splitsAndSources() throws {
    try withFile(pair()) { path in
      var config = PreferenceConfig()
      config.train = Paths([path])
      #expect(try PreferenceDataset(config: config, split: .validation, host: .none) == nil)
      let train = try PreferenceDataset(config: config, split: .train, host: .none)
      #expect(train?.sources == [path])
      config.train = nil
      #expect {
        try PreferenceDataset(config: config, split: .train, host: .none)
      } throws: {
        "\($0)".contains("'data.train' is required")
      }
    }
  }
}
