import TaskKit
import Testing

@testable import Preference

/// Rewards that hold an answer against raters, and one that asks a model.
@Suite struct JudgingRewardTests {
  private func rating(_ config: JSON = [:]) throws -> RatingReward {
    var members = RatingReward.defaults.object ?? [:]
    for (key, value) in config.object ?? [:] { members[key] = value }
    return try RatingReward(config: JSON.object(members).decoded(), host: .none)
  }

  private func close(_ score: Score, _ wanted: Double) -> Bool {
    if case .score(let value, _) = score { abs(value - wanted) < 1e-12 } else { false }
  }

  private func value(_ score: Score) -> Double? {
    if case .score(let value, _) = score { value } else { nil }
  }

  @Test func anAnswerIsHeldAgainstTheMeanOrEachRater() throws {
    let row: JSON = ["ratings": [4, nil, 5, 3, 5]]
    func completion(_ text: String) -> Completion { Completion(text: text, metadata: row) }
    let mean = try rating(), raters = try rating(["against": "raters"])
    // The mean is 4.25, the squared distances from 4 are 0, 1, 1, 1.
    #expect(close(try mean.score(completion("<answer>4</answer>")), 1 - 0.25 / 4))
    #expect(close(try raters.score(completion("4")), 1 - 0.75 / 16))
    #expect(close(try raters.score(completion(" 1\n")), 1 - (9.0 + 16 + 4 + 16) / 4 / 16))
    for text in ["", "four", "6", "4 or 5", "0", "nan"] {
      #expect(try mean.score(completion(text)) == 0, "\(text)")
    }
    let scores = try (1...5).map { value(try raters.score(completion("\($0)"))) ?? -1 }
    let best = 1 + (scores.firstIndex(of: scores.max() ?? 0) ?? 9)
    #expect(best == 4, "the rounded mean is the best answer")
  }

  @Test(arguments: [[:], ["ratings": []], ["ratings": [nil, nil]], ["ratings": nil]] as [JSON])
  func whatNobodyRatedIsAbstainedFrom(row: JSON) throws {
    #expect(
      try rating().score(Completion(text: "4", metadata: row))
        == .abstain(reason: "nobody rated the row"))
  }

  @Test func aRejectedItemIsAbstainedFrom() throws {
    let row: JSON = ["ratings": [4], "rejected": true]
    #expect(
      try rating().score(Completion(text: "4", metadata: row))
        == .abstain(reason: "the item was rejected"))
  }

  @Test func rowsOfSpeechDramaAreUnderstood() throws {
    func question(_ tag: String, _ ratings: JSON, _ low: Int, _ high: Int) -> JSON {
      [
        "dimension": .string(tag.lowercased()), "tag": .string(tag), "ratings": ratings,
        "low": .int(low), "high": .int(high),
      ]
    }
    let one: JSON = ["questions": [question("Pass", [1, 0, nil, 1], 0, 1)]]
    let share = try rating().score(Completion(text: "<answer>1</answer>", metadata: one))
    #expect(close(share, 2.0 / 3), "1 − |answer − share of raters who said so|")
    let two: JSON = [
      "questions": [
        question("Pitch", [4, 4], 1, 5), question("Pass", [0], 0, 1), question("None", [nil], 1, 5),
      ]
    ]
    let score = try rating().score(
      Completion(text: "<answer>[Pitch]2\n[Pass]0\n[None]3</answer>", metadata: two))
    #expect(score == .score(0.75, components: ["pitch": 0.5, "pass": 1]))
  }

  @Test func aClosedAnswerIsOneOfItsOptions() throws {
    func row(_ options: JSON, _ weights: JSON) -> JSON {
      ["choice": ["options": options, "weights": weights]]
    }
    let scale = row(["1", "2", "3", "4", "5"], [0, 0, 0.25, 0.25, 0.5])
    func score(_ text: String, _ row: JSON, _ config: JSON = [:]) throws -> Score {
      try rating(config).score(Completion(text: text, metadata: row))
    }
    #expect(close(try score("4", scale), 1 - 0.25 / 4))
    let raters: JSON = ["against": "raters"]
    #expect(close(try score("4", scale, raters), 1 - (0.25 * 1 + 0.5 * 1) / 16))
    #expect(try score("6", scale) == 0)
    // Whole answers have no weights: then the row's ratings count.
    let whole: JSON = ["choice": ["options": ["4", "5"], "weights": []], "ratings": [5, 5]]
    #expect(close(try score("4", whole), 0.75))
    let words = row(["Yes", "No"], [3, 1])
    #expect(close(try score("Yes", words), 0.75))
    #expect(close(try score("No", words), 0.25))
    #expect(
      try score("Yes", row(["Yes", "No"], [0, 0])) == .abstain(reason: "nobody rated the row"))
    #expect(throws: PluginError.self) { try score("1", row(["1"], [1, 2])) }
  }

  // MARK: A model

  /// Finds "Yes" the likelier the longer what it is asked.
  private static let model = LanguageModel(
    complete: { _, _ in [] },
    logLikelihoods: { pairs, variant in
      pairs.map { prompt, completion in
        guard case .messages(let turns) = prompt else { return LogLikelihood(sum: 0, tokens: 0) }
        let length = Double(turns[0].text.count) / 10
        return LogLikelihood(
          sum: completion == "Yes" ? -1 / length : variant == .base ? -3 : -4, tokens: 1)
      }
    })

  private func judge(_ config: JSON, _ model: LanguageModel? = model) throws -> JudgeReward {
    var members = JudgeReward.defaults.object ?? [:]
    for (key, value) in config.object ?? [:] { members[key] = value }
    return try JudgeReward(
      config: JSON.object(members).decoded(), host: HostServices(model: model))
  }

  @Test func theLogOddsOfTheModelsAnswerAreTheScore() throws {
    let batch = [
      Completion(prompt: "12", text: "345", reference: "678"), Completion(prompt: "", text: "3"),
    ]
    let plain = try judge(["question": "{prompt}{completion}"]).score(batch)
    // "Yes" has −1 over a tenth of the question's length, "No" −3, or −4 to the tuned model.
    #expect(close(plain[0], 3 - 10.0 / 5) && close(plain[1], 3 - 10.0))
    let own = try judge(["question": "{completion}{completion}", "model": "current"])
    let twice = try own.score([Completion(text: "{prompt}?")])
    #expect(close(twice[0], 4 - 10.0 / 18))
    let share = try judge(["question": "{prompt}{completion}", "scale": "probability"])
    #expect(close(try share.score(batch)[0], 1 / (1 + Exponential.of(-1))))
    let held = try judge(["question": "{reference}{prompt}{completion}"]).score(batch)
    #expect(close(held[0], 3 - 10.0 / 8))
    #expect(held[1] == .abstain(reason: "the row has no answer to hold the completion against"))
  }

  @Test func withoutAModelOrAPlaceForTheTextItIsRefused() {
    #expect(throws: PluginError.self) { try judge([:], nil) }
    #expect(throws: PluginError.self) { try judge(["question": "good?"]) }
    #expect(throws: PluginError.self) { try judge(["yes": "No"]) }
    #expect(throws: PluginError.self) { try judge(["model": "bas"]) }
  }
}
