// Jinja's filters: what may stand after `|`.

extension TemplateInterpreter {
  func filter(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    if let result = try textFilter(value, name, arguments) { return result }
    if let result = try listFilter(value, name, arguments) { return result }
    switch name {
    case "default", "d":
      let replaces = value.isUndefined || (arguments[1, "boolean"]?.isTrue == true && !value.isTrue)
      return replaces ? arguments[0, "default_value"] ?? .string("") : value
    case "length", "count": return .int(try value.count())
    case "tojson": return .string(try value.json(layout(arguments)))
    case "items":
      if value.isUndefined { return .list([]) }
      guard case .mapping(let mapping) = value else {
        throw TemplateError("filter 'items' asks for a mapping, not \(value.kind)")
      }
      return .list(mapping.items)
    case "dictsort": return try dictionarySorted(value, arguments)
    case "int": return integer(value, arguments)
    case "float":
      if case .string(let text) = value {
        return .double(Double(text.stripped()) ?? arguments[0, "default"]?.number ?? 0)
      }
      return .double(value.number ?? arguments[0, "default"]?.number ?? 0)
    case "abs":
      if let integer = value.integer, integer != .min { return .int(abs(integer)) }
      guard let number = value.number else { throw TemplateError("abs asks for a number") }
      return .double(abs(number))
    case "round": return try rounded(value, arguments)
    default: throw TemplateError("'\(name)' is not a filter chat templates may use")
    }
  }

  private func textFilter(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue?
  {
    let text = value.text
    switch name {
    case "string", "safe": return .string(text)
    case "trim":
      let characters = arguments[0, "chars"].flatMap { $0.isNone ? nil : $0.text }
      return .string(text.stripped(characters))
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
    case "title": return .string(text.titled)
    case "capitalize": return .string(text.capitalizedFirst)
    case "replace":
      guard let old = arguments[0, "old"], let new = arguments[1, "new"] else {
        throw TemplateError("filter 'replace' asks for what to replace and by what")
      }
      return .string(
        text.replacing(old.text, with: new.text, limit: arguments[2, "count"]?.integer))
    case "indent": return .string(try indented(text, arguments))
    case "escape", "e":
      return .string(
        [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;")]
          .reduce(text) { $0.replacing($1.0, with: $1.1) })
    default: return nil
    }
  }

  private func listFilter(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue?
  {
    switch name {
    case "first", "last":
      let items = try value.iterated()
      return (name == "first" ? items.first : items.last) ?? .undefined("there is no \(name) item")
    case "list": return .list(try value.iterated())
    case "reverse":
      let items = try value.iterated().reversed()
      if case .string = value { return .string(items.map(\.text).joined()) }
      return .list(Array(items))
    case "join":
      let items = try value.iterated().map { (item) throws(TemplateError) in
        try arguments[1, "attribute"].map { (path) throws(TemplateError) in
          try attribute(path, of: item)
        } ?? item
      }
      return .string(items.map(\.text).joined(separator: arguments[0, "d"]?.text ?? ""))
    case "map": return .list(try mapped(value, arguments))
    case "select", "reject", "selectattr", "rejectattr":
      return .list(try selected(value, name, arguments))
    case "unique", "sort", "sum", "min", "max": return try folded(value, name, arguments)
    default: return nil
    }
  }

  private func layout(_ arguments: CallArguments) throws(TemplateError)
    -> TemplateValue.JSONLayout
  {
    var layout = TemplateValue.JSONLayout()
    layout.escapesNonASCII = arguments[0, "ensure_ascii"]?.isTrue ?? false
    switch arguments[1, "indent"] {
    case nil, .some(.none): break
    case .string(let text)?: layout.indent = text
    case let value?: layout.indent = try margin(value)
    }
    if layout.indent != nil { layout.itemSeparator = "," }
    if let separators = arguments[2, "separators"], !separators.isNone {
      let parts = try separators.iterated()
      guard parts.count == 2 else { throw TemplateError("tojson: 'separators' asks for two") }
      (layout.itemSeparator, layout.keySeparator) = (parts[0].text, parts[1].text)
    }
    layout.sortsKeys = arguments[3, "sort_keys"]?.isTrue ?? false
    return layout
  }

  /// So many blanks, or the text itself.
  private func margin(_ width: TemplateValue) throws(TemplateError) -> String {
    guard let count = width.integer else { return width.text }
    guard count <= 1000 else { throw TemplateError("an indent of \(count) is too wide") }
    return String(repeating: " ", count: max(0, count))
  }

  private func indented(_ text: String, _ arguments: CallArguments) throws(TemplateError) -> String
  {
    let margin = try margin(arguments[0, "width"] ?? .int(4))
    let indentsFirst = arguments[1, "first"]?.isTrue ?? false
    let indentsBlank = arguments[2, "blank"]?.isTrue ?? false
    let lines = (text + "\n").lines
    return lines.enumerated().map { index, line in
      let indents = index == 0 ? indentsFirst : indentsBlank || !line.isEmpty
      return indents ? margin + line : line
    }.joined(separator: "\n")
  }

  private func integer(_ value: TemplateValue, _ arguments: CallArguments) -> TemplateValue {
    let fallback = arguments[0, "default"] ?? .int(0)
    switch value {
    case .string(let text):
      let digits = text.stripped()
      let base = arguments[1, "base"]?.integer ?? 10
      if (2...36).contains(base), let integer = Int(digits, radix: base) {
        return .int(integer)
      }
      return Double(digits).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) }
        ?? fallback
    default:
      return value.number.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) }
        ?? fallback
    }
  }

  private func rounded(_ value: TemplateValue, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    guard let number = value.number else { throw TemplateError("round asks for a number") }
    let scale = SystemLibrary.power(10, Double(arguments[0, "precision"]?.integer ?? 0))
    let rule: FloatingPointRoundingRule =
      switch arguments[1, "method"]?.text {
      case "ceil": .up
      case "floor": .down
      default: .toNearestOrEven
      }
    return .double((number * scale).rounded(rule) / scale)
  }
}
