import JSON
import Testing
import Text

@testable import Tasks

/// Whether what is trained is what a row says, with templates that write all, drop some or cut.
@Suite struct FidelityTests {
  /// Writes reasoning, content, calls and tools.
  static let whole = #"""
    {%- for t in tools or [] %}{{ '<tool>' + (t | tojson) + '\n' }}{% endfor %}
    {%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}
    {%- if m.reasoning_content %}{{ '<think>\n' + m.reasoning_content + '\n</think>\n\n' }}{% endif %}
    {{- m.content }}
    {%- for c in m.tool_calls or [] %}{{ '<call>' + (c.function | tojson) }}{% endfor %}
    {{- '<|im_end|>\n' }}{% endfor %}
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
    """#
  /// Writes role and content only.
  static let plain = #"""
    {%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
    """#
  /// Cuts reasoning out of every turn, and asks with an open block.
  static let cutting = #"""
    {%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}
    {{- m.content.split('</think>')[-1] | trim if m.role == 'assistant' else m.content }}
    {{- '<|im_end|>\n' }}{% endfor %}
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}
    """#

  func encoder(_ template: String) throws -> ConversationEncoder {
    let base = try ConversationEncoderTests().encoder()
    return ConversationEncoder(
      tokenizer: base.tokenizer, template: try ChatTemplate(source: template))
  }

  func trained(_ sample: Sample, _ encoder: ConversationEncoder) -> [String] {
    Self.runs(sample).map { encoder.tokenizer.decode($0) }
  }

  /// The runs of trained tokens.
  static func runs(_ sample: Sample) -> [[Int32]] {
    var runs: [[Int32]] = [], wasTrained = false
    for (id, isTrained) in zip(sample.ids, sample.isTrained) {
      if isTrained { wasTrained ? runs[runs.count - 1].append(id) : runs.append([id]) }
      wasTrained = isTrained
    }
    return runs
  }

  static let call: JSONValue = ["function": ["name": "open_gate", "arguments": ["gate": "north"]]]
  static let schema: JSONValue = ["type": "function", "function": ["name": "open_gate"]]

  static func calling(content: String = "") -> Example {
    Example(
      turns: [
        Turn(role: "user", text: "open_gate, please"),
        Turn(role: "assistant", parts: [.text(content)], members: ["tool_calls": [call]]),
        Turn(role: "tool", text: "done"), Turn(role: "assistant", text: "It is open."),
      ], templateVariables: ["tools": [schema]])
  }

  static let thinking = Example(turns: [
    Turn(role: "user", text: "7 + 5?"),
    Turn(role: "assistant", text: "<think>\n7 and 3 is 10.\n</think>\n\n12"),
    Turn(role: "user", text: "- 4?"),
    Turn(role: "assistant", text: "<think>\n12 less 4.\n</think>\n\n8 "),
  ])

  @Test func callsAreTrainedAsTheyAreRendered() throws {
    let encoder = try encoder(Self.whole)
    let sample = try encoder.sample(Self.calling(), label: "row")
    #expect(
      trained(sample, encoder) == [
        #"<call>{"name": "open_gate", "arguments": {"gate": "north"}}<|im_end|>"#,
        "It is open.<|im_end|>",
      ])
    #expect(sample.omission == Omission())
    let text = encoder.tokenizer.decode(sample.ids)
    #expect(text.hasPrefix(#"<tool>{"type": "function", "function": {"name": "open_gate"}}"#))
    // What is asked, and what is the right answer, carry them too.
    var asked = Self.calling()
    asked.turns.removeLast(2)
    #expect(
      try encoder.question(asked, label: "row").hasPrefix("<tool>")
        && encoder.question(asked, label: "row").hasSuffix(
          "please<|im_end|>\n<|im_start|>assistant\n")
    )
    #expect(
      try encoder.reference(asked, label: "row")
        == #"<call>{"name": "open_gate", "arguments": {"gate": "north"}}"#)
    #expect(try encoder.reference(Self.thinking, label: "row") == Self.thinking.reference)
  }

  @Test func whatTheTemplatePassesOverIsRefused() throws {
    let encoder = try encoder(Self.plain)
    func failure(_ example: Example) -> String? {
      do throws(TaskError) { _ = try encoder.sample(example, label: "train row 3") } catch {
        return error.message
      }
      return nil
    }
    for content in ["", "I call open_gate."] {
      #expect(
        failure(Self.calling(content: content))?.hasPrefix(
          "train row 3, turn 1: the chat template writes 0 of its 1 tool_calls") == true)
    }
    var told = Self.calling()
    told.turns[1].members = [:]
    #expect(failure(told)?.contains("does not write the row's 'tools'") == true)
    told.templateVariables = ["tools": []]
    #expect(failure(told) == nil)
  }

  @Test func turnsThatAreNotTrainedStayInTheText() throws {
    let encoder = try encoder(Self.plain)
    var example = Self.thinking
    example.turns[1].isTrained = false
    let sample = try encoder.sample(example, label: "row")
    #expect(trained(sample, encoder) == ["<think>\n12 less 4.\n</think>\n\n8 <|im_end|>"])
    #expect(encoder.tokenizer.decode(sample.ids).contains("7 and 3 is 10."))
    example.turns[3].isTrained = false
    #expect(throws: TaskError.self) { try encoder.sample(example, label: "row") }
  }

  @Test func whatIsCutIsCounted() throws {
    let sample = try encoder(Self.cutting).sample(Self.thinking, label: "row")
    // The reasoning with its tags and the blank lines after it; of the second turn also its last blank.
    var expected = Omission()
    expected.add(turnLacking: "<think>\n7 and 3 is 10.\n</think>\n\n".count)
    expected.add(turnLacking: "<think>\n12 less 4.\n</think>\n\n8 ".count - 1)
    #expect(sample.omission.turns == 2)
    #expect(abs(sample.omission.characters - expected.characters) <= 1)
    var other = Self.thinking
    other.turns[1].isTrained = false
    #expect(try encoder(Self.cutting).sample(other, label: "row").omission.turns == 1)
    #expect(try encoder(Self.plain).sample(Self.thinking, label: "row").omission == Omission())
    let silent = Example(turns: [
      Turn(role: "user", text: "q"),
      Turn(role: "assistant", parts: [.text("a")], members: ["reasoning_content": "why so"]),
    ])
    #expect(try encoder(Self.plain).sample(silent, label: "row").omission.characters == 6)
    #expect(try encoder(Self.whole).sample(silent, label: "row").omission == Omission())
  }

  @Test func eachTurnIsTrainedAsItWouldBeGenerated() throws {
    let encoder = try encoder(Self.cutting)
    let samples = try encoder.samples(Self.thinking, turns: .each, label: "row 4")
    #expect(samples.map(\.turn) == [1, 3])
    #expect(samples.map(\.sample.source) == ["row 4, turn 1", "row 4, turn 3"])
    #expect(
      samples.map { trained($0.sample, encoder) } == [
        ["7 and 3 is 10.\n</think>\n\n12<|im_end|>"], ["12 less 4.\n</think>\n\n8<|im_end|>"],
      ])
    // Each is the prompt that the model would get, and then its answer.
    for (turn, sample) in samples {
      let asked = Self.thinking.with(turns: Self.thinking.turns[...(turn ?? 0)])
      let prompt = try encoder.prompt(asked, label: "row").ids
      #expect(Array(sample.ids.prefix(prompt.count)) == prompt)
      #expect(sample.isTrained.firstIndex(of: true) == prompt.count)
    }
    // Reasoning beside the content goes where the prompt opens a place for it.
    let beside = Example(turns: [
      Turn(role: "user", text: "q"),
      Turn(role: "assistant", parts: [.text("a")], members: ["reasoning_content": "why"]),
    ])
    #expect(
      try encoder.samples(beside, turns: .each, label: "row").map { trained($0.sample, encoder) }
        == [["why\n</think>\n\na<|im_end|>"]])
  }

  @Test func aTemplateThatCutsNothingMakesTheSameTokensEitherWay() throws {
    let encoder = try encoder(Self.whole)
    let whole = try encoder.sample(Self.calling(), label: "row")
    let each = try encoder.samples(Self.calling(), turns: .each, label: "row").map(\.sample)
    #expect(each.map(\.omission) == [Omission(), Omission()])
    #expect(each.flatMap { trained($0, encoder) } == trained(whole, encoder))
    for sample in each { #expect(Array(whole.ids.prefix(sample.ids.count)) == sample.ids) }
    #expect(
      try encoder.samples(Self.calling(), turns: .asRendered, label: "row").map(\.sample) == [whole]
    )
  }

  @Test(arguments: [
    ("abc", "xabcx", 0), ("abc", "xbcx", 1), ("abc", "ab", 1), ("abc", "", 3), ("", "x", 0),
    ("a\nb\nc", "a c", 3), ("answer 0 ", "answer 0<end>", 1), ("é🎉b", "b", 2),
    ("🎉", "\u{1F388}", 1), ("aaa", "aa", 1),
  ])
  func missing(text: String, output: String, count: Int) {
    #expect(Written(Array(output.utf8)).missing(of: text) == count)
  }
}
