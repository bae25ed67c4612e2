import JSON
import Testing

@testable import Text

/// What is done to a conversation before and beside the template.
struct TemplateReadingTests {
  @Test func nullMembersAreAbsent() throws {
    let template = try ChatTemplate(
      source: "{% for m in messages %}{{ m.keys() | join(' ') }}{{ m.content }};{% endfor %}")
    let chat = try template.render(messages: [
      ["role": "user", "content": nil, "name": nil], ["role": "user", "content": ""],
      ["role": "assistant", "tool_calls": [["id": nil]]],
    ])
    #expect(chat.text == "role;role content;role tool_calls;")
  }

  @Test func trainedIsTheSameWithNullMembers() throws {
    let template = try ChatTemplate(
      source: """
        {% for m in messages %}<{{ m.role }}>{{ m.content if 'content' in m else '' }}\
        {{ m.tool_calls | tojson if 'tool_calls' in m else '' }}</s>{% endfor %}\
        {% if add_generation_prompt %}<assistant>{% endif %}
        """, specialTokens: ["</s>"])
    func trained(_ messages: [JSONValue]) throws -> [String] {
      let chat = try template.render(messages: messages)
      return chat.spans.flatMap(\.trained).map { chat.text.bytes($0) }
    }
    let call: JSONValue = [["function": ["name": "f"]]]
    let answers = try trained([
      ["role": "user", "content": "q", "tool_calls": nil],
      ["role": "assistant", "content": nil, "tool_calls": call],
      ["role": "assistant", "content": "a", "tool_calls": nil, "name": nil],
    ])
    #expect(answers == ["[{\"function\": {\"name\": \"f\"}}]</s>", "a</s>"])
  }

  @Test func aGeneratorIsReadOnceAndIsAlwaysTrue() throws {
    let source = """
      {% set a = messages | selectattr('role', 'equalto', 'system') %}\
      {{ 'some' if a }}{{ a | list | length }}{{ a | list | length }}
      """
    let chat = try ChatTemplate(source: source).render(messages: [["role": "system"]])
    #expect(chat.text == "some10")
  }

  @Test func theLoopsConditionIsAskedWhenItsTurnComes() throws {
    let source = """
      {% set ns = namespace(seen=false) %}{% for m in messages if not ns.seen %}{{ m.role }}\
      {% set ns.seen = m.role == 'user' %}{% endfor %}
      """
    let chat = try ChatTemplate(source: source)
      .render(messages: [["role": "system"], ["role": "user"], ["role": "assistant"]])
    #expect(chat.text == "systemuser")
    #expect(chat.spans.map(\.messageIndex) == [0, 1])
  }

  @Test(arguments: [
    ("{% include 'x' %}", "it needs other files"), ("{% do x %}", "it is an extension"),
    ("{{ 'a' | random }}", "its choice differs from run to run"),
    ("{{ lipsum() }}", "random words"), ("{{ 'a' | nosuch }}", "is not a filter of Jinja's"),
    ("{{ 'a' is nosuch }}", "is not a test of Jinja's"),
    ("{{ [1].append(2) }}", "changes a list, which templates may not do"),
    ("{{ messages | map('upper') }}", "a generator has no text"),
    ("{{ 'a' | replace('b') }}", "'replace' lacks its argument 'new'"),
    ("{{ 'a' | trim(end=1) }}", "'trim' has no argument 'end'"),
    ("{% set ns = namespace() %}{% set ns._a = 1 %}", "may not have the attribute '_a'"),
  ])
  func refusedByName(source: String, reason: String) {
    do {
      _ = try ChatTemplate(source: source).render(messages: [["role": "user"]])
      Issue.record("no error: \(source)")
    } catch { #expect("\(error)".contains(reason), "\(error)") }
  }
}
