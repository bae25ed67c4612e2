import FoundationEssentials
import Testing

@testable import Text

/// Where a model's folder keeps its template.
struct ChatTemplateFileTests {
  func load(_ files: [String: String]) throws -> Result<String?, TemplateError> {
    let folder = FileManager.default.temporaryDirectory.path + "/templates-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files {
      try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
    }
    do throws(TemplateError) {
      return .success(try ChatTemplate.load(folder: folder)?.source)
    } catch {
      return .failure(error)
    }
  }

  @Test func theFileComesBeforeTheConfiguration() throws {
    let config = "{\"chat_template\": \"B\"}"
    #expect(
      try load(["chat_template.jinja": "A", "tokenizer_config.json": config]).get() == "A")
    #expect(try load(["tokenizer_config.json": config]).get() == "B")
  }

  @Test func ofANamedListTheDefaultCounts() throws {
    let list = """
      {"chat_template": [
        {"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}
      """
    #expect(try load(["tokenizer_config.json": list]).get() == "D")
  }

  @Test func noTemplateIsNil() throws {
    #expect(try load([:]).get() == nil)
    #expect(try load(["tokenizer_config.json": "{\"eos_token\": \"x\"}"]).get() == nil)
  }

  @Test func errorsNameTheFile() throws {
    func failure(_ files: [String: String]) throws -> String {
      guard case .failure(let error) = try load(files) else { return "no error" }
      return error.description
    }
    #expect(
      try failure(["chat_template.jinja": "\n{{ 1 +"]).contains("chat_template.jinja, line 2: "))
    #expect(try failure(["tokenizer_config.json": "{"]).contains("tokenizer_config.json: not JSON"))
    #expect(
      try failure(["tokenizer_config.json": "{\"chat_template\": 5}"])
        .hasSuffix("tokenizer_config.json: 'chat_template' is a number; write a text"))
    #expect(
      try failure(["tokenizer_config.json": "{\"chat_template\": []}"])
        .hasSuffix("without a template named 'default'"))
  }
}
