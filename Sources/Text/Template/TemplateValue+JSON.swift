// How `tojson` writes values: as Python's json.dumps.

/// How a document is laid out; the names are those of Python's `json.dumps`.
struct JSONLayout {
  var indent: String?
  var itemSeparator = ", "
  var keySeparator = ": "
  var sortsKeys = false
  var escapesNonASCII = false
}

extension TemplateValue {
  /// Python's `json.dumps`.
  func json(_ layout: JSONLayout, level: Int = 0) throws(TemplateError) -> String {
    if let string { return string.json(layout) }
    if let elements {
      let parts = try elements.map { (element) throws(TemplateError) in
        try element.json(layout, level: level + 1)
      }
      return Self.enclosed("[", parts, "]", layout, level)
    }
    switch self {
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value): return Self.json(value)
    case .mapping(let mapping):
      let parts = try Self.members(mapping, layout).map { (key, value) throws(TemplateError) in
        try Self.key(key).json(layout) + layout.keySeparator
          + value.json(layout, level: level + 1)
      }
      return Self.enclosed("{", parts, "}", layout, level)
    case .undefined(let reason): throw TemplateError("\(reason), so it cannot be written as JSON")
    default: throw TemplateError("\(kind) cannot be written as JSON")
    }
  }

  private static func json(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.pythonText
  }

  private static func members(_ mapping: TemplateMapping, _ layout: JSONLayout)
    throws(TemplateError) -> [(TemplateValue, TemplateValue)]
  {
    let members = zip(mapping.keys, mapping.values).map { ($0, $1) }
    guard layout.sortsKeys else { return members }
    let order = try sorted(members.indices.map { .int($0) }) { (place) throws(TemplateError) in
      members[place.integer ?? 0].0
    }
    return order.map { members[$0.integer ?? 0] }
  }

  /// The name that a key becomes.
  private static func key(_ key: TemplateValue) throws(TemplateError) -> String {
    switch key {
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value): return json(value)
    default:
      guard let text = key.string else {
        throw TemplateError("JSON's keys are strings, not \(key.kind)")
      }
      return text
    }
  }

  private static func enclosed(
    _ open: String, _ parts: [String], _ close: String, _ layout: JSONLayout, _ level: Int
  ) -> String {
    guard let indent = layout.indent, !parts.isEmpty else {
      return open + parts.joined(separator: layout.itemSeparator) + close
    }
    let inner = "\n" + String(repeating: indent, count: level + 1)
    let outer = "\n" + String(repeating: indent, count: level)
    return open + inner + parts.joined(separator: layout.itemSeparator + inner) + outer + close
  }
}

extension String {
  fileprivate func json(_ layout: JSONLayout) -> String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case _ where scalar.value < 0x20: result += "\\u" + scalar.hexadecimal(digits: 4)
      case _ where layout.escapesNonASCII && scalar.value > 0x7E:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
