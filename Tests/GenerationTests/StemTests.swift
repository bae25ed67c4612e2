import Formats
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

@testable import Generation

/// Texts that are weighed behind a beginning that is kept, against the same texts read whole.
@Suite struct StemTests {
  private final class GivenKeys: AttentionPrefix {
    let given: (keys: Tensor, values: Tensor)
    init(_ given: (keys: Tensor, values: Tensor)) { self.given = given }
    var count: Int { given.keys.rows }
    func callAsFunction() -> (keys: Tensor, values: Tensor) { given }
  }

  /// Texts that begin alike: continuations of one token and of several, two of one context.
  private func texts(_ stem: [Int32]) -> [Continuation] {
    let parts = prompts([7, 12, 3, 1, 4], seed: 11).map { $0.ids.map { $0 % 48 } }
    return [
      Continuation(ids: stem + parts[0] + parts[1], start: stem.count + 7),
      Continuation(ids: stem + parts[0] + parts[2], start: stem.count + 7),
      Continuation(ids: stem + parts[4] + parts[3], start: stem.count + 4),
      Continuation(ids: stem + parts[3] + parts[1], start: stem.count + 1),
    ]
  }

  private func check(_ model: CausalLanguageModel) throws {
    let stem = prompts([19], seed: 5)[0].ids.map { $0 % 48 }, texts = texts(stem)
    let whole = try model.weigh(texts), kept = model.stem(stem)
    for texts in [texts, texts.reversed(), [texts[1]]] {
      let found = try model.weigh(texts, behind: kept)
      let right = try model.weigh(texts)
      expectClose(
        found.map(\.logLikelihood), right.map(\.logLikelihood), atol: 2e-5, rtol: 1e-6)
      #expect(found.map(\.isLikeliest) == right.map(\.isLikeliest))
    }
    // As often as one likes.
    #expect(try model.weigh(texts, behind: kept) == model.weigh(texts, behind: kept))
    #expect(whole.count == texts.count)
  }

  @Test(arguments: GeneratorTests.models) func aBeginningIsKept(_ golden: GoldenModel) throws {
    try check(try golden.model())
  }

  @Test(arguments: GoldenModel.names) func virtualTokensAreKeptWithIt(name: String) throws {
    let text = Array(Int32(40)..<51)
    let prompted = try GoldenModel(name: name).model()
    prompted.modules.embedding.prompt = prompted.modules.embedding(text)
    try check(prompted)
    let prefixed = try GoldenModel(name: name).model()
    for (attention, given) in zip(prefixed.attentions, prefixed.keysAndValues(of: text)) {
      attention.prefix = GivenKeys(given)
    }
    try check(prefixed)
  }

  @Test func windowsPassOverIt() throws {
    let folder = goldens + "/model_variants"
    let json = try JSONValue(readingFile: folder + "/variants.json")["configs"]?["mistral-window"]
    try check(
      CausalLanguageModel(
        config: ModelConfig(json: try #require(json), path: "mistral-window"),
        weights: .folder(SafeTensorsFolder(path: folder))))
  }
}
