import JSON
import Testing

@testable import Formats

/// The one table of keys, as the reader, the help, the schema and the words of other programs have it.
@Suite struct RecipeReferenceTests {
  /// A recipe that says `value` under a dotted path, in YAML; a list's section is its first element.
  private func recipe(_ path: String, _ value: JSONValue) throws -> Recipe {
    let parts = path.split(separator: ".").map(String.init)
    let node = parts.reversed().reduce(value) { value, part in
      part.hasSuffix("[]")
        ? .object([String(part.dropLast(2)): .array([value])]) : .object([part: value])
    }
    return try Recipe(layers: [.yaml(node.text(), named: "r.yaml")], isWhole: false)
  }

  /// What the table says is what the reader takes: each default reads back, and nothing the schema does
  /// not allow is taken.
  @Test(arguments: Recipe.documentation) func theReaderKnowsTheKey(key: RecipeKeyDocumentation)
    throws
  {
    if !key.path.contains("[]"), !key.defaultValue.isNull {
      let read = try recipe(key.path, key.defaultValue)
      let value = key.path.split(separator: ".").reduce(Optional(read.json)) { $0?[String($1)] }
      #expect(value == key.defaultValue, "\(key.path)")
    }
    for wrong in wrong(key.schema) {
      #expect(throws: FormatError.self, "\(key.path): \(wrong.text())") {
        try recipe(key.path, wrong)
      }
    }
    for right in key.schema["enum"]?.array ?? [] {
      // A value alone may not go together with the defaults of other keys; the key itself takes it.
      do { _ = try recipe(key.path, right) } catch {
        #expect(!"\(error)".contains("must be one of"), "\(error)")
      }
    }
  }

  /// Values that a schema rules out.
  private func wrong(_ schema: JSONValue) -> [JSONValue] {
    if let choices = schema["anyOf"]?.array {
      return choices.first.map { wrong($0).filter { !$0.isNull } } ?? []
    }
    if schema["enum"] != nil { return ["no such word"] }
    var values: [JSONValue] = []
    switch schema["type"]?.string {
    case "boolean": values = ["yes", 1]
    case "integer": values = ["many", 1.5, true]
    case "number": values = ["much", true]
    case "object": values = ["text"]
    default: break
    }
    if let least = schema["minimum"]?.double { values.append(.double(least - 1)) }
    if let least = schema["exclusiveMinimum"]?.double { values.append(.double(least)) }
    if let most = schema["maximum"]?.double { values.append(.double(most + 1)) }
    if let most = schema["exclusiveMaximum"]?.double { values.append(.double(most)) }
    return values
  }

  /// Each key of the table stands in the schema, with its meaning, and no other one does.
  @Test func theSchemaHasTheSameKeys() throws {
    func paths(_ schema: JSONValue, _ path: String) -> [String] {
      guard let members = schema["properties"]?.object else {
        return schema["items"].map { paths($0, path + "[]") } ?? [path]
      }
      return members.flatMap { paths($0.value, path.isEmpty ? $0.key : path + "." + $0.key) }
    }
    #expect(paths(Recipe.schema, "").sorted() == Recipe.documentation.map(\.path).sorted())
    let rate = Recipe.schema["properties"]?["training_args"]?["properties"]?["learning_rate"]
    #expect(rate?["minimum"]?.double == 0 && rate?["description"]?.string?.isEmpty == false)
  }

  /// What a key of another program is renamed to exists here, and no key is renamed and answered.
  @Test func wordsOfOtherProgramsLeadSomewhere() {
    let paths = Recipe.documentation.map(\.path)
    for path in ForeignKey.targets where !path.hasPrefix("data.") {
      #expect(paths.contains { $0 == path || $0.hasPrefix(path + "[]") }, "\(path)")
    }
    #expect(Set(ForeignKey.words).count == ForeignKey.words.count)
  }

  @Test func allUnknownKeysAreToldAtOnce() throws {
    let text = """
      task: instruct
      optim: adamw_torch
      lr: 1e-4
      training_args: { eval_strategy: steps, learning_ratee: 1 }
      rewards: [{ name: a, wieght: 2 }]
      """
    let error = #expect(throws: FormatError.self) {
      try Recipe(layers: [.yaml(text, named: "r.yaml")])
    }
    let lines = (error?.description ?? "").split(separator: "\n")
    #expect(
      lines == [
        "r.yaml:2: unknown key 'optim'; the optimizer is AdamW, always; leave it out",
        "r.yaml:3: unknown key 'lr'; did you mean 'training_args.learning_rate'?",
        "r.yaml:4: unknown key 'eval_strategy' in training_args; an evaluation comes after every "
          + "training_args.eval_steps; leave it out",
        "r.yaml:4: unknown key 'learning_ratee' in training_args; did you mean 'learning_rate'?",
        "r.yaml:5: unknown key 'wieght' in rewards[0]; did you mean 'weight'?",
      ])
  }

  @Test func anchorsMergesAndBlocksForThem() throws {
    let text = """
      x-lora: &lora { r: 4, lora_alpha: 8 }
      x-more: &more { r: 2, lora_dropout: 0.5 }
      peft: { <<: [*lora, *more], lora_alpha: 16 }
      """
    let peft = try Recipe(layers: [.yaml(text, named: "r.yaml")]).peft
    #expect(peft.rank == 4 && peft.alpha == 16 && peft.dropout == 0.5)
    let error = #expect(throws: FormatError.self) {
      try Recipe(layers: [.yaml("peft: { <<: 3 }", named: "r.yaml")])
    }
    #expect(error?.description.contains("unknown key '<<'") == true)
  }

  /// A rate that nobody named is the usual one of what is trained and how.
  @Test func ratesFollowTheMethod() throws {
    func rate(_ text: String) throws -> Double {
      try Recipe(layers: [.yaml(text, named: "r.yaml")]).training.learningRate
    }
    #expect(try rate("peft: { method: lora }") == 2e-4)
    #expect(try rate("peft: { method: full }") == 1e-5)
    #expect(try rate("peft: { method: full }\nfrom_scratch: true") == 2e-4)
    #expect(try rate("peft: { method: ia3 }") == 3e-3)
  }
}
