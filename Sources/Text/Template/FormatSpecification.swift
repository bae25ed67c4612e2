/// How one value is laid out: what stands behind the colon in `{:>8.2f}` of Python's `str.format`,
/// and between `%` and its letter.
struct FormatSpecification {
  var fill: Unicode.Scalar = " "
  /// `<`, `>`, `^` or `=` (between sign and digits).
  var alignment: Unicode.Scalar?
  /// `-`, `+` or a blank.
  var sign: Unicode.Scalar = "-"
  /// `#`: with the prefix of the base, with a point.
  var isAlternate = false
  var width = 0
  /// `,` or `_` between groups of digits.
  var separator: Unicode.Scalar?
  var precision: Int?
  var type: Unicode.Scalar?
  /// Whether a `0` stands before the width: numbers are then filled behind their sign.
  private var isZeroFilled = false

  init() {}

  /// Reads `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
  init(_ text: String) throws(TemplateError) {
    var scalars = Array(text.unicodeScalars)[...]
    func isAlignment(_ scalar: Unicode.Scalar?) -> Bool {
      scalar.map { ["<", ">", "^", "="].contains($0) } ?? false
    }
    if isAlignment(scalars.dropFirst().first), let first = scalars.popFirst() {
      (fill, alignment) = (first, scalars.popFirst())
    } else if isAlignment(scalars.first) {
      alignment = scalars.popFirst()
    }
    if let first = scalars.first, ["+", "-", " "].contains(first) {
      sign = first
      scalars.removeFirst()
    }
    if scalars.first == "#" {
      isAlternate = true
      scalars.removeFirst()
    }
    if scalars.first == "0", alignment == nil {
      (fill, alignment, isZeroFilled) = ("0", "=", true)
    }
    width = try Self.number(&scalars) ?? 0
    if let first = scalars.first, first == "," || first == "_" {
      separator = first
      scalars.removeFirst()
    }
    if scalars.first == "." {
      scalars.removeFirst()
      guard let number = try Self.number(&scalars) else {
        throw TemplateError("the format '\(text)' lacks its precision")
      }
      precision = number
    }
    type = scalars.popFirst()
    guard scalars.isEmpty else { throw TemplateError("'\(text)' is not a format of Python's") }
  }

  /// A width or precision, bounded so that a template cannot exhaust the memory.
  static func number(_ scalars: inout ArraySlice<Unicode.Scalar>) throws(TemplateError) -> Int? {
    var digits = ""
    while let next = scalars.first, ("0"..."9").contains(next) {
      digits.unicodeScalars.append(next)
      scalars.removeFirst()
    }
    guard !digits.isEmpty else { return nil }
    guard let number = Int(digits), number < 1 << 20 else {
      throw TemplateError("a format's number \(digits) is too large")
    }
    return number
  }

  /// The value as this says.
  func text(of value: TemplateValue) throws(TemplateError) -> String {
    if let text = value.string { return try laidOut(text) }
    if isPlain { return try value.text() }
    if let integer = value.integer, type.map({ !"eEfFgG%".unicodeScalars.contains($0) }) ?? true {
      return aligned(try self.integer(integer))
    }
    if let number = value.number { return aligned(try self.number(number)) }
    throw TemplateError("a format cannot be applied to \(value.kind)")
  }

  private var isPlain: Bool {
    alignment == nil && width == 0 && precision == nil && type == nil && separator == nil
      && sign == "-" && !isAlternate
  }

  private func laidOut(_ text: String) throws(TemplateError) -> String {
    guard type == nil || type == "s", alignment != "=" || isZeroFilled, separator == nil,
      sign == "-",
      !isAlternate
    else { throw TemplateError("this format cannot be applied to a string") }
    let cut = precision.map { String(Array(text.unicodeScalars.prefix($0))) } ?? text
    var layout = self
    if isZeroFilled { layout.alignment = "<" }
    return layout.padded(sign: "", body: cut, standard: "<")
  }

  /// Sign and digits, padded to the width.
  private func aligned(_ parts: (sign: String, body: String)) -> String {
    var body = parts.body
    if alignment == "=", fill == "0", let separator {
      body = grouped(body, separator, width: width - parts.sign.unicodeScalars.count)
    } else if let separator {
      body = grouped(body, separator, width: 0)
    }
    return padded(sign: parts.sign, body: body, standard: ">")
  }

  private func padded(sign: String, body: String, standard: Unicode.Scalar) -> String {
    let missing = width - sign.unicodeScalars.count - body.unicodeScalars.count
    guard missing > 0 else { return sign + body }
    func pad(_ count: Int) -> String { String(repeating: String(fill), count: count) }
    switch alignment ?? standard {
    case "<": return sign + body + pad(missing)
    case "^": return pad(missing / 2) + sign + body + pad(missing - missing / 2)
    case "=": return sign + pad(missing) + body
    default: return pad(missing) + sign + body
    }
  }

  /// The digits before the point in groups; zeros fill it to the width, separators counted.
  private func grouped(_ body: String, _ separator: Unicode.Scalar, width: Int) -> String {
    let isDigit: (Character) -> Bool = { $0.isHexDigit }
    let digits = String(body.prefix(while: isDigit))
    let rest = body.dropFirst(digits.count)
    let size = type.map { "bBoxX".unicodeScalars.contains($0) } == true ? 4 : 3
    func written(_ digits: String) -> String {
      var result = ""
      for (place, digit) in digits.enumerated() {
        if place > 0, (digits.count - place) % size == 0 {
          result.unicodeScalars.append(separator)
        }
        result.append(digit)
      }
      return result
    }
    var padded = digits
    while written(padded).count + rest.count < width { padded = "0" + padded }
    return written(padded) + rest
  }
}
