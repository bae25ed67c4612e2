import Foundation
import JSON
import Testing

@Suite struct GenerateTests {
  private func lines(_ outcome: HostProgram.Outcome) throws -> [JSONValue] {
    try #require(outcome.code == 0, "\(outcome.errors)")
    return try outcome.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
  }

  @Test func answersDoNotDependOnTheBatch() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let common =
      "host generate --model \(model) --prompt one --prompt 'two words' --prompt three"
      + " --max-new-tokens 6 --temperature 1 --seed 3 --json"
    let together = try lines(HostProgram.shell(common))
    let apart = try lines(HostProgram.shell(common + " --batch-size 1"))
    #expect(together.count == 3)
    #expect(together == apart)
    let other = try lines(HostProgram.shell(common + " --seed 4"))
    #expect(together != other)
  }

  @Test func anEndTokenBeyondTheVocabularyIsRefused() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let path = URL(fileURLWithPath: model + "/generation_config.json")
    try Data(#"{"eos_token_id": 99999}"#.utf8).write(to: path)
    let outcome = try HostProgram.run(
      ["generate", "--model", model, "--prompt", "one", "--max-new-tokens", "1"])
    #expect(outcome.code == 65 && outcome.errors.contains("names the end token 99999"))
  }

  @Test func aRawPromptBeginsWithTheTokenThatBeginsATextOnce() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    func answers(_ arguments: String...) throws -> [[JSONValue]] {
      try lines(
        HostProgram.run(
          ["generate", "--model", model, "--max-new-tokens", "2", "--json"] + arguments)
      ).map { $0["prompt_ids"]?.array ?? [] }
    }
    let start = "<|im_start|>"
    let plain = try answers("--prompt", "one", "--prompt", start + "one")
    let chat = try answers("--chat", "--prompt", "one")
    let begin = try #require(plain[1].first)
    try TinyModel.changeTokenizer(in: model) {
      $0.setting(
        "post_processor",
        [
          "type": "TemplateProcessing",
          "single": [["SpecialToken": ["id": "b", "type_id": 0]], ["Sequence": ["id": "A"]]],
          "pair": [], "special_tokens": ["b": ["id": "b", "ids": [begin], "tokens": ["b"]]],
        ])
    }
    let begun = try answers("--prompt", "one", "--prompt", start + "one")
    #expect(begun == [[begin] + plain[0], plain[1]])
    #expect(try answers("--chat", "--prompt", "one") == chat)
  }

  @Test func conversationsAreReadFromJSONL() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let file = try scratch.write(
      """
      {"messages": [{"role": "user", "content": "one"}]}

      [{"role": "user", "content": "two"}]
      """, to: "messages.jsonl")
    let answers = try lines(
      HostProgram.run(
        "generate", "--model", model, "--messages", file, "--max-new-tokens", "3", "--json"))
    #expect(answers.count == 2)
    #expect(answers[0]["prompt"]?.string?.contains("one") == true)
    #expect(answers[1]["prompt"]?.string?.contains("two") == true)
  }

  @Test func aBadLineOfConversationsIsNamed() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let file = try scratch.write(
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n{\"messages\": [}\n",
      to: "m.jsonl")
    let outcome = try HostProgram.run("generate", "--model", model, "--messages", file)
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("m.jsonl:2: not JSON"))
  }

  @Test func aDialogueGoesTurnByTurn() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let outcome = try HostProgram.shell(
      "printf 'hello\\n/reset\\n\\nagain\\n/exit\\nnever\\n' | "
        + "host chat --model \(model) --max-new-tokens 2")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.split(separator: ">", omittingEmptySubsequences: false).count == 6)
  }
}
