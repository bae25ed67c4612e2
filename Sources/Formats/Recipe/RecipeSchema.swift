public import JSON

extension Recipe {
  /// The recipe's keys as a JSON Schema (draft 2020-12), by which editors check and complete recipes.
  public static var schema: JSONValue {
    var root = Schema()
    for key in documentation {
      root.add(key, at: key.path.split(separator: ".").map(String.init)[...])
    }
    var schema: JSONValue = [
      "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A recipe of host",
    ]
    for (name, value) in root.json.object ?? [:] { schema = schema.setting(name, value) }
    // Blocks for anchors.
    return schema.setting("patternProperties", ["^x-": .emptyObject])
  }
}

/// A mapping's schema, as it grows key by key.
private struct Schema {
  private var names: [String] = [], leaves: [String: JSONValue] = [:]
  private var sections: [String: Schema] = [:], lists: Set<String> = []

  mutating func add(_ key: RecipeKeyDocumentation, at path: ArraySlice<String>) {
    guard var name = path.first else { return }
    let isList = name.hasSuffix("[]")
    if isList { name.removeLast(2) }
    if leaves[name] == nil, sections[name] == nil { names.append(name) }
    if isList { lists.insert(name) }
    guard path.count > 1 else {
      leaves[name] = key.schema.setting("description", .string(key.text))
        .setting("default", key.defaultValue)
      return
    }
    sections[name, default: Schema()].add(key, at: path.dropFirst())
  }

  var json: JSONValue {
    var properties = JSONValue.emptyObject
    for name in names {
      let own = leaves[name] ?? sections[name]?.json ?? .emptyObject
      let listed: JSONValue = ["type": "array", "items": own]
      properties = properties.setting(name, lists.contains(name) ? listed : own)
    }
    return ["type": "object", "properties": properties, "additionalProperties": false]
  }
}
