import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Generation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How likely whole texts are: the trained tokens of the answers of pairs.
@Suite struct LogLikelihoodTests {
  /// Σ log softmax(logits)[token] over the trained tokens from a pass over the text alone, in double.
  func expected(_ model: CausalLanguageModel, _ text: Sample) -> Double {
    let logits = GoldenModel.logits(model, text.ids)
    return text.ids.indices.filter { text.isTrained[$0] }.reduce(0) { sum, place in
      let row = logits.row(place - 1).map(Double.init), largest = row.max() ?? 0
      return sum + row[Int(text.ids[place])] - largest
        - log(row.reduce(0) { $0 + exp($1 - largest) })
    }
  }

  func text(_ prompt: [Int32], _ answers: [(ids: [Int32], isTrained: Bool)]) -> Sample {
    Sample(
      ids: prompt + answers.flatMap(\.ids),
      isTrained: prompt.map { _ in false }
        + answers.flatMap { part in part.ids.map { _ in part.isTrained } },
      source: "row 7, chosen answer")
  }

  @Test(arguments: GeneratorTests.models)
  func trainedTokensAreScored(_ golden: GoldenModel) throws {
    let model = try golden.model(), parts = prompts([9, 4, 6, 3, 1, 12]).map(\.ids)
    let texts = [
      // A pair; an answer of two turns with a user's between, and the newline behind.
      text(parts[0], [(parts[1], true)]),
      text(parts[0], [(parts[2], true), (parts[3], false), (parts[1], true), (parts[4], false)]),
      // Answers that begin alike; the same answer again; another prompt.
      text(parts[0], [(parts[2] + parts[1], true)]), text(parts[0], [(parts[1], true)]),
      text(parts[5], [(parts[4], true)]),
    ]
    let scores = try model.logLikelihoods(of: texts)
    expectClose(scores, texts.map { expected(model, $0) }, atol: 1e-3, rtol: 0)
    #expect(scores[0] == scores[3])
    for (text, score) in zip(texts, scores) {
      expectClose(try model.logLikelihoods(of: [text]), [score], atol: 1e-4, rtol: 0)
    }
    // The same as the answer as a choice after its prompt.
    let choices = try model.scoreChoices(parts[0], [parts[1]])
    expectClose([scores[0]], choices, atol: 1e-4, rtol: 0)
  }

  @Test func thePromptIsReadOnce() {
    let packing = TextPacking([
      .init([1, 2, 3, 4, 5, 6], [], reading: 4, rotaryClass: 0),
      .init([1, 2, 3, 7, 8, 9], [], reading: 5, rotaryClass: 0),
      .init([1, 2], [], reading: 0, rotaryClass: 0),
    ])
    #expect(packing.layout.ids == [1, 2, 3, 4, 7, 8])
    #expect(packing.layout.parents == [nil, 0, 0])
    #expect(packing.rows == [[0, 1, 2, 3], [0, 1, 2, 4, 5], []])
  }

  @Test func aTextBeyondTheContextIsRefused() throws {
    let model = try GoldenModel(name: "llama").model(), prompt = prompts([250])[0].ids
    #expect(try model.logLikelihoods(of: [text(prompt, [(prompts([7])[0].ids, true)])]).count == 1)
    let error = #expect(throws: GenerationError.self) {
      try model.logLikelihoods(of: [text(prompt, [(prompts([8])[0].ids, true)])])
    }
    #expect(
      error?.message
        == "row 7, chosen answer has 258 tokens, but the model's context is 256; leave "
        + "the row out")
    #expect(throws: GenerationError.self) {
      try model.logLikelihoods(of: [text([3], [([160], true)])])
    }
  }
}
