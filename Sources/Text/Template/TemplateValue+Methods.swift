// Methods of strings, mappings and lists.

extension TemplateValue {
  static let stringMethods: Set<String> = [
    "split", "rsplit", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "upper",
    "lower", "title", "capitalize", "find", "rfind", "index", "count", "join", "isdigit",
    "isalpha", "isspace", "isupper", "islower", "splitlines", "removeprefix", "removesuffix",
    "partition", "rpartition", "format", "encode", "zfill",
  ]

  /// `self.name(arguments…)`
  func calling(_ name: String, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
    switch self {
    case .string(let text): return try Self.stringMethod(text, name, arguments)
    case .mapping(let mapping): return try Self.mappingMethod(mapping, name, arguments)
    case .list(let elements), .tuple(let elements):
      return try Self.listMethod(elements, name, arguments)
    case .loop(let loop) where name == "cycle" && !arguments.positional.isEmpty:
      return arguments.positional[loop.index % arguments.positional.count]
    default: throw TemplateError("\(kind) has no method '\(name)'")
    }
  }

  private static func mappingMethod(
    _ mapping: TemplateMapping, _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "items": return .list(mapping.items)
    case "keys": return .list(mapping.keys.map { .string($0) })
    case "values": return .list(mapping.values)
    case "copy": return .mapping(mapping)
    case "get":
      guard let key = arguments.positional.first else { throw TemplateError("get asks for a key") }
      let found: TemplateValue? = if case .string(let key) = key { mapping[key] } else { nil }
      return found ?? arguments[1, "default"] ?? .none
    default: throw TemplateError("'\(name)' changes a mapping, which templates may not")
    }
  }

  private static func listMethod(
    _ elements: [TemplateValue], _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "copy": return .list(elements)
    case "count", "index":
      guard let item = arguments.positional.first else {
        throw TemplateError("\(name) asks for an item")
      }
      if name == "count" { return .int(elements.count { $0.equals(item) }) }
      guard let index = elements.firstIndex(where: { $0.equals(item) }) else {
        throw TemplateError("\(item.representation) is not in the list")
      }
      return .int(index)
    default: throw TemplateError("'\(name)' changes a list, which templates may not")
    }
  }

  private static func stringMethod(
    _ text: String, _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "strip", "lstrip", "rstrip":
      let characters = try arguments.string(0, "chars", of: name)
      return .string(text.stripped(characters, left: name != "rstrip", right: name != "lstrip"))
    case "split", "rsplit":
      let separator = try arguments.string(0, "sep", of: name)
      let limit = arguments[1, "maxsplit"]?.integer ?? -1
      let parts = try text.split(by: separator, limit: limit, fromRight: name == "rsplit")
      return .list(parts.map { .string($0) })
    case "splitlines": return .list(text.lines.map { .string($0) })
    case "startswith", "endswith":
      return .bool(try text.touches(arguments, atEnd: name == "endswith"))
    case "replace":
      let (old, new) = (try arguments.required(0, of: name), try arguments.required(1, of: name))
      return .string(text.replacing(old, with: new, limit: arguments[2, "count"]?.integer))
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
    case "title": return .string(text.titled)
    case "capitalize": return .string(text.capitalizedFirst)
    case "join":
      let parts = try (arguments.positional.first ?? TemplateValue.none).iterated()
      return .string(parts.map(\.text).joined(separator: text))
    case "find", "rfind", "index", "count", "removeprefix", "removesuffix", "partition",
      "rpartition":
      return try search(text, name, for: arguments.required(0, of: name))
    default: return .bool(try text.isMade(of: name))
    }
  }

  /// Methods that look for a part of the text.
  private static func search(_ text: String, _ name: String, for part: String)
    throws(TemplateError) -> TemplateValue
  {
    switch name {
    case "count": return .int(text.ranges(ofPart: part).count)
    case "removeprefix":
      guard text.utf8.starts(with: part.utf8) else { return .string(text) }
      return .string(text.bytes(part.utf8.count..<text.utf8.count))
    case "removesuffix":
      guard text.endsIdentically(with: part) else { return .string(text) }
      return .string(text.bytes(0..<text.utf8.count - part.utf8.count))
    case "partition", "rpartition":
      return .tuple(text.partitioned(at: part, last: name == "rpartition"))
    default:
      let offset =
        name == "rfind"
        ? text.ranges(ofPart: part).last?.lowerBound : text.firstRange(of: part, from: 0)
      if offset == nil, name == "index" { throw TemplateError("index: substring not found") }
      return .int(offset.map { text.bytes(0..<$0).unicodeScalars.count } ?? -1)
    }
  }
}

extension CallArguments {
  /// The string argument at `index`, or the one called `name`; nil when absent or none.
  fileprivate func string(_ index: Int, _ name: String, of method: String) throws(TemplateError)
    -> String?
  {
    switch self[index, name] {
    case nil, .some(.none): return nil
    case .string(let text)?: return text
    case let other?: throw TemplateError("\(method) asks for a string, not \(other.kind)")
    }
  }

  fileprivate func required(_ index: Int, of method: String) throws(TemplateError) -> String {
    guard let text = try string(index, "", of: method) else {
      throw TemplateError("\(method) asks for \(index + 1) string arguments")
    }
    return text
  }
}

extension String {
  fileprivate func touches(_ arguments: CallArguments, atEnd: Bool) throws(TemplateError) -> Bool {
    let candidates: [TemplateValue] =
      switch arguments.positional.first {
      case .tuple(let elements)?: elements
      case let value?: [value]
      case nil: []
      }
    for candidate in candidates {
      guard case .string(let part) = candidate else {
        throw TemplateError("startswith and endswith ask for a string, not \(candidate.kind)")
      }
      if atEnd ? endsIdentically(with: part) : utf8.starts(with: part.utf8) { return true }
    }
    return false
  }

  fileprivate func partitioned(at separator: String, last: Bool) -> [TemplateValue] {
    let found = ranges(ofPart: separator)
    guard let range = last ? found.last : found.first else {
      return (last ? ["", "", self] : [self, "", ""]).map { .string($0) }
    }
    return [
      .string(bytes(0..<range.lowerBound)), .string(separator),
      .string(bytes(range.upperBound..<utf8.count)),
    ]
  }

  /// `isdigit`, `isalpha`, …
  fileprivate func isMade(of test: String) throws(TemplateError) -> Bool {
    guard !isEmpty else { return false }
    let cased = unicodeScalars.filter { $0.properties.isCased }
    switch test {
    case "isdigit": return unicodeScalars.allSatisfy { $0.properties.numericType != nil }
    case "isalpha": return unicodeScalars.allSatisfy(\.properties.isAlphabetic)
    case "isspace": return unicodeScalars.allSatisfy(\.isPythonSpace)
    case "isupper": return !cased.isEmpty && cased.allSatisfy(\.properties.isUppercase)
    case "islower": return !cased.isEmpty && cased.allSatisfy(\.properties.isLowercase)
    default: throw TemplateError("the string method '\(test)' is not supported")
    }
  }
}
