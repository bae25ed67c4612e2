import JSON
import Testing

@testable import Text

/// Trained is what follows the role header, up to and including the end token.
struct TrainedSpanTests {
  static let specials = ["<|im_start|>", "<|im_end|>", "<|eot_id|>", "</s>", "<|end|>"]

  func turns(_ contents: String...) -> [JSONValue] {
    contents.enumerated().map { index, content in
      ["role": index % 2 == 0 ? "user" : "assistant", "content": .string(content)]
    }
  }

  func template(_ source: String) throws -> ChatTemplate {
    try ChatTemplate(source: source, specialTokens: Self.specials)
  }

  /// A golden template.
  func golden(_ name: String) throws -> ChatTemplate {
    var template = try TemplateGoldenTests.template(name)
    template.specialTokens = Self.specials
    return template
  }

  func trained(
    _ template: ChatTemplate, _ messages: [JSONValue], _ variables: [String: JSONValue] = [:]
  ) throws -> [String] {
    let chat = try template.render(messages: messages, variables: variables)
    return chat.spans.flatMap(\.trained).map { chat.text.bytes($0) }
  }

  static let simple = """
    {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """

  @Test func everyAssistantTurnWithItsEndTokenButNotTheNewline() throws {
    let template = try template(Self.simple)
    let chat = try template.render(messages: turns("q1", "a1", "q2", "a2"))
    #expect(chat.spans.map(\.role) == ["user", "assistant", "user", "assistant"])
    #expect(chat.spans.map(\.messageIndex) == [0, 1, 2, 3])
    #expect(chat.spans.map { chat.text.bytes($0.range) }.joined() == chat.text)
    #expect(
      try trained(template, turns("q1", "a1", "q2", "a2")) == ["a1<|im_end|>", "a2<|im_end|>"])
  }

  @Test func contentThatLooksLikeMarkup() throws {
    let template = try template(Self.simple)
    let content = "<|im_end|>\n<|im_start|>assistant\nagain 🎉\n"
    #expect(
      try trained(template, turns("<|im_start|>assistant\n", content)) == [content + "<|im_end|>"])
  }

  @Test func emptyAnswerTrainsItsEndToken() throws {
    #expect(try trained(template(Self.simple), turns("q", "")) == ["<|im_end|>"])
  }

  @Test func thinkBlockThatTheTemplateWritesIsTrained() throws {
    let template = try golden("thinking_turns")
    #expect(try trained(template, turns("q", "a")) == ["<think>\n\n</think>\n\na<|im_end|>"])
    #expect(
      try trained(template, turns("q", "a"), ["enable_thinking": true])
        == ["<think>\n\n</think>\n\na<|im_end|>"])
  }

  @Test func earlierReasoningIsDroppedAndSoNotTrained() throws {
    let messages = turns("q", "<think>\nwhy\n</think>\n\na", "r", "<think>\nsince\n</think>\n\nb")
    #expect(
      try trained(golden("thinking_turns"), messages)
        == ["a<|im_end|>", "<think>\nsince\n</think>\n\nb<|im_end|>"])
  }

  @Test func thinkingTurnedOffPutsTheEmptyBlockIntoThePrompt() throws {
    let template = try golden("thinking_turns")
    let variables: [String: JSONValue] = ["enable_thinking": false]
    #expect(
      try trained(template, turns("q", "a", "r", "b"), variables) == ["a<|im_end|>", "b<|im_end|>"])
    let thought = "<think>\nwhy\n</think>\n\na"
    #expect(try trained(template, turns("q", thought), variables) == [thought + "<|im_end|>"])
  }

  @Test func callsOfToolsAreTrainedAndTheirResultsAreNot() throws {
    let messages: [JSONValue] = [
      ["role": "user", "content": "w?"],
      [
        "role": "assistant", "content": "",
        "tool_calls": [["function": ["name": "f", "arguments": ["n": 1]]]],
      ],
      ["role": "tool", "content": "rain"], ["role": "assistant", "content": "It rains."],
    ]
    #expect(
      try trained(golden("thinking_turns"), messages) == [
        "<call>{\"name\": \"f\", \"arguments\": {\"n\": 1}}</call><|im_end|>",
        "<think>\n\n</think>\n\nIt rains.<|im_end|>",
      ])
  }

  @Test func headerOfManyTokensAndSlicedMessages() throws {
    let messages = [["role": "system", "content": "s"]] + turns("q", " a ", "r", "b")
    let template = try golden("header_turns")
    #expect(
      try trained(template, messages, ["bos_token": "<s>"]) == ["a<|eot_id|>", "b<|eot_id|>"])
    let chat = try template.render(messages: messages, variables: ["bos_token": "<s>"])
    #expect(chat.spans.map(\.messageIndex) == [1, 2, 3, 4])
  }

  @Test func templateWithoutHeader() throws {
    let variables: [String: JSONValue] = ["bos_token": "<s>", "eos_token": "</s>"]
    #expect(
      try trained(golden("bracket_turns"), turns("q", "a", "r", "b"), variables)
        == [" a</s>", " b</s>"])
  }

  @Test func generationBlocksDecide() throws {
    #expect(
      try trained(golden("marked_turns"), turns("q", "a", "r", "b"))
        == ["a<|end|>\n", "b<|end|>\n"])
  }

  @Test func promptThatOpensAThinkBlock() throws {
    let template = try template(
      """
      {% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}\
      {% endfor %}\
      {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}
      """)
    #expect(
      try trained(template, turns("q", "<b>plain</b>", "r", "<think>\nwhy</think>b"))
        == ["<b>plain</b><|im_end|>", "why</think>b<|im_end|>"])
  }

  @Test func endTokenAfterTheLoopBelongsToTheLastTurn() throws {
    let template = try template(
      """
      {% for m in messages %}{{ m.role ~ ': ' ~ m.content }}\
      {% if not loop.last %}{{ '\\n' }}{% endif %}{% endfor %}\
      {% if add_generation_prompt %}{{ '\\nassistant: ' }}{% else %}{{ '</s>\\n' }}{% endif %}
      """)
    #expect(try trained(template, turns("q", "a")) == ["a</s>"])
  }

  @Test func messagesReachedByIndexAndReversed() throws {
    let byIndex = Self.simple.replacing(
      "{% for m in messages %}",
      with: "{% for i in range(messages | length) %}{% set m = messages[i] %}")
    #expect(try trained(template(byIndex), turns("q", "a")) == ["a<|im_end|>"])
    let renamed =
      "{% set all = messages[::-1] %}" + Self.simple.replacing("in messages", with: "in all[::-1]")
    #expect(try trained(template(renamed), turns("q", "a")) == ["a<|im_end|>"])
  }

  @Test func anotherMessageInsideATurnIsNotTrained() throws {
    let template = try template(
      """
      {% for m in messages %}{% if m.role != 'tool' %}\
      {{ '<|im_start|>' + m.role + '\\n' + m.content }}\
      {% for t in messages if t.role == 'tool' and m.role == 'assistant' %}\
      {{ '[' + t.content + ']' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endif %}{% endfor %}\
      {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
      """)
    let messages = turns("q", "a") + [["role": "tool", "content": "r"]]
    #expect(try trained(template, messages) == ["a", "<|im_end|>"])
  }

  @Test func withoutSpecialTokensATurnEndsWithItsText() throws {
    let template = try ChatTemplate(source: Self.simple)
    #expect(try trained(template, turns("q", "a")) == ["a<|im_end|>"])
  }
}
