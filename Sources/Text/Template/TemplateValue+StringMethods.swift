// Methods of strings, as Python has them.

extension TemplateValue {
  /// The methods with their parameters (see `CallArguments.bound`); `*` takes any.
  static let stringMethods: [String: String] = [
    "capitalize": "", "center": "_width [_fillchar]", "count": "_sub [_start] [_end]",
    "endswith": "_suffix [_start] [_end]", "expandtabs": "[tabsize]",
    "find": "_sub [_start] [_end]", "format": "*", "format_map": "_mapping",
    "index": "_sub [_start] [_end]", "isalnum": "", "isalpha": "", "isascii": "", "isdecimal": "",
    "isdigit": "", "isidentifier": "", "islower": "", "isnumeric": "", "isprintable": "",
    "isspace": "", "istitle": "", "isupper": "", "join": "_iterable",
    "ljust": "_width [_fillchar]", "lower": "", "lstrip": "[_chars]", "partition": "_sep",
    "removeprefix": "_prefix", "removesuffix": "_suffix", "replace": "_old _new [_count]",
    "rfind": "_sub [_start] [_end]", "rindex": "_sub [_start] [_end]",
    "rjust": "_width [_fillchar]", "rpartition": "_sep", "rsplit": "[sep] [maxsplit]",
    "rstrip": "[_chars]", "split": "[sep] [maxsplit]", "splitlines": "[keepends]",
    "startswith": "_prefix [_start] [_end]", "strip": "[_chars]", "swapcase": "", "title": "",
    "upper": "", "zfill": "_width",
  ]

  static func stringMethod(
    _ text: String, _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    if name == "format" { return .string(try BraceFormat(text).text(arguments)) }
    let bound = try arguments.bound(to: stringMethods[name] ?? "", of: name)
    if let result = try changed(text, name, bound) { return result }
    if let result = try split(text, name, bound) { return result }
    switch name {
    case "join":
      let parts = try bound[0]?.iterated() ?? []
      return .string(
        try parts.map { (part) throws(TemplateError) in
          guard let text = part.string else {
            throw TemplateError("'join' asks for strings, not \(part.kind)")
          }
          return text
        }.joined(separator: text))
    case "format_map":
      guard case .mapping(let mapping)? = bound[0] else {
        throw TemplateError("'format_map' asks for a mapping")
      }
      let named = zip(mapping.keys, mapping.values).compactMap { key, value in
        key.string.map { (name: $0, value: value) }
      }
      return .string(try BraceFormat(text).text(CallArguments(named: named)))
    case "startswith", "endswith", "find", "rfind", "index", "rindex", "count":
      return try search(text, name, bound)
    default: return .bool(text.isMade(of: name))
    }
  }

  /// Methods that give the text in another form.
  private static func changed(_ text: String, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue?
  {
    switch name {
    case "strip", "lstrip", "rstrip":
      let characters = try bound.text(0)
      return .string(text.stripped(characters, left: name != "rstrip", right: name != "lstrip"))
    case "replace":
      let (old, new) = (try bound.requiredText(0), try bound.requiredText(1))
      return .string(text.replacing(old, with: new, limit: try bound.integer(2)))
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.pythonLowercased)
    case "title": return .string(text.titled)
    case "capitalize": return .string(text.capitalizedFirst)
    case "swapcase": return .string(text.caseSwapped)
    case "center", "ljust", "rjust":
      let fill = try bound.text(1) ?? " "
      guard fill.unicodeScalars.count == 1 else {
        throw TemplateError("'\(name)' fills with one character, not with '\(fill)'")
      }
      return .string(text.padded(to: try bound.width(0, fallback: 0), with: fill, as: name))
    case "zfill": return .string(text.zeroFilled(to: try bound.width(0, fallback: 0)))
    case "expandtabs": return .string(text.expandingTabs(try bound.width(0, fallback: 8)))
    case "removeprefix":
      let part = try bound.requiredText(0)
      guard text.utf8.starts(with: part.utf8) else { return .string(text) }
      return .string(text.bytes(part.utf8.count..<text.utf8.count))
    case "removesuffix":
      let part = try bound.requiredText(0)
      guard text.endsIdentically(with: part) else { return .string(text) }
      return .string(text.bytes(0..<text.utf8.count - part.utf8.count))
    default: return nil
    }
  }

  private static func split(_ text: String, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue?
  {
    switch name {
    case "split", "rsplit":
      let parts = try text.split(
        by: try bound.text(0), limit: try bound.integer(1) ?? -1, fromRight: name == "rsplit")
      return .list(parts.map { .string($0) })
    case "splitlines":
      return .list(text.lines(keepingEnds: bound.isTrue(0)).map { .string($0) })
    case "partition", "rpartition":
      let separator = try bound.requiredText(0)
      guard !separator.isEmpty else { throw TemplateError("'\(name)': the separator is empty") }
      return .tuple(
        text.partitioned(at: separator, last: name == "rpartition").map { .string($0) })
    default: return nil
    }
  }

  /// Methods that look for a part of the text between two places.
  private static func search(_ text: String, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue
  {
    let scalars = Array(text.unicodeScalars)
    func place(_ bound: Int) -> Int { max(bound < 0 ? bound + scalars.count : bound, 0) }
    let start = place(try bound.integer(1) ?? 0)
    let end = min(place(try bound.integer(2) ?? scalars.count), scalars.count)
    let part = start <= end ? String(scalars[start..<end]) : nil
    if name == "startswith" || name == "endswith" {
      return .bool(try touches(part, bound, atEnd: name == "endswith"))
    }
    let wanted = try bound.requiredText(0)
    guard let part else { return try notFound(name) }
    if name == "count" {
      return .int(wanted.isEmpty ? end - start + 1 : part.ranges(ofPart: wanted).count)
    }
    let offset =
      name.utf8.starts(with: "r".utf8)
      ? part.lastRange(of: wanted) : part.firstRange(of: wanted, from: 0)
    guard let offset else { return try notFound(name) }
    return .int(start + part.bytes(0..<offset).unicodeScalars.count)
  }

  private static func notFound(_ name: String) throws(TemplateError) -> TemplateValue {
    if name.hasSuffix("index") { throw TemplateError("'\(name)': the text does not hold it") }
    return .int(name == "count" ? 0 : -1)
  }

  private static func touches(_ text: String?, _ bound: BoundArguments, atEnd: Bool)
    throws(TemplateError) -> Bool
  {
    var candidates = bound[0].map { [$0] } ?? []
    if case .tuple(let elements)? = bound[0] { candidates = elements }
    for candidate in candidates {
      guard let part = candidate.string else {
        throw TemplateError("'\(bound.function)' asks for a string, not \(candidate.kind)")
      }
      guard let text else { continue }
      if atEnd ? text.endsIdentically(with: part) : text.utf8.starts(with: part.utf8) {
        return true
      }
    }
    return false
  }
}
