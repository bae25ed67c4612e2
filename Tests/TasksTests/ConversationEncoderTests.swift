import JSON
import Testing
import Text

@testable import Tasks

/// With the tokenizer and template of the small model that the package brings.
struct ConversationEncoderTests {
  static let folder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/") + "/tasks/models/nano-qwen3"

  func encoder(enableThinking: Bool? = nil) throws -> ConversationEncoder {
    try ConversationEncoder(
      folder: Self.folder, tokenizer: Tokenizer(folder: Self.folder), enableThinking: enableThinking
    )
  }

  func turns(_ contents: String...) -> [Turn] {
    contents.enumerated().map { Turn(role: $0 % 2 == 0 ? "user" : "assistant", text: $1) }
  }

  func trained(_ sample: Sample, _ encoder: ConversationEncoder) -> String {
    encoder.tokenizer.decode(zip(sample.ids, sample.isTrained).filter(\.1).map(\.0))
  }

  func failure(_ body: () throws(TaskError) -> Void) -> String? {
    do throws(TaskError) { try body() } catch { return error.message }
    return nil
  }

  @Test func answersAndTheirEndTokensAreTrained() throws {
    let encoder = try encoder()
    let sample = try encoder.sample(
      Example(turns: turns("Where is it?", "On the shelf.", "Why?", "Näh, 🎉")), label: "row 0")
    #expect(sample.source == "row 0")
    #expect(trained(sample, encoder) == "On the shelf.<|im_end|>Näh, 🎉<|im_end|>")
    #expect(
      encoder.tokenizer.decode(sample.ids)
        == "<|im_start|>user\nWhere is it?<|im_end|>\n"
        + "<|im_start|>assistant\nOn the shelf.<|im_end|>\n"
        + "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\nNäh, 🎉<|im_end|>\n")
  }

  @Test(arguments: [nil, true, false])
  func whatIsAskedIsThePrefixOfWhatWasTrained(enableThinking: Bool?) throws {
    let encoder = try encoder(enableThinking: enableThinking)
    let example = Example(
      turns: [Turn(role: "system", text: "Be brief.")] + turns("a?", "b", "c?", "d"))
    let sample = try encoder.sample(example, label: "row")
    let prompt = try encoder.prompt(example.prompt)
    #expect(Array(sample.ids.prefix(prompt.count)) == prompt)
    #expect(!sample.isTrained[prompt.count - 1] && sample.isTrained[prompt.count])
    #expect(trained(sample, encoder) == "b<|im_end|>d<|im_end|>")
  }

  @Test func theFirstTokenIsNeverATarget() throws {
    let template = try ChatTemplate(source: "{% for m in messages %}{{ m.content }}{% endfor %}")
    let encoder = ConversationEncoder(tokenizer: try encoder().tokenizer, template: template)
    let turns = [Turn(role: "assistant", text: "one two three")]
    let sample = try encoder.sample(Example(turns: turns), label: "row")
    #expect(sample.isTrained.first == false)
    #expect(sample.isTrained.dropFirst().allSatisfy { $0 } && sample.ids.count > 1)
  }

  @Test func stopTokensAreTheTemplatesEndAndTheTokenizersEnd() throws {
    let encoder = try encoder()
    let end = try #require(encoder.tokenizer.id(of: "<|im_end|>"))
    #expect(encoder.stopTokens == Set([end, encoder.tokenizer.eosID].compactMap { $0 }))
    #expect(!encoder.stopTokens.contains(try #require(encoder.tokenizer.id(of: "<|im_start|>"))))
  }

  @Test func errorsNameTheRow() throws {
    let encoder = try encoder()
    let question = Example(turns: turns("only a question"))
    #expect(
      try #require(
        failure { () throws(TaskError) in _ = try encoder.sample(question, label: "train row 7") }
      )
      .hasPrefix("train row 7: no turn with the role 'assistant'"))
    let silent = ConversationEncoder(
      tokenizer: encoder.tokenizer, template: try ChatTemplate(source: "{{ messages[0].content }}"))
    let example = Example(turns: turns("q", "a"))
    #expect(
      try #require(
        failure { () throws(TaskError) in _ = try silent.sample(example, label: "train row 8") }
      )
      .hasPrefix("train row 8: no token would be trained"))
    let clip = Example(turns: [
      Turn(role: "user", parts: [.media(kind: "audio", tensor: "clip")]),
      Turn(role: "assistant", text: "a"),
    ])
    #expect(
      failure { () throws(TaskError) in _ = try encoder.sample(clip, label: "row 9") }
        == "row 9: the user turn holds audio 'clip', but this model reads text only")
  }

  @Test func aFolderWithoutTemplateIsAnError() throws {
    let tokenizer = try encoder().tokenizer
    let message = failure { () throws(TaskError) in
      _ = try ConversationEncoder(folder: "/nonexistent/model", tokenizer: tokenizer)
    }
    #expect(
      message == "/nonexistent/model: no chat template; put the model's template there as "
        + "chat_template.jinja")
  }

  @Test func reasoningAndToolsReachTheTemplate() throws {
    let messages: [JSONValue] = [
      ["role": "user", "content": "q"],
      ["role": "assistant", "content": "a", "reasoning_content": "why\n"],
    ]
    #expect(
      try encoder().render(messages: messages, label: "file").text
        == "<|im_start|>user\nq<|im_end|>\n"
        + "<|im_start|>assistant\n<think>\nwhy\n</think>\n\na<|im_end|>\n"
    )
  }
}
