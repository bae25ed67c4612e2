import JSON
import Testing
import Text

/// The files beside tokenizer.json, against transformers.
@Suite struct CompanionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let json: JSONValue
    var testDescription: String { json["name"]?.string ?? "" }

    func file(_ key: String) -> JSONValue? {
      guard let file = json[key], !file.isNull else { return nil }
      return file
    }

    func tokenizer() throws -> Tokenizer {
      try Tokenizer(
        json: Goldens.json("smol.json"), name: "t.json",
        companions: TokenizerCompanions(
          config: file("config"), specialTokensMap: file("special_tokens_map"),
          addedTokens: file("added_tokens")))
    }
  }

  static let cases: [Case] =
    ((try? Goldens.json("companions.json"))?.array ?? []).map { Case(json: $0) }

  @Test func allCasesAreThere() { #expect(Self.cases.count == 17) }

  @Test(arguments: cases) func tokensAreThoseOfTransformers(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    for row in try #require(golden.json["encoded"]?.array) {
      let text = try #require(row[0]?.string)
      #expect(
        tokenizer.encode(text) == TokenizerGoldenTests.ids(row[1]), "\(text.debugDescription)")
    }
    for row in try #require(golden.json["decoded"]?.array) {
      let ids = TokenizerGoldenTests.ids(row[0])
      #expect(tokenizer.decode(ids, skipSpecialTokens: true) == row[1]?.string, "\(ids)")
    }
    let named = [tokenizer.bosToken, tokenizer.eosToken, tokenizer.padToken]
    #expect(named == (golden.json["named"]?.array ?? []).map(\.string))
  }

  static let faults: [(companions: TokenizerCompanions, names: String)] = [
    (.init(config: ["added_tokens_decoder": ["9999": ["content": "<far>"]]]), "9999"),
    (.init(config: ["added_tokens_decoder": ["5": ["content": "<|im_end|>"]]]), "<|im_end|>"),
    (.init(config: ["added_tokens_decoder": ["x": ["content": "<a>"]]]), "\"x\""),
    (.init(config: ["added_tokens_decoder": ["600": ["content": "<a>", "left": true]]]), "left"),
    (.init(config: ["added_tokens_decoder": ["600": ["content": "<a>", "lstrip": 1]]]), "lstrip"),
    (.init(config: ["pad_token": 7]), "pad_token"),
    (.init(config: ["extra_special_tokens": "<a>"]), "extra_special_tokens"),
    (
      .init(config: ["extra_special_tokens": ["<a>"], "additional_special_tokens": ["<b>"]]),
      "additional_special_tokens"
    ), (.init(config: ["fix_mistral_regex": true]), "fix_mistral_regex"),
    (.init(config: ["fast_tokenizer_files": ["tokenizer.4.0.0.json"]]), "fast_tokenizer_files"),
    (.init(addedTokens: ["<far>": 9999]), "<far>"),
  ]

  @Test(arguments: faults.indices) func contradictionsAreNamed(_ index: Int) throws {
    let (companions, names) = Self.faults[index]
    let file = try Goldens.json("smol.json")
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(json: file, name: "t.json", companions: companions)
    }
    #expect(error?.description.contains(names) == true, "\(error?.description ?? "")")
  }
}
