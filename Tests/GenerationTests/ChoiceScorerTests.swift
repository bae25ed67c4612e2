import Models
import Tensors
import Tasks
import TestSupport
import Testing

@testable import Generation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct ChoiceScorerTests {
  /// Σ log softmax(logits)[token] from a pass over the whole text, in double.
  func expected(_ model: CausalLanguageModel, _ prompt: [Int32], _ choice: [Int32]) -> Double {
    let logits = GoldenModel.logits(model, prompt + choice)
    return choice.enumerated().reduce(0) { sum, token in
      let row = logits.row(prompt.count - 1 + token.offset).map(Double.init)
      let largest = row.max() ?? 0
      return sum + row[Int(token.element)] - largest - log(row.reduce(0) { $0 + exp($1 - largest) })
    }
  }

  @Test(arguments: GeneratorTests.models) func choicesAreScored(_ golden: GoldenModel) throws {
    let model = try golden.model(), texts = prompts([7, 1, 12]).map(\.ids)
    let questions = [
      ChoiceQuestion(prompt: texts[0], choices: [[5], [9], [77]]),
      // Shared beginnings, a choice that another begins, equal choices, any order.
      ChoiceQuestion(
        prompt: texts[1], choices: [[8, 9], [8, 9, 10, 11], [8], [8, 9, 12, 3], [8, 9]]),
      ChoiceQuestion(prompt: texts[2], choices: []),
      ChoiceQuestion(prompt: texts[2], choices: [[150, 4, 4], [3]]),
    ]
    let scores = try model.scoreChoices(questions)
    #expect(scores.map(\.count) == [3, 5, 0, 2])
    for (question, scores) in zip(questions, scores) {
      for (choice, score) in zip(question.choices, scores) {
        #expect(abs(score - expected(model, question.prompt, choice)) < 1e-3, "\(choice)")
      }
      let alone = try model.scoreChoices(question.prompt, question.choices)
      expectClose(alone, scores, atol: 1e-4, rtol: 0)
    }
    #expect(scores[1][0] == scores[1][4])
  }

  /// All one-token choices together are a distribution.
  @Test func probabilitiesSumToOne() throws {
    let model = try GoldenModel(name: "qwen2").model()
    let scores = try model.scoreChoices([4, 5, 6], (0..<160).map { [$0] })
    #expect(abs(scores.reduce(0) { $0 + exp($1) } - 1) < 1e-4)
  }

  @Test func sharedBeginningsAreReadOnce() {
    let packing = ChoicePacking([
      ChoiceQuestion(prompt: [1, 2, 3], choices: [[4], [5], [6]]),
      ChoiceQuestion(prompt: [7, 8], choices: [[4, 5, 6], [4, 9], [5, 4]]),
      ChoiceQuestion(prompt: [1, 2, 9], choices: [[4]]),
    ])
    #expect(packing.layout.ids == [1, 2, 3, 9, 7, 8, 4, 5, 5])
    #expect(packing.layout.lengths == [2, 1, 1, 2, 1, 1, 1])
    #expect(packing.layout.parents == [nil, 0, 0, nil, 3, 4, 3])
    #expect(packing.rows == [2, 2, 2, 5, 6, 7, 5, 6, 5, 8, 3])
    #expect(packing.targets == [4, 5, 6, 4, 5, 6, 4, 9, 5, 4, 4])
  }

  /// A clip is what it is, not the tokens that stand for it.
  @Test func clipsAreToldApart() {
    func question(_ value: Float) -> ChoiceQuestion {
      let clip = MediaTensor(shape: [1, 4], values: [0, 0, 0, value])
      return ChoiceQuestion(
        prompt: [1, 5, 5, 2], media: [.init(places: 1..<3, features: clip)], choices: [[3]])
    }
    let packing = ChoicePacking([question(1), question(2), question(1)])
    #expect(packing.layout.ids == [1, 5, 5, 2, 5, 5, 2])
    #expect(packing.layout.parents == [nil, 0, 0])
    #expect(packing.layout.media.map(\.places) == [1..<3, 4..<6])
    #expect(packing.rows == [3, 6, 3])
  }

  @Test func badQuestionsAreRefused() throws {
    let model = try GoldenModel(name: "llama").model()
    #expect(throws: GenerationError.self) { try model.scoreChoices([], [[3]]) }
    #expect(throws: GenerationError.self) { try model.scoreChoices([3], [[4], []]) }
    #expect(throws: GenerationError.self) { try model.scoreChoices([3], [[160]]) }
    let long = prompts([250])[0].ids
    #expect(try model.scoreChoices(long, [prompts([7])[0].ids]).count == 1)
    let error = #expect(throws: GenerationError.self) {
      try model.scoreChoices(long, [prompts([8])[0].ids])
    }
    #expect(
      error?.message == "choice 0 of question 0 ends at token 258, but the model's context is 256; "
        + "shorten the prompt")
  }
}
