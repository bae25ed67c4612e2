import Formats
import JSON
import Layers
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Generation

/// Decoding and scoring behind virtual tokens, against the text that they were made of.
@Suite(.serialized) struct VirtualTokensTests {
  enum Kind: CaseIterable { case prefix, prompt }

  private final class GivenKeys: AttentionPrefix {
    let given: (keys: Tensor, values: Tensor)
    init(_ given: (keys: Tensor, values: Tensor)) { self.given = given }
    var count: Int { given.keys.rows }
    func callAsFunction() -> (keys: Tensor, values: Tensor) { given }
  }

  private let text: [Int32] = Array(40..<61)

  private func model(_ name: String, _ kind: Kind) throws -> CausalLanguageModel {
    try put(kind, text, on: GoldenModel(name: name).model())
  }

  /// A model with virtual tokens made of a text.
  private func put(
    _ kind: Kind, _ text: [Int32], on model: CausalLanguageModel
  ) -> CausalLanguageModel {
    switch kind {
    case .prompt: model.modules.embedding.prompt = model.modules.embedding(text)
    case .prefix:
      let given = model.keysAndValues(of: text)
      for (attention, given) in zip(model.attentions, given) { attention.prefix = GivenKeys(given) }
    }
    return model
  }

  /// Through a window virtual tokens leave the sight as a text does.
  @Test(arguments: Kind.allCases) func windowsPassOverThem(kind: Kind) throws {
    let folder = goldens + "/model_variants"
    let json = try JSONValue(readingFile: folder + "/variants.json")["configs"]?["mistral-window"]
    func model() throws -> CausalLanguageModel {
      try CausalLanguageModel(
        config: ModelConfig(json: try #require(json), path: "mistral-window"),
        weights: .folder(SafeTensorsFolder(path: folder)))
    }
    let text = (0..<5).map { Int32(7 * $0 + 3) }, base = try model()
    let prompted = put(kind, text, on: try model())
    let prompts = prompts([30, 3, 1]).map { prompt in
      Prompt(ids: prompt.ids.map { $0 % 48 }, label: prompt.label)
    }
    func answers(_ model: CausalLanguageModel, behind text: [Int32]) throws -> [[Int32]] {
      let generator = try Generator(
        model: model, vocabulary: 48, stopTokens: [], maximumNewTokens: 12)
      return try generator(prompts.map { Prompt(ids: text + $0.ids, label: $0.label) })
        .sequences.map(\.ids)
    }
    #expect(try answers(prompted, behind: []) == answers(base, behind: text))
  }

  /// The same prompts behind the text itself.
  private func behindText(_ prompts: [Prompt]) -> [Prompt] {
    prompts.map { Prompt(ids: text + $0.ids, label: $0.label) }
  }

  @Test(arguments: GoldenModel.names, Kind.allCases)
  func answersAreThoseBehindTheText(name: String, kind: Kind) throws {
    let base = try GoldenModel(name: name).model(), model = try model(name, kind)
    let all = prompts([5, 1, 40, 23])
    func generator(_ model: CausalLanguageModel) throws -> Generator {
      try Generator(model: model, vocabulary: 160, stopTokens: [3, 9], maximumNewTokens: 24)
    }
    let together = try generator(model)(all).sequences
    #expect(together == (try generator(base)(behindText(all)).sequences))
    for (prompt, sequence) in zip(all, together) {
      #expect(try generator(model)([prompt]).sequences == [sequence])
    }
  }

  /// Groups read their prompt once and fill places again; no completion depends on others.
  @Test(arguments: ["qwen3", "llama"], Kind.allCases)
  func completionsDoNotDependOnTheBatch(name: String, kind: Kind) throws {
    let tests = RolloutIndependenceTests(), model = try model(name, kind)
    let all = prompts([5, 40, 1, 23])
    let together = try tests.groups(model, all, slots: 64)
    for slots in [1, 3, 17] {
      #expect(try tests.groups(model, all, slots: slots) == together, "\(slots) places")
    }
    for (prompt, group) in zip(all, together) {
      #expect(try tests.groups(model, [prompt], slots: 8) == [group])
    }
    try tests.expectNoDrift(model, all, together, temperature: 1.3)
  }

  @Test(arguments: GoldenModel.names, Kind.allCases)
  func choicesAndAnswersAreScored(name: String, kind: Kind) throws {
    let base = try GoldenModel(name: name).model(), model = try model(name, kind)
    let texts = prompts([7, 1, 12]).map(\.ids)
    let questions = texts.map {
      ChoiceQuestion(prompt: $0, choices: [[8, 9], [8, 9, 10, 11], [8], [150, 4, 4]])
    }
    let expected = try base.scoreChoices(
      questions.map { ChoiceQuestion(prompt: text + $0.prompt, choices: $0.choices) })
    for (one, other) in zip(try model.scoreChoices(questions), expected) {
      expectClose(one, other, atol: 2e-4, rtol: 0)
    }
    func samples(behind text: [Int32]) -> [Sample] {
      texts.map { ids in
        let all = text + ids + [8, 9, 10]
        return Sample(
          ids: all, isTrained: all.indices.map { $0 >= all.count - 3 }, source: "row")
      }
    }
    expectClose(
      try model.logLikelihoods(of: samples(behind: [])),
      try base.logLikelihoods(of: samples(behind: text)), atol: 2e-4, rtol: 0)
  }

  @Test(arguments: Kind.allCases) func theContextIsShorter(kind: Kind) throws {
    let model = try model("qwen2", kind), context = model.config.contextLength
    let generator = try Generator(
      model: model, vocabulary: 160, stopTokens: [], maximumNewTokens: 8)
    let most = prompts([context - text.count - 2, context - text.count])
    #expect(try generator([most[0]]).sequences[0].ids.count == 2)
    let error = #expect(throws: GenerationError.self) { try generator([most[1]]) }
    #expect(error?.message.contains("is 235 (256 less 21 virtual tokens)") == true)
  }
}
