// Digits of numbers, as Python's format writes them.

extension FormatSpecification {
  private func signText(isNegative: Bool) -> String {
    isNegative ? "-" : sign == "-" ? "" : String(sign)
  }

  func integer(_ value: Int) throws(TemplateError) -> (sign: String, body: String) {
    guard precision == nil else { throw TemplateError("an integer's format has no precision") }
    let sign = signText(isNegative: value < 0)
    func prefixed(_ prefix: String, _ radix: Int) -> (String, String) {
      (sign + (isAlternate ? prefix : ""), String(value.magnitude, radix: radix))
    }
    switch type {
    case nil, "d", "n": return (sign, String(value.magnitude))
    case "b": return prefixed("0b", 2)
    case "o": return prefixed("0o", 8)
    case "x": return prefixed("0x", 16)
    case "X":
      let parts = prefixed("0X", 16)
      return (parts.0, parts.1.uppercased())
    case "c":
      guard let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init) else {
        throw TemplateError("\(value) is no character")
      }
      return ("", String(scalar))
    default: throw TemplateError("'\(type.map(String.init) ?? "")' is no format of an integer")
    }
  }

  func number(_ value: Double) throws(TemplateError) -> (sign: String, body: String) {
    let sign = signText(isNegative: value.sign == .minus && !value.isNaN)
    let value = value.magnitude
    let isUpper = type == "E" || type == "F" || type == "G"
    guard value.isFinite else {
      let word = value.isNaN ? "nan" : "inf"
      return (sign, (isUpper ? word.uppercased() : word) + (type == "%" ? "%" : ""))
    }
    let body: String
    switch type {
    case nil:
      body = precision.map { general(value, max($0, 1), addsPoint: true) } ?? value.pythonText
    case "e", "E": body = SystemLibrary.digits(of: value, precision: precision ?? 6, form: "e")
    case "f", "F": body = SystemLibrary.digits(of: value, precision: precision ?? 6, form: "f")
    case "g", "G", "n": body = general(value, max(precision ?? 6, 1), addsPoint: false)
    case "%":
      body = SystemLibrary.digits(of: value * 100, precision: precision ?? 6, form: "f") + "%"
    default: throw TemplateError("'\(type.map(String.init) ?? "")' is no format of a number")
    }
    let pointed = isAlternate && !body.contains(".") ? Self.withPoint(body) : body
    return (sign, isUpper ? pointed.uppercased() : pointed)
  }

  private static func withPoint(_ body: String) -> String {
    let digits = body.prefix { ("0"..."9").contains($0) }
    return digits + "." + body.dropFirst(digits.count)
  }

  /// So many significant digits, with an exponent where the number is very small or large.
  private func general(_ value: Double, _ precision: Int, addsPoint: Bool) -> String {
    let scientific = SystemLibrary.digits(of: value, precision: precision - 1, form: "e")
    let halves = scientific.split(separator: "e")
    let exponent = Int(halves[1]) ?? 0
    guard exponent >= -4, exponent < precision - (addsPoint ? 1 : 0) else {
      return trimmed(String(halves[0])) + "e" + halves[1]
    }
    let fixed = SystemLibrary.digits(of: value, precision: precision - 1 - exponent, form: "f")
    let body = trimmed(fixed)
    return addsPoint && !body.contains(".") ? body + ".0" : body
  }

  /// Without zeros at the end of the fraction, unless `#` keeps them.
  private func trimmed(_ text: String) -> String {
    guard text.contains("."), !isAlternate else { return text }
    var text = text
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }
}
