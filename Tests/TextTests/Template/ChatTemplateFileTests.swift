import FoundationEssentials
import JSON
import Testing

@testable import Text

/// Where a model's folder keeps its templates, and which of them is rendered.
struct ChatTemplateFileTests {
  /// What is found in a folder of these files.
  func load(_ files: [String: String], prefersProcessor: Bool = false) throws -> ChatTemplate? {
    let folder = FileManager.default.temporaryDirectory.path + "/templates-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/additional_chat_templates", withIntermediateDirectories: true)
    for (name, text) in files {
      try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
    }
    return try ChatTemplate.load(folder: folder, prefersProcessor: prefersProcessor)
  }

  func text(
    _ template: ChatTemplate?, tools: [JSONValue]? = nil, name: String? = nil
  ) throws -> String {
    guard var template else { throw TemplateError("no template") }
    template.chosenName = name
    let names = template.tokenNames.mapValues { JSONValue.string($0) }
    return try template.render(
      messages: [["role": "user", "content": "q"]], tools: tools, variables: names
    ).text
  }

  @Test func chosenAsTheOriginalChooses() throws {
    let rows = try #require(try TemplateGoldenTests.json("folders.json")["rows"]?.array)
    #expect(rows.count > 60)
    for row in rows {
      let files = (row["files"]?.object ?? [:]).compactMapValues(\.string)
      let found = try? text(
        load(Dictionary(uniqueKeysWithValues: files.map { ($0, $1) })),
        tools: row["tools"]?.array, name: row["name"]?.string)
      #expect(found == row["text"]?.string, "\(row)")
    }
  }

  @Test func processorsKeepTheirsInFilesOfTheirOwn() throws {
    let (config, legacy) = ("{\"chat_template\": \"C\"}", "{\"chat_template\": \"L\"}")
    let processor = "{\"chat_template\": \"P\"}"
    #expect(try text(load(["chat_template.json": legacy])) == "L")
    #expect(try text(load(["processor_config.json": processor])) == "P")
    let both = ["chat_template.json": legacy, "tokenizer_config.json": config]
    #expect(try text(load(both)) == "C")
    #expect(try text(load(both, prefersProcessor: true)) == "L")
    let all = both.merging(["processor_config.json": processor]) { $1 }
    #expect(try text(load(all, prefersProcessor: true)) == "P")
    #expect(try text(load(["chat_template.jinja": "J"], prefersProcessor: true)) == "J")
  }

  @Test func noTemplateIsNil() throws {
    #expect(try load([:]) == nil)
    #expect(try load(["tokenizer_config.json": "{\"eos_token\": \"x\"}"]) == nil)
  }

  @Test func errorsNameTheFile() throws {
    func failure(_ files: [String: String], tools: [JSONValue]? = nil) -> String {
      do {
        _ = try text(load(files), tools: tools)
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(
      failure(["chat_template.jinja": "\n{{ 1 +"]).contains("chat_template.jinja, line 2: "))
    #expect(failure(["tokenizer_config.json": "{"]).contains("tokenizer_config.json: not JSON"))
    #expect(
      failure(["tokenizer_config.json": "{\"chat_template\": 5}"])
        .hasSuffix("tokenizer_config.json: 'chat_template' is a number; write a text"))
    #expect(
      failure(["tokenizer_config.json": "{\"chat_template\": [{\"name\": \"a\"}]}"])
        .hasSuffix("'chat_template[0]' lacks 'name' or 'template'; both are texts"))
    let named =
      "[{\"name\": \"rag\", \"template\": \"R\"}, {\"name\": \"tool_use\", \"template\": \"T\"}]"
    #expect(
      failure(["tokenizer_config.json": "{\"chat_template\": \(named)}"])
        .contains("no template named 'default'; it has 'rag', 'tool_use'"))
    // A template that nobody asks for is in nobody's way.
    let broken = ["chat_template.jinja": "D", "additional_chat_templates/tool_use.jinja": "{{"]
    #expect(try text(load(broken)) == "D")
    #expect(failure(broken, tools: [[:]]).contains("tool_use.jinja, line 1: "))
  }
}
