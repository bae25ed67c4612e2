// How values are written: as Python's str and as its repr.

extension TemplateValue {
  /// Python's `str`; what `{{ … }}` prints. A value whose text would name a place in memory has
  /// none.
  func text() throws(TemplateError) -> String {
    switch self {
    case .undefined: ""
    case .string(let text), .markup(let text): text
    default: try representation()
    }
  }

  /// Python's `repr`.
  func representation() throws(TemplateError) -> String {
    switch self {
    case .undefined: return "Undefined"
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .int(let value): return String(value)
    case .double(let value): return value.pythonText
    case .string(let text): return text.quoted
    case .markup(let text): return "Markup(\(text.quoted))"
    case .list(let elements): return "[" + (try Self.joined(elements)) + "]"
    case .tuple, .group:
      let elements = elements ?? []
      return "(" + (try Self.joined(elements)) + (elements.count == 1 ? ",)" : ")")
    case .mapping(let mapping): return "{" + (try Self.joined(mapping)) + "}"
    case .view(let view):
      return "dict_\(view.part.rawValue)([" + (try Self.joined(view.elements)) + "])"
    case .range(let range):
      let step = range.step == 1 ? "" : ", \(range.step)"
      return "range(\(range.start), \(range.stop)\(step))"
    case .namespace(let namespace):
      return "<Namespace {" + (try Self.joined(namespace.attributes)) + "}>"
    case .macro(let macro): return "<Macro \(macro.definition.name.quoted)>"
    case .loop(let loop): return try loop.description()
    case .iterator:
      throw TemplateError("a generator has no text; put '| list' or '| join' behind it")
    case .function, .method: throw TemplateError("a function has no text; is it to be called?")
    }
  }

  private static func joined(_ elements: [TemplateValue]) throws(TemplateError) -> String {
    try elements.map { (element) throws(TemplateError) in try element.representation() }
      .joined(separator: ", ")
  }

  private static func joined(_ mapping: TemplateMapping) throws(TemplateError) -> String {
    try zip(mapping.keys, mapping.values).map { (key, value) throws(TemplateError) in
      try key.representation() + ": " + value.representation()
    }.joined(separator: ", ")
  }
}

extension String {
  /// In quotes as Python's `repr` writes it: single quotes unless only they occur inside.
  var quoted: String {
    let quote: Unicode.Scalar =
      unicodeScalars.contains("'") && !unicodeScalars.contains("\"") ? "\"" : "'"
    var result = String(quote)
    for scalar in unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case quote: result += "\\" + String(quote)
      case _ where scalar.isPythonPrintable: result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x100: result += "\\x" + scalar.hexadecimal(digits: 2)
      case _ where scalar.value < 0x10000: result += "\\u" + scalar.hexadecimal(digits: 4)
      default: result += "\\U" + scalar.hexadecimal(digits: 8)
      }
    }
    return result + String(quote)
  }
}

extension Unicode.Scalar {
  /// Whether Python's `repr` writes the character as itself.
  var isPythonPrintable: Bool {
    if self == " " { return true }
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }

  /// The code with at least so many digits.
  func hexadecimal(digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

extension Double {
  /// The shortest digits that give this number back, and the power of ten before which they stand:
  /// 0.DIGITS · 10^exponent. Only for finite numbers; 0 is ("0", 1).
  var shortestDigits: (digits: String, exponent: Int) {
    let halves = magnitude.description.split(separator: "e")
    let parts = halves[0].split(separator: ".", omittingEmptySubsequences: false)
    let power = halves.count > 1 ? Int(halves[1]) ?? 0 : 0
    let fraction = parts.count > 1 ? parts[1] : ""
    let all = parts[0] + fraction
    let zeros = all.prefix { $0 == "0" }.count
    var digits = String(all.dropFirst(zeros))
    while digits.last == "0" { digits.removeLast() }
    guard !digits.isEmpty else { return ("0", 1) }
    return (digits, parts[0].count - zeros + power)
  }

  /// Python's `repr`: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
  var pythonText: String {
    guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
    let (digits, exponent) = shortestDigits
    let sign = self.sign == .minus ? "-" : ""
    guard exponent > -4, exponent <= 16 else {
      let rest = digits.dropFirst()
      let power = exponent - 1
      let written = String(abs(power))
      return sign + String(digits.prefix(1)) + (rest.isEmpty ? "" : "." + rest)
        + (power < 0 ? "e-" : "e+") + (written.count < 2 ? "0" : "") + written
    }
    if exponent <= 0 {
      return sign + "0." + String(repeating: "0", count: -exponent) + digits
    }
    let padded = digits + String(repeating: "0", count: max(0, exponent - digits.count))
    let fraction = padded.dropFirst(exponent)
    return sign + padded.prefix(exponent) + "." + (fraction.isEmpty ? "0" : fraction)
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
