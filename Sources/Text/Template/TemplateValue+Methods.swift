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
    func string(_ index: Int, _ key: String) throws(TemplateError) -> String? {
      switch arguments[index, key] {
      case nil, .some(.none): return nil
      case .string(let text)?: return text
      case let other?:
        throw TemplateError("\(name) asks for a string, not \(other.kind)")
      }
    }
    func required(_ index: Int) throws(TemplateError) -> String {
      guard let text = try string(index, "") else {
        throw TemplateError("\(name) asks for \(index + 1) string arguments")
      }
      return text
    }
    let limit = arguments[1, "maxsplit"]?.integer
    switch name {
    case "strip": return .string(text.stripped(try string(0, "chars")))
    case "lstrip": return .string(text.stripped(try string(0, "chars"), right: false))
    case "rstrip": return .string(text.stripped(try string(0, "chars"), left: false))
    case "split", "rsplit":
      let parts = try text.split(
        by: string(0, "sep"), limit: limit ?? -1, fromRight: name == "rsplit")
      return .list(parts.map { .string($0) })
    case "splitlines": return .list(text.lines.map { .string($0) })
    case "startswith", "endswith":
      return .bool(try text.touches(arguments, atEnd: name == "endswith"))
    case "replace":
      return .string(
        text.replacing(
          try required(0), with: try required(1), limit: arguments[2, "count"]?.integer))
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
    case "title": return .string(text.titled)
    case "capitalize": return .string(text.capitalizedFirst)
    case "find", "index":
      let offset = text.firstRange(of: try required(0), from: 0)
      if offset == nil, name == "index" { throw TemplateError("index: substring not found") }
      return .int(offset.map { text.bytes(0..<$0).unicodeScalars.count } ?? -1)
    case "rfind":
      let offset = text.ranges(ofPart: try required(0)).last?.lowerBound
      return .int(offset.map { text.bytes(0..<$0).unicodeScalars.count } ?? -1)
    case "count": return .int(text.ranges(ofPart: try required(0)).count)
    case "join":
      let parts = try (arguments.positional.first ?? .none).iterated()
      return .string(parts.map(\.text).joined(separator: text))
    case "removeprefix":
      let prefix = try required(0)
      return .string(
        text.utf8.starts(with: prefix.utf8) ? text.bytes(prefix.utf8.count..<text.utf8.count) : text
      )
    case "removesuffix":
      let suffix = try required(0)
      return .string(
        text.endsIdentically(with: suffix)
          ? text.bytes(0..<text.utf8.count - suffix.utf8.count) : text)
    case "partition", "rpartition":
      return .tuple(text.partitioned(at: try required(0), last: name == "rpartition"))
    default: return .bool(try text.isMade(of: name))
    }
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
