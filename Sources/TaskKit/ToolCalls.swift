/// Calls of functions in a message, and the schemas of a row's functions. Both reach the chat template
/// as they are written; only what every template needs of them is asked for here.
enum ToolCalls {
  /// Refuses what is no list of calls: each has `function` with `name` and `arguments`, an object or
  /// its JSON text, or has these two itself.
  static func check(_ value: JSON, _ fields: Fields) throws {
    guard let calls = value.array else {
      throw fields.fault("'tool_calls' must be a list of calls, not \(value.kind)")
    }
    for (index, call) in calls.enumerated() { try check(call, "tool_calls[\(index)]", fields) }
  }

  private static func check(_ call: JSON, _ name: String, _ fields: Fields) throws {
    guard call.object != nil else {
      throw fields.fault("'\(name)' must be an object, not \(call.kind)")
    }
    let function = call["function"] ?? call
    guard function["name"]?.string?.isEmpty == false else {
      throw fields.fault(
        "'\(name)' does not name its function; write {\"function\": {\"name\", …}}")
    }
    let wrapped = call["function"] != nil
    try refuseUnknown(call, wrapped ? outer : outer + inner, name, fields)
    if wrapped { try refuseUnknown(function, inner, name + ".function", fields) }
    switch function["arguments"] {
    case .object, .string, .null, nil: break
    case let other?:
      throw fields.fault("'\(name).function.arguments' must be an object, not \(other.kind)")
    }
  }

  private static let outer = ["id", "type", "function", "index"]
  private static let inner = ["name", "arguments"]

  /// Refuses keys that no template is known to write.
  private static func refuseUnknown(
    _ value: JSON, _ known: [String], _ name: String, _ fields: Fields
  ) throws {
    let members = try Fields(value, place: "\(fields.place), \(name)", what: "a call")
    for key in members.keys where !known.contains(key) {
      let nearest = nearestName(to: key, among: known).map { "did you mean '\($0)'?" }
      throw members.fault(
        "unknown key '\(key)' of a call; "
          + (nearest ?? "it has '\(known.joined(separator: "', '"))'; take it out"))
    }
  }

  /// The calls that ShareGPT writes as the text of a message: one `{"name", "arguments"}`, or a list.
  static func read(text: String, _ fields: Fields) throws -> JSON {
    let value = try parsed(text, "a call", fields)
    let calls = value.array ?? [value]
    for (index, call) in calls.enumerated() { try check(call, "call \(index)", fields) }
    return .array(calls.map { wrapped($0) })
  }

  /// The row's `tools`: a list of schemas, or the JSON text of one; nil where there is none.
  static func tools(_ fields: Fields, wrapping: Bool) throws -> JSON? {
    guard var value = fields["tools"] else { return nil }
    if let text = value.string {
      guard text.contains(where: { !$0.isWhitespace }) else { return nil }
      value = try parsed(text, "a list of schemas", fields)
      if value == .null { return nil }
    }
    guard let schemas = value.array, schemas.allSatisfy({ $0.object != nil }) else {
      throw fields.fault("'tools' must be a list of JSON schemas, or the JSON text of one")
    }
    return .array(wrapping ? schemas.map { wrapped($0) } : schemas)
  }

  /// `{"type": "function", "function": …}` around what comes without it.
  private static func wrapped(_ value: JSON) -> JSON {
    value["function"] != nil ? value : ["type": "function", "function": value]
  }

  private static func parsed(_ text: String, _ what: String, _ fields: Fields) throws -> JSON {
    do { return try JSON(parsing: text) } catch let error as PluginError {
      throw fields.fault("the text must be \(what) as JSON: \(error.message)")
    }
  }
}
