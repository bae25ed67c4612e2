import Formats
import Foundation
import JSON
import TestSupport
import Testing

@Suite struct InspectTests {
  @Test func aModelsShapesAreShown() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let report = try HostProgram.run("inspect", "model", "--model", model, "--json").json()
    #expect(report["architecture"]?.string == "Qwen3ForCausalLM")
    #expect(report["files"]?[0]?["tensors"]?.int == 13)
    let weights = try SafeTensorsFolder(path: model).files.flatMap(\.entries.values)
    #expect(report["parameters"]?.int == weights.reduce(0) { $0 + $1.count })
  }

  @Test func logitsOfAPrefixAreThePrefixOfTheLogits() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    var logits: [[Float]] = []
    for (name, ids) in [("long", "5,6,7,1999"), ("short", "5,6,7")] {
      let outcome = try HostProgram.run(
        "inspect", "logits", "--model", model, "--ids", ids, "--out", scratch.path(name))
      try #require(outcome.code == 0, "\(outcome.errors)")
      let file = try SafeTensorsFile(path: scratch.path(name))
      #expect(try file.entry("logits").shape[1] == TinyModel.vocabulary)
      logits.append(try file.floats("logits"))
    }
    #expect(logits[0].count == 4 * TinyModel.vocabulary)
    expectClose(logits[1], Array(logits[0].prefix(logits[1].count)), atol: 1e-5, rtol: 0)
    #expect(Set(logits[0].prefix(TinyModel.vocabulary)).count > 100)
  }

  @Test(arguments: ["1,x", "", "1,,2", "-1", "1,2050"])
  func idsThatAreNoneAreRefused(ids: String) throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let outcome = try HostProgram.run(
      "inspect", "logits", "--model", model, "--ids=\(ids)", "--out", scratch.path("out"))
    #expect(outcome.code == 64)
    #expect(!scratch.holds("out"))
  }

  @Test func tokensGoBothWaysLineByLine() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let text = "two  words\r\n\nGrüße 🎉 \u{2028} one line\n\tend\n"
    let there = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--text-file", try scratch.write(text, to: "text"))
    let lines = there.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 5)
    #expect(lines[1] == "[]")
    let back = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--decode", "--text-file",
      try scratch.write(there.output, to: "ids"))
    #expect(Array(back.output.utf8) == Array(text.utf8))
  }

  @Test func textsWithLineFeedsGoBothWaysAsJSON() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let texts = try scratch.write("\"two\\nlines\"\n\"\"\n", to: "texts")
    let there = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--json-lines", "--text-file", texts)
    try #require(there.code == 0, "\(there.errors)")
    let back = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--json-lines", "--decode", "--text-file",
      try scratch.write(there.output, to: "ids"))
    #expect(back.output == "\"two\\nlines\"\n\"\"\n")
    let wrong = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--json-lines", "--text-file",
      try scratch.write("7\n", to: "wrong"))
    #expect(wrong.code == 65 && wrong.errors.contains("wrong:1"))
  }

  @Test func aTokenThatOnlyTheConfigurationTellsIsOne() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let added: JSONValue = ["content": "<act>", "special": true, "normalized": false]
    let first = try TinyModel.addToken("added_tokens_decoder", added, in: model)
    let text = try scratch.write("now <act> go\n", to: "text")
    let outcome = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--text-file", text)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let ids = try JSONValue(parsing: outcome.output).array ?? []
    #expect(ids.filter { $0.int == first }.count == 1)
  }

  @Test(arguments: [["inspect", "tokens", "--text-file", "-"], ["generate", "--prompt", "a"]])
  func aTokenBeyondTheEmbeddingIsNamed(arguments: [String]) throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let list = JSONValue.array((0..<60).map { .string("<extra \($0)>") })
    try TinyModel.configureTokenizer(in: model) {
      $0.setting("additional_special_tokens", list)
    }
    let text = try scratch.write("a\n", to: "text")
    let outcome = try HostProgram.run(
      arguments.map { $0 == "-" ? text : $0 } + ["--model", model])
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("<extra "), "\(outcome.errors)")
    #expect(outcome.errors.contains("\(TinyModel.vocabulary) rows"), "\(outcome.errors)")
  }

  @Test func decodingNamesTheLineThatHoldsNoIds() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let ids = try scratch.write("[1]\n[1, \"a\"]\n", to: "ids")
    let outcome = try HostProgram.run(
      "inspect", "tokens", "--model", model, "--decode", "--text-file", ids)
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains(ids + ":2"))
  }

  @Test func aPromptIsPrintedWithNothingAdded() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let messages = try scratch.write(
      #"[{"role": "user", "content": "Grüße"}, {"role": "assistant", "content": "ja\n"}]"#,
      to: "messages.json")
    let whole = try HostProgram.run(
      "inspect", "prompt", "--model", model, "--messages", messages)
    let open = try HostProgram.run(
      "inspect", "prompt", "--model", model, "--messages", messages, "--add-generation-prompt")
    #expect(whole.code == 0)
    #expect(whole.output.contains("Grüße"))
    #expect(open.output.hasPrefix(whole.output))
    #expect(open.output.count > whole.output.count)
  }

  @Test func aFileThatIsNoConversationIsRefused() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let messages = try scratch.write(#"{"role": "user"}"#, to: "messages.json")
    let outcome = try HostProgram.run(
      "inspect", "prompt", "--model", model, "--messages", messages)
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("messages.json: an object is no conversation"))
  }
}
