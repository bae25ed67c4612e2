// How values are written: as Python's str, as its repr, as its json.dumps.

extension TemplateValue {
  /// Python's `str`; what `{{ … }}` prints.
  var text: String {
    switch self {
    case .undefined: ""
    case .string(let text): text
    default: representation
    }
  }

  /// Python's `repr`.
  var representation: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): String(value)
    case .double(let value): String(value)
    case .string(let text): Self.quoted(text)
    case .list(let elements): "[" + elements.map(\.representation).joined(separator: ", ") + "]"
    case .tuple(let elements) where elements.count == 1: "(\(elements[0].representation),)"
    case .tuple(let elements): "(" + elements.map(\.representation).joined(separator: ", ") + ")"
    case .mapping(let mapping):
      "{"
        + zip(mapping.keys, mapping.values).map { Self.quoted($0) + ": " + $1.representation }
        .joined(separator: ", ") + "}"
    case .namespace: "<Namespace>"
    case .macro(let macro): "<Macro '\(macro.definition.name)'>"
    case .function(let name), .method(_, let name): "<function \(name)>"
    case .loop(let loop): "<LoopContext \(loop.index + 1)/\(loop.items.count)>"
    }
  }

  /// A string in quotes as Python writes it: single quotes unless only they occur inside.
  private static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar =
      text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
    var result = String(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case quote: result += "\\" + String(quote)
      case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x100: result += "\\x" + hexadecimal(scalar, digits: 2)
      case _ where scalar.value < 0x10000: result += "\\u" + hexadecimal(scalar, digits: 4)
      default: result += "\\U" + hexadecimal(scalar, digits: 8)
      }
    }
    return result + String(quote)
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }

  private static func hexadecimal(_ scalar: Unicode.Scalar, digits: Int) -> String {
    let text = String(scalar.value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// How `tojson` lays a document out; the names are those of Python's `json.dumps`.
  struct JSONLayout {
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
    var escapesNonASCII = false
  }

  /// Python's `json.dumps`.
  func json(_ layout: JSONLayout, level: Int = 0) throws(TemplateError) -> String {
    switch self {
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int, .string:
      if case .string(let text) = self { return Self.jsonString(text, layout) }
      return representation
    case .double(let value):
      if value.isNaN { return "NaN" }
      return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : representation
    case .list(let elements), .tuple(let elements):
      let parts = try elements.map { (element) throws(TemplateError) in
        try element.json(layout, level: level + 1)
      }
      return Self.enclosed("[", parts, "]", layout, level)
    case .mapping(let mapping):
      var members = Array(zip(mapping.keys, mapping.values))
      if layout.sortsKeys { members.sort { $0.0.precedes($1.0) } }
      let parts = try members.map { (key, value) throws(TemplateError) in
        Self.jsonString(key, layout) + layout.keySeparator
          + (try value.json(layout, level: level + 1))
      }
      return Self.enclosed("{", parts, "}", layout, level)
    default: throw TemplateError("\(kind) cannot be written as JSON")
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

  private static func jsonString(_ text: String, _ layout: JSONLayout) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case _ where scalar.value < 0x20: result += "\\u" + hexadecimal(scalar, digits: 4)
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

extension String {
  /// Python's order and equality of strings: code point by code point, without normalization.
  func precedes(_ other: String) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// Equality without Unicode normalization.
  func isIdentical(to other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
