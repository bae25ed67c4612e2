/// Python's `format % values`.
struct PercentFormat {
  private var scalars: ArraySlice<Unicode.Scalar>
  private let isMarked: Bool

  /// A marked format escapes the strings that it takes in.
  init(_ format: String, isMarked: Bool = false) {
    scalars = Array(format.unicodeScalars)[...]
    self.isMarked = isMarked
  }

  /// The text for a tuple of values, a mapping, or one value.
  func text(of argument: TemplateValue) throws(TemplateError) -> String {
    var reader = self
    return try reader.run(argument)
  }

  private mutating func run(_ argument: TemplateValue) throws(TemplateError) -> String {
    var values = [argument][...]
    if case .tuple(let elements) = argument { values = elements[...] }
    var result = String.UnicodeScalarView()
    while let scalar = scalars.popFirst() {
      if scalar == "%" {
        result += try conversion(argument, &values).unicodeScalars
      } else {
        result.append(scalar)
      }
    }
    let isMapping =
      switch argument {
      case .mapping, .list, .undefined: true
      default: false
      }
    guard values.isEmpty || isMapping else {
      throw TemplateError("a format takes fewer values than it was given")
    }
    return String(result)
  }

  private mutating func conversion(
    _ argument: TemplateValue, _ values: inout ArraySlice<TemplateValue>
  ) throws(TemplateError) -> String {
    var key: String?
    if scalars.first == "(" { key = try name() }
    var (layout, flags) = (FormatSpecification(), Set<Unicode.Scalar>())
    while let flag = scalars.first, ["-", "+", " ", "#", "0"].contains(flag) {
      flags.insert(flag)
      scalars.removeFirst()
    }
    layout.width = try number(&values) ?? 0
    if scalars.first == "." {
      scalars.removeFirst()
      layout.precision = try number(&values) ?? 0
    }
    while let modifier = scalars.first, ["h", "l", "L"].contains(modifier) {
      scalars.removeFirst()
    }
    guard let letter = scalars.popFirst() else { throw TemplateError("a format is not complete") }
    if letter == "%" { return "%" }
    let value: TemplateValue
    if let key {
      guard case .mapping(let mapping) = argument else {
        throw TemplateError("a format with names asks for a mapping")
      }
      guard let found = mapping[key] else {
        throw TemplateError("a format's key '\(key)' is missing")
      }
      value = found
    } else {
      guard let next = values.popFirst() else {
        throw TemplateError("a format takes more values than it was given")
      }
      value = next
    }
    return try write(value, letter, layout, flags)
  }

  private mutating func name() throws(TemplateError) -> String {
    var (name, depth) = (String.UnicodeScalarView(), 0)
    while let scalar = scalars.popFirst() {
      depth += scalar == "(" ? 1 : scalar == ")" ? -1 : 0
      if depth == 0 { return String(name.dropFirst()) }
      name.append(scalar)
    }
    throw TemplateError("a format's key is not closed")
  }

  private mutating func number(_ values: inout ArraySlice<TemplateValue>) throws(TemplateError)
    -> Int?
  {
    guard scalars.first == "*" else { return try FormatSpecification.number(&scalars) }
    scalars.removeFirst()
    guard let width = values.popFirst()?.integer, (0..<1 << 20).contains(width) else {
      throw TemplateError("'*' of a format asks for a width")
    }
    return width
  }

  private func write(
    _ value: TemplateValue, _ letter: Unicode.Scalar, _ layout: FormatSpecification,
    _ flags: Set<Unicode.Scalar>
  ) throws(TemplateError) -> String {
    var layout = layout
    layout.isAlternate = flags.contains("#")
    layout.sign = flags.contains("+") ? "+" : flags.contains(" ") ? " " : "-"
    layout.alignment = flags.contains("-") ? "<" : ">"
    switch letter {
    case "s", "r", "a":
      (layout.sign, layout.isAlternate) = ("-", false)
      var text = letter == "s" ? try value.text() : try value.representation()
      if isMarked, case .markup = value {} else if isMarked { text = text.escapedForHTML }
      return try layout.text(of: .string(text))
    case "c":
      if let text = value.string, text.unicodeScalars.count == 1 {
        (layout.sign, layout.isAlternate) = ("-", false)
        return try layout.text(of: .string(text))
      }
    case "d", "i", "u", "x", "X", "o":
      return try integer(value, letter, layout, flags)
    default: break
    }
    guard "cfFeEgG".unicodeScalars.contains(letter), value.number != nil else {
      throw TemplateError("'%\(letter)' cannot write \(value.kind)")
    }
    if flags.contains("0"), !flags.contains("-") { (layout.fill, layout.alignment) = ("0", "=") }
    layout.type = letter
    return try layout.text(of: letter == "c" ? value : .double(value.number ?? 0))
  }

  /// The precision of an integer is its least number of digits.
  private func integer(
    _ value: TemplateValue, _ letter: Unicode.Scalar, _ layout: FormatSpecification,
    _ flags: Set<Unicode.Scalar>
  ) throws(TemplateError) -> String {
    let isDecimal = ["d", "i", "u"].contains(letter)
    let whole = value.number.flatMap { Int(exactly: $0.rounded(.towardZero)) }
    guard let integer = value.integer ?? (isDecimal ? whole : nil) else {
      throw TemplateError("'%\(letter)' cannot write \(value.kind)")
    }
    var layout = layout
    layout.type = isDecimal ? "d" : letter
    let least = layout.precision ?? 0
    layout.precision = nil
    let parts = try layout.integer(integer)
    let body = String(repeating: "0", count: max(0, least - parts.body.count)) + parts.body
    let missing = layout.width - parts.sign.count - body.count
    guard missing > 0 else { return parts.sign + body }
    if flags.contains("-") { return parts.sign + body + String(repeating: " ", count: missing) }
    if flags.contains("0") { return parts.sign + String(repeating: "0", count: missing) + body }
    return String(repeating: " ", count: missing) + parts.sign + body
  }
}
