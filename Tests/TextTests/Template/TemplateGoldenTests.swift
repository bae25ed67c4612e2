import FoundationEssentials
import JSON
import Testing

@testable import Text

/// What jinja2, set up as the original library sets it up, makes of the same templates.
struct TemplateGoldenTests {
  static let folder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/") + "/Goldens/templates/"

  static func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: Array(try Data(contentsOf: URL(filePath: folder + name))))
  }

  static func template(_ name: String) throws -> ChatTemplate {
    let bytes = try Data(contentsOf: URL(filePath: folder + name + ".jinja"))
    return try ChatTemplate(source: String(decoding: bytes, as: UTF8.self))
  }

  static func variables(_ json: JSONValue?) -> [String: JSONValue] {
    Dictionary(uniqueKeysWithValues: (json?.object ?? [:]).map { ($0, $1) })
  }

  @Test func expressionsAndLayoutsPrintTheSame() throws {
    let golden = try Self.json("expressions.json")
    let context = Self.variables(golden["context"])
    let rows = try #require(golden["rows"]?.array)
    #expect(rows.count >= 290)
    for row in rows {
      let source = try #require(row["source"]?.string)
      var text: String?
      var failure: TemplateError?
      do throws(TemplateError) {
        text = try ChatTemplate(source: source).render(messages: [], variables: context).text
      } catch { failure = error }
      #expect(text == row["text"]?.string, "\(source)")
      #expect(
        (failure != nil) == (row["error"] != nil), "\(source): \(String(describing: failure))")
    }
  }

  static let templates = [
    "thinking_turns", "header_turns", "bracket_turns", "marked_turns", "called_turns",
  ]

  @Test(arguments: templates)
  func conversationsRenderTheSame(name: String) throws {
    let template = try Self.template(name)
    let rows = try #require(try Self.json("conversations.json")["rows"]?.array)
      .filter { $0["template"]?.string == name }
    #expect(rows.count > 70)
    for row in rows {
      let messages = try #require(row["messages"]?.array)
      let chat = try? template.render(
        messages: messages, tools: row["tools"]?.array,
        addGenerationPrompt: row["add_generation_prompt"]?.bool ?? false,
        variables: Self.variables(row["variables"]))
      let expected = row["text"]?.string
      #expect(chat.map { Array($0.text.utf8) } == expected.map { Array($0.utf8) })
      guard let chat, let generated = row["generated"]?.array else { continue }
      let trained = chat.spans.flatMap(\.trained).map { [$0.lowerBound, $0.upperBound] }
      #expect(trained == generated.map { $0.array?.compactMap(\.int) ?? [] })
    }
  }

  @Test(arguments: templates)
  func openMessagesEndTheSame(name: String) throws {
    let template = try Self.template(name)
    let rows = try #require(try Self.json("continued.json")["rows"]?.array)
      .filter { $0["template"]?.string == name }
    #expect(rows.count == 30)
    for row in rows {
      let text = try? template.renderOpen(
        messages: try #require(row["messages"]?.array), member: row["member"]?.string ?? "",
        variables: ["bos_token": "<s>", "eos_token": "</s>"])
      #expect(text.map { Array($0.utf8) } == row["text"]?.string.map { Array($0.utf8) }, "\(row)")
    }
  }
}
