// Jinja's filters: what may stand after `|`.

extension TemplateInterpreter {
  /// The filters with their parameters (see `CallArguments.bound`); `*` takes any.
  static let filters: [String: String] = [
    "abs": "", "attr": "name", "batch": "linecount [fill_with]", "capitalize": "",
    "center": "[width]", "count": "", "d": "[default_value] [boolean]",
    "default": "[default_value] [boolean]", "dictsort": "[case_sensitive] [by] [reverse]", "e": "",
    "escape": "", "filesizeformat": "[binary]", "first": "", "float": "[default]",
    "forceescape": "", "format": "*", "groupby": "attribute [default] [case_sensitive]",
    "indent": "[width] [first] [blank]", "int": "[default] [base]", "items": "",
    "join": "[d] [attribute]", "last": "", "length": "", "list": "", "lower": "", "map": "*",
    "max": "[case_sensitive] [attribute]", "min": "[case_sensitive] [attribute]", "reject": "*",
    "rejectattr": "*", "replace": "old new [count]", "reverse": "",
    "round": "[precision] [method]", "safe": "", "select": "*", "selectattr": "*",
    "slice": "slices [fill_with]", "sort": "[reverse] [case_sensitive] [attribute]", "string": "",
    "sum": "[attribute] [start]", "title": "",
    "tojson": "[ensure_ascii] [indent] [separators] [sort_keys]", "trim": "[chars]",
    "truncate": "[length] [killwords] [end] [leeway]", "unique": "[case_sensitive] [attribute]",
    "upper": "", "urlencode": "", "wordcount": "", "xmlattr": "[autospace]",
  ]
  /// Filters of Jinja that are not here, with the reason.
  static let refusedFilters: [String: String] = [
    "random": "its choice differs from run to run", "pprint": "it is for debugging",
    "striptags": "it is for HTML", "urlize": "it is for HTML",
    "wordwrap": "no chat template breaks lines with it",
  ]

  func filter(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    guard let parameters = Self.filters[name] else {
      if let reason = Self.refusedFilters[name] {
        throw TemplateError("the filter '\(name)' is not supported: \(reason)")
      }
      throw TemplateError("'\(name)' is not a filter of Jinja's")
    }
    if parameters == "*" { return try openFilter(value, name, arguments) }
    let bound = try arguments.bound(to: parameters, of: name)
    if let result = try textFilter(value, name, bound) { return result }
    if let result = try numberFilter(value, name, bound) { return result }
    if let result = try itemFilter(value, name, bound) { return result }
    switch name {
    case "default", "d":
      let replaces = value.isUndefined || (bound.isTrue(1) && !value.isTrue)
      return replaces ? bound[0] ?? .string("") : value
    case "length", "count": return .int(try value.count())
    case "tojson": return .string(try value.json(layout(bound)))
    case "attr":
      let name = try bound.requiredText(0)
      if case .undefined(let reason) = value { throw TemplateError(reason) }
      return try value.ownAttribute(name) ?? .undefined("\(value.kind) has no attribute '\(name)'")
    case "xmlattr": return .string(try attributes(value, bound))
    default: return try orderFilter(value, name, bound)
    }
  }

  /// Filters that take any arguments.
  private func openFilter(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    switch name {
    case "map": return .iterator(mapped(value, arguments))
    case "format":
      guard arguments.positional.isEmpty || arguments.named.isEmpty else {
        throw TemplateError("'format' takes values in order or by name, not both")
      }
      var named = TemplateMapping()
      for (name, value) in arguments.named { named[name] = value }
      let values =
        arguments.named.isEmpty ? TemplateValue.tuple(arguments.positional) : .mapping(named)
      return try value.softText().applying(.remainder, values)
    default: return .iterator(selected(value, name, arguments))
    }
  }

  private func layout(_ bound: BoundArguments) throws(TemplateError) -> JSONLayout {
    var layout = JSONLayout()
    layout.escapesNonASCII = bound.isTrue(0)
    if let indent = bound[1], !indent.isNone { layout.indent = try indent.margin() }
    if layout.indent != nil { layout.itemSeparator = "," }
    if let separators = bound[2], !separators.isNone {
      let parts = try separators.iterated()
      guard parts.count == 2, let item = parts[0].string, let key = parts[1].string else {
        throw TemplateError("tojson: 'separators' asks for two strings")
      }
      (layout.itemSeparator, layout.keySeparator) = (item, key)
    }
    layout.sortsKeys = bound.isTrue(3)
    return layout
  }

  /// ` name="value"` for each member.
  private func attributes(_ value: TemplateValue, _ bound: BoundArguments)
    throws(TemplateError) -> String
  {
    guard case .mapping(let mapping) = value else {
      throw TemplateError("the filter 'xmlattr' asks for a mapping, not \(value.kind)")
    }
    var parts: [String] = []
    for (key, value) in zip(mapping.keys, mapping.values) where !value.isNone && !value.isUndefined
    {
      let name = try key.text()
      guard
        !name.unicodeScalars.contains(where: { " \t\n\r\u{B}\u{C}/>=".unicodeScalars.contains($0) })
      else { throw TemplateError("xmlattr: '\(name)' is no name of an attribute") }
      parts.append("\(name.escapedForHTML)=\"\(try value.softText().escaped)\"")
    }
    let text = parts.joined(separator: " ")
    return bound[0]?.isTrue ?? true && !text.isEmpty ? " " + text : text
  }
}

extension TemplateValue {
  /// A string as it is, anything else as its text.
  func softText() throws(TemplateError) -> TemplateValue {
    string == nil ? .string(try text()) : self
  }

  /// So many blanks, or the text itself.
  func margin() throws(TemplateError) -> String {
    if let string { return string }
    guard let integer else { throw TemplateError("an indent is a number or a string, not \(kind)") }
    guard integer <= 1000 else { throw TemplateError("an indent of \(integer) is too wide") }
    return String(repeating: " ", count: max(0, integer))
  }
}
