// Filters that make texts and numbers.

extension TemplateInterpreter {
  /// Filters of texts; nil for other filters.
  func textFilter(_ value: TemplateValue, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue?
  {
    switch name {
    case "string": return try value.softText()
    case "safe": return .markup(try value.text())
    case "escape", "e": return .markup(try value.softText().escaped)
    case "forceescape": return .markup(try value.text().escapedForHTML)
    case "upper", "lower", "capitalize", "trim":
      let method = name == "trim" ? "strip" : name
      return try value.softText().calling(
        method, CallArguments(positional: bound.values.compactMap { $0 }))
    case "center":
      let width = TemplateValue.int(try bound.width(0, fallback: 80))
      return try value.softText().calling(name, CallArguments(positional: [width]))
    case "title": return .string(try value.text().wordsCapitalized)
    case "replace":
      guard let old = bound[0], let new = bound[1] else { return nil }
      return .string(
        try value.text().replacing(old.text(), with: new.text(), limit: bound.integer(2)))
    case "indent": return try indented(value, bound)
    case "truncate": return try truncated(value, bound)
    case "urlencode": return .string(try urlEncoded(value))
    case "wordcount":
      let isWord: (Unicode.Scalar) -> Bool = { $0 == "_" || $0.isPythonAlphanumeric }
      return .int(try value.text().unicodeScalars.split { !isWord($0) }.count)
    default: return nil
    }
  }

  private func indented(_ value: TemplateValue, _ bound: BoundArguments) throws(TemplateError)
    -> TemplateValue
  {
    guard let text = value.string else {
      throw TemplateError("the filter 'indent' asks for a string, not \(value.kind)")
    }
    let margin = try (bound[0] ?? .int(4)).margin()
    let lines = (text + "\n").lines()
    return value.marked(
      lines.enumerated().map { index, line in
        let indents = index == 0 ? bound.isTrue(1) : bound.isTrue(2) || !line.isEmpty
        return indents ? margin + line : line
      }.joined(separator: "\n"))
  }

  private func truncated(_ value: TemplateValue, _ bound: BoundArguments) throws(TemplateError)
    -> TemplateValue
  {
    let (length, end) = (try bound.integer(0) ?? 255, try bound.text(2) ?? "...")
    let leeway = try bound.integer(3) ?? 5
    guard length >= end.unicodeScalars.count, leeway >= 0 else {
      throw TemplateError("truncate: the text may not be shorter than its end")
    }
    // What is short enough stays as it is, whatever it is.
    guard try value.count() > length + leeway else { return value }
    guard let text = value.string else {
      throw TemplateError("the filter 'truncate' asks for a string, not \(value.kind)")
    }
    let scalars = Array(text.unicodeScalars)
    let cut = String(scalars[..<(length - end.unicodeScalars.count)])
    if bound.isTrue(1) { return value.marked(cut + end) }
    let kept = try cut.split(by: " ", limit: 1, fromRight: true)[0]
    return value.marked(kept + end)
  }

  /// Bytes that a URL may not hold as `%XX`; a mapping or pairs as a query.
  private func urlEncoded(_ value: TemplateValue) throws(TemplateError) -> String {
    func quoted(_ value: TemplateValue, inQuery: Bool) throws(TemplateError) -> String {
      let kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
      var result = ""
      for byte in try value.text().utf8 {
        let scalar = Unicode.Scalar(byte)
        if kept.utf8.contains(byte) || (!inQuery && scalar == "/") {
          result.unicodeScalars.append(scalar)
        } else if inQuery, scalar == " " {
          result += "+"
        } else {
          result += "%" + scalar.hexadecimal(digits: 2).uppercased()
        }
      }
      return result
    }
    let pairs: [TemplateValue]
    switch value {
    case .mapping(let mapping): pairs = mapping.items
    case .list, .tuple, .view, .iterator: pairs = try value.iterated()
    default: return try quoted(value, inQuery: false)
    }
    return try pairs.map { (pair) throws(TemplateError) in
      let halves = try pair.iterated()
      guard halves.count == 2 else { throw TemplateError("urlencode asks for pairs") }
      return try quoted(halves[0], inQuery: true) + "=" + quoted(halves[1], inQuery: true)
    }.joined(separator: "&")
  }

  // MARK: Numbers

  /// Filters of numbers; nil for other filters.
  func numberFilter(_ value: TemplateValue, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue?
  {
    switch name {
    case "int", "float":
      if case .undefined(let reason) = value {
        throw TemplateError("\(reason), so it is no number")
      }
      return name == "int"
        ? try integer(value, bound)
        : value.pythonFloat.map { .double($0) } ?? bound[0] ?? .double(0)
    case "abs":
      if let integer = value.integer, integer != .min { return .int(abs(integer)) }
      guard let number = value.number else {
        throw TemplateError("the filter 'abs' asks for a number, not \(value.kind)")
      }
      return .double(abs(number))
    case "round": return try rounded(value, bound)
    case "filesizeformat": return .string(try fileSize(value, isBinary: bound.isTrue(0)))
    default: return nil
    }
  }

  private func integer(_ value: TemplateValue, _ bound: BoundArguments) throws(TemplateError)
    -> TemplateValue
  {
    if let text = value.string {
      if let integer = text.pythonInteger(base: try bound.integer(1) ?? 10) { return .int(integer) }
    } else if let integer = value.integer {
      return .int(integer)
    }
    if let number = value.pythonFloat, number.isFinite {
      guard let integer = Int(exactly: number.rounded(.towardZero)) else {
        throw TemplateError("\(number.pythonText) does not fit 64 bits")
      }
      return .int(integer)
    }
    if case .double(let number) = value, number.isInfinite {
      throw TemplateError("infinity is no integer")
    }
    return bound[0] ?? .int(0)
  }

  private func rounded(_ value: TemplateValue, _ bound: BoundArguments) throws(TemplateError)
    -> TemplateValue
  {
    let (digits, method) = (try bound.integer(0) ?? 0, try bound.text(1) ?? "common")
    guard let number = value.number else {
      throw TemplateError("the filter 'round' asks for a number, not \(value.kind)")
    }
    guard ["common", "ceil", "floor"].contains(method) else {
      throw TemplateError("round: the method is 'common', 'ceil' or 'floor'")
    }
    guard abs(digits) <= 300 else { throw TemplateError("round: \(digits) digits are too many") }
    let scale = SystemLibrary.power(10, Double(digits))
    guard method == "common" else {
      return .double((number * scale).rounded(method == "ceil" ? .up : .down) / scale)
    }
    if let integer = value.integer {
      guard digits < 0 else { return .int(integer) }
      let rounded = (number * scale).rounded(.toNearestOrEven) / scale
      return .int(Int(exactly: rounded) ?? integer)
    }
    guard number.isFinite, digits >= 0 else {
      return .double((number * scale).rounded(.toNearestOrEven) / scale)
    }
    // Rounded on the exact value, as Python does it.
    let text = SystemLibrary.digits(of: number, precision: digits, form: "f")
    return .double(Double(text) ?? number)
  }

  private func fileSize(_ value: TemplateValue, isBinary: Bool) throws(TemplateError) -> String {
    guard let bytes = value.pythonFloat else {
      throw TemplateError("the filter 'filesizeformat' asks for a number, not \(value.kind)")
    }
    let base = isBinary ? 1024.0 : 1000
    if bytes == 1 { return "1 Byte" }
    if bytes < base { return "\(Int(bytes)) Bytes" }
    let units =
      isBinary ? ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] : "kMGTPEZY".map { "\($0)" }
    for (index, name) in units.enumerated() {
      let unit = SystemLibrary.power(base, Double(index + 2))
      guard bytes < unit || index == units.count - 1 else { continue }
      return SystemLibrary.digits(of: base * bytes / unit, precision: 1, form: "f") + " \(name)B"
    }
    return ""
  }
}

extension TemplateValue {
  /// Python's `float(…)`; nil where that fails.
  var pythonFloat: Double? {
    guard let text = string else { return number }
    let digits = text.stripped().withASCIIDigits
    let body = digits.first == "-" || digits.first == "+" ? String(digits.dropFirst()) : digits
    if ["inf", "infinity", "nan"].contains(body.lowercased()) { return Double(digits) }
    guard let first = body.utf8.first, first == 0x2E || (0x30...0x39).contains(first),
      body.utf8.allSatisfy({ "0123456789.eE+-_".utf8.contains($0) }),
      let plain = digits.withoutDigitSeparators
    else { return nil }
    return Double(plain.hasSuffix(".") ? String(plain.dropLast()) : plain)
      ?? Double(plain.replacing(".e", with: ".0e").replacing(".E", with: ".0E"))
  }
}

extension String {
  /// With the decimal digits of all scripts written as 0 to 9.
  fileprivate var withASCIIDigits: String {
    guard utf8.contains(where: { $0 >= 0x80 }) else { return self }
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      guard scalar.isPythonDecimal, let value = scalar.properties.numericValue else {
        result.append(scalar)
        continue
      }
      result += String(Int(value)).unicodeScalars
    }
    return String(result)
  }

  /// Without underlines between digits; nil where one stands elsewhere.
  fileprivate var withoutDigitSeparators: String? {
    let bytes = Array(utf8)
    for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
      guard place > 0, place + 1 < bytes.count, bytes[place - 1] != byte, bytes[place + 1] != byte,
        Unicode.Scalar(bytes[place - 1]).properties.isASCIIHexDigit,
        Unicode.Scalar(bytes[place + 1]).properties.isASCIIHexDigit
      else { return nil }
    }
    return replacing("_", with: "")
  }

  /// Python's `int(text, base)`; nil where that fails.
  func pythonInteger(base: Int) -> Int? {
    guard var digits = stripped().withASCIIDigits.withoutDigitSeparators else { return nil }
    var sign = ""
    if let first = digits.first, first == "-" || first == "+" {
      sign = String(digits.removeFirst())
    }
    let prefixes = ["0x": 16, "0o": 8, "0b": 2]
    var base = base
    if let radix = prefixes[String(digits.prefix(2)).lowercased()], base == radix || base == 0 {
      digits = String(digits.dropFirst(2))
      base = radix
    }
    if base == 0 { base = 10 }
    guard (2...36).contains(base), digits.first != "-", digits.first != "+" else { return nil }
    return Int(sign + digits, radix: base)
  }
}
