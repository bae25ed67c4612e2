import Foundation
import JSON
import Testing

/// `inspect prompt`: which template is rendered, and what of the messages reaches it.
struct PromptTests {
  let scratch: Scratch
  let model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    try FileManager.default.removeItem(atPath: model + "/chat_template.jinja")
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: model + "/" + name))
  }

  func prompt(_ messages: String, _ more: String...) throws -> HostProgram.Outcome {
    let file = scratch.url("messages.json")
    try Data(messages.utf8).write(to: file)
    return try HostProgram.run(
      ["inspect", "prompt", "--model", model, "--messages", file.path] + more)
  }

  static let tools = "[{\"type\": \"function\", \"function\": {\"name\": \"open_gate\"}}]"

  @Test func toolsChooseTheTemplate() throws {
    let plain = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    let called = "May call:{% for t in tools %} {{ t.function.name }}{% endfor %}{{ '\n' }}" + plain
    let list: JSONValue = [
      "chat_template": [
        ["name": "default", "template": .string(plain)],
        ["name": "tool_use", "template": .string(called)],
      ]
    ]
    try write("tokenizer_config.json", list.text())
    let messages = "[{\"role\": \"user\", \"content\": \"Open it.\"}]"
    let asked = "{\"messages\": \(messages), \"tools\": \(Self.tools)}"
    #expect(try prompt(asked).output == "May call: open_gate\n[user] Open it.\n")
    #expect(try prompt(messages).output == "[user] Open it.\n")
    #expect(try prompt(asked, "--template", "default").output == "[user] Open it.\n")
    let other = try prompt(asked, "--template", "rag")
    #expect(other.code == 65 && other.errors.contains("it has 'default', 'tool_use'"))
    // The same as files.
    try write("tokenizer_config.json", "{}")
    try write("chat_template.jinja", plain)
    try FileManager.default.createDirectory(
      atPath: model + "/additional_chat_templates", withIntermediateDirectories: true)
    try write("additional_chat_templates/tool_use.jinja", called)
    #expect(try prompt(asked).output == "May call: open_gate\n[user] Open it.\n")
    #expect(try prompt(messages).output == "[user] Open it.\n")
  }

  @Test func nullMembersAreAbsent() throws {
    try write(
      "chat_template.jinja",
      """
      {%- for m in messages %}{%- if 'tool_calls' in m %}{{ m.tool_calls | length }} call
      {%- else %}{{ m.role ~ ': ' ~ m.content }}{%- endif %};{% endfor %}
      """)
    let messages = """
      {"messages": [{"role": "user", "content": "Open it.", "tool_calls": null, "name": null},
       {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f"}}]},
       {"role": "assistant", "content": null, "tool_calls": null}], "tools": null}
      """
    #expect(try prompt(messages).output == "user: Open it.;1 call;assistant: ;")
  }

  @Test func theDateIsAnArgument() throws {
    try write("chat_template.jinja", "It is {{ strftime_now('%d %B %Y') }}.")
    let messages = "[{\"role\": \"user\", \"content\": \"q\"}]"
    #expect(
      try prompt(messages, "--template-date", "2026-12-01").output == "It is 01 December 2026.")
    #expect(
      try prompt(messages, "--template-date", "2026-12-02").output == "It is 02 December 2026.")
    #expect(try prompt(messages, "--template-date", "2026-02-30").code == 64)
  }

  @Test func theLastMessageMayStayOpen() throws {
    try write(
      "chat_template.jinja", "{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}"
    )
    let messages =
      "[{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"So\"}]"
    #expect(try prompt(messages, "--continue-final-message").output == "<user>q<end><assistant>So")
    #expect(
      try prompt(messages, "--continue-final-message", "--add-generation-prompt").code == 64)
  }

  @Test func whatIsWrittenIsReadOrRefused() throws {
    try write(
      "chat_template.jinja",
      "{{ mood }}{% for d in documents or [] %}{{ d.title }}{% endfor %}{{ messages | length }}")
    let messages = "\"messages\": [{\"role\": \"user\", \"content\": \"q\"}]"
    let read = try prompt(
      "{\(messages), \"documents\": [{\"title\": \"T\"}], \"chat_template_kwargs\": {\"mood\": \"m\"}}"
    )
    #expect(read.output == "mT1" && read.errors.isEmpty)
    let noted = try prompt("{\(messages), \"source\": \"s\", \"id\": 3}")
    #expect(noted.output == "1" && noted.errors.contains("'source' is not used"))
    let unread = try prompt(
      "{\"messages\": [{\"role\": \"user\", \"content\": \"q\", \"weight\": 0}, "
        + "{\"role\": \"assistant\", \"refusal\": \"no\"}], \"tools\": [{\"name\": \"f\"}]}")
    #expect(unread.errors.contains("the template does not read 'tools'"))
    #expect(unread.errors.contains("message 1: the template does not read 'refusal'"))
    #expect(!unread.errors.contains("weight"))
    for (member, reason) in [
      ("\"tool\": []", "did you mean 'tools'?"),
      ("\"system\": \"s\"", "write it as the first message"),
      ("\"tools\": {}", "'tools' is no list of objects"),
      ("\"documents\": [1]", "no list of objects"),
    ] {
      let refused = try prompt("{\(messages), \(member)}")
      #expect(refused.code == 65 && refused.errors.contains(reason), "\(refused.errors)")
    }
    let slip = try prompt("[{\"role\": \"user\", \"contents\": \"q\"}]")
    #expect(slip.code == 65 && slip.errors.contains("did you mean 'content'?"))
    #expect(try prompt("[]").errors.contains("has no message"))
  }

  @Test func argumentsThatAreATextAreSaid() throws {
    try write(
      "chat_template.jinja",
      "{% for m in messages %}{{ m.tool_calls | tojson if m.tool_calls else m.content }}{% endfor %}"
    )
    let call = { (arguments: String) in
      "[{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"name\": \"f\", \"arguments\": \(arguments)}}]}]"
    }
    #expect(try prompt(call("{\"a\": 1}")).errors.isEmpty)
    let text = try prompt(call("\"{\\\"a\\\": 1}\""))
    #expect(text.output.contains("\"arguments\": \"{\\\"a\\\": 1}\""))
    #expect(text.errors.contains("'arguments' is a text, which the template writes in quotes"))
  }
}
