import JSON
import Testing
import Text

/// The pipelines of published tokenizers on small vocabularies, against the original library.
@Suite struct PipelineGoldenTests {
  typealias Case = TokenizerGoldenTests.Case

  static let cases: [Case] =
    ((try? Goldens.json("pipelines.json"))?.array ?? []).map { Case(json: $0) }

  /// Swift's `==` takes canonically equivalent texts for equal; these must have the same bytes.
  private func bytes(_ text: String?) -> [UInt8] { Array((text ?? "").utf8) }

  private func ids(_ json: JSONValue?) -> [Int32] { TokenizerGoldenTests.ids(json) }

  @Test func allVariantsAreThere() { #expect(Self.cases.count == 56) }

  @Test(arguments: cases) func encodesAsTheLibrary(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    let rows = try #require(golden.json["encoded"]?.array)
    #expect(rows.count > 30)
    for row in rows {
      let text = try #require(row[0]?.string)
      #expect(tokenizer.encode(text) == ids(row[1]), "\(text.debugDescription)")
    }
  }

  @Test(arguments: cases) func decodesAsTheLibrary(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    let rows = try #require(golden.json["decoded"]?.array)
    #expect(rows.count > 10)
    for row in rows {
      let ids = ids(row[0])
      #expect(bytes(tokenizer.decode(ids)) == bytes(row[1]?.string), "\(ids)")
      let bare = tokenizer.decode(ids, skipSpecialTokens: true)
      #expect(bytes(bare) == bytes(row[2]?.string), "\(ids)")
      var decoder = StreamingDecoder(tokenizer)
      let streamed = ids.map { decoder.append($0) }.joined() + decoder.finish()
      #expect(bytes(streamed) == bytes(row[1]?.string), "\(ids)")
    }
  }

  @Test(arguments: cases) func rangesLieInTheText(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    for row in try #require(golden.json["encoded"]?.array) {
      let text = try #require(row[0]?.string)
      let tokens = tokenizer.encodeWithRanges(text)
      #expect(tokens.map(\.id) == ids(row[1]))
      #expect(
        tokens.allSatisfy { 0 <= $0.range.lowerBound && $0.range.upperBound <= text.utf8.count })
    }
  }

  @Test func aTextByItselfGetsWhatThePostProcessorAdds() throws {
    let surrounded = Self.cases.filter { $0.json["alone"] != nil }
    #expect(surrounded.count == 5)
    for golden in surrounded {
      let tokenizer = try golden.tokenizer()
      for row in golden.json["alone"]?.array ?? [] {
        let text = try #require(row[0]?.string)
        // The library doubles a token that the text ends with already.
        if text.hasSuffix("</s>") { continue }
        #expect(tokenizer.encodeAlone(text) == ids(row[1]), "\(text.debugDescription)")
      }
      let once = tokenizer.encodeAlone("the boat")
      #expect(once.first == 1)
      #expect(tokenizer.encodeAlone("<s>the boat").filter { $0 == 1 }.count == 1)
      #expect(!tokenizer.encode("the boat").contains(1))
    }
  }

  @Test func aTextThatGoesOnBeginsWithoutASpace() throws {
    let llama = try Goldens.tokenizer("llama")
    let asked = "<s>\n", answer = "the boat"
    let whole = llama.encode(asked + answer)
    #expect(llama.encode(asked) + llama.encode(answer, after: asked) == whole)
    #expect(llama.encode(answer) != llama.encode(answer, after: asked))
    let qwen = try Goldens.tokenizer("qwen")
    #expect(qwen.encode(answer, after: asked) == qwen.encode(answer))
  }

  @Test func tokensOfSentencePieceCoverTheirWords() throws {
    let tokenizer = try Goldens.tokenizer("llama")
    let text = "the river é"
    let tokens = tokenizer.encodeWithRanges(text)
    #expect(tokens.first?.range.lowerBound == 0)
    #expect(tokens.last?.range.upperBound == text.utf8.count)
    for (before, after) in zip(tokens, tokens.dropFirst()) {
      #expect(before.range.upperBound == after.range.lowerBound)
    }
  }

  @Test func aLongTextWithoutPiecesTakesLittleTime() throws {
    // Gemma's text is one piece; quadratic work on it would take minutes.
    let gemma = try #require(Self.cases.first { $0.json["name"] == "gemma" }).tokenizer()
    let text = String(repeating: "the river and we 河水 ", count: 20_000)
    #expect(gemma.decode(gemma.encode(text)) == text)
  }

  @Test func canonicallyEquivalentTokensStayApart() throws {
    let file = #"{"model": {"vocab": {"é": 0, "é": 1}, "merges": []}}"#
    let json = try JSONValue(parsing: Array(file.utf8), listingPairsAt: ["model", "vocab"])
    #expect(json["model"]?["vocab"]?.array?.count == 4)
    let whole = try Goldens.file(
      "llama", ["model": ["vocab": ["é", 0, "e\u{301}", 1, "<unk>", 2]]])
    var model = try #require(whole["model"])
    model = model.setting("merges", [])
    let tokenizer = try Tokenizer(
      json: whole.setting("model", model).setting("added_tokens", nil), name: "t.json")
    #expect(tokenizer.id(of: "é") == 0 && tokenizer.id(of: "e\u{301}") == 1)
  }
}
