// Inside the delimiters.

extension TemplateLexer {
  mutating func expression(
    begin: TemplateToken.Kind, end: TemplateToken.Kind, closing: Unicode.Scalar
  ) throws(TemplateError) {
    let first = line
    tokens.append(TemplateToken(kind: begin, line: line))
    position += 2
    if position < source.count, source[position] == "-" || source[position] == "+" {
      position += 1
    }
    var depth = 0
    while true {
      skipSpace()
      guard position < source.count else {
        throw TemplateError("'{\(closing == "}" ? "{" : "%")' is not closed", line: first)
      }
      if depth == 0, let length = lengthOfEnd(closing) {
        tokens.append(TemplateToken(kind: end, line: line))
        let sign = length == 3 ? source[position] : " "
        position += length
        close(sign: sign, trims: end == .endBlock)
        return
      }
      try token(depth: &depth)
    }
  }

  /// The length of the closing delimiter here, with the sign before it; nil where there is none.
  private func lengthOfEnd(_ closing: Unicode.Scalar) -> Int? {
    func closes(_ index: Int) -> Bool {
      index + 1 < source.count && source[index] == closing && source[index + 1] == "}"
    }
    if closes(position) { return 2 }
    let isSigned = source[position] == "-" || (source[position] == "+" && closing == "%")
    return isSigned && closes(position + 1) ? 3 : nil
  }

  private mutating func token(depth: inout Int) throws(TemplateError) {
    let scalar = source[position]
    let first = line
    let kind: TemplateToken.Kind
    if scalar == "'" || scalar == "\"" {
      kind = .string(try string(quote: scalar))
    } else if ("0"..."9").contains(scalar) {
      kind = try number()
    } else if scalar == "_" || scalar.properties.isXIDStart {
      let start = position
      while position < source.count, source[position].properties.isXIDContinue { position += 1 }
      kind = .name(String(source[start..<position]))
    } else {
      kind = .symbol(try symbol(depth: &depth))
    }
    tokens.append(TemplateToken(kind: kind, line: first))
  }

  private mutating func symbol(depth: inout Int) throws(TemplateError) -> String {
    for length in [2, 1] where position + length <= source.count {
      let symbol = String(source[position..<position + length])
      guard Self.symbols.contains(symbol) else { continue }
      position += length
      if ["(", "[", "{"].contains(symbol) { depth += 1 }
      if [")", "]", "}"].contains(symbol) { depth -= 1 }
      return symbol
    }
    throw TemplateError("unexpected character '\(source[position])'", line: line)
  }

  private static let symbols: Set<String> = [
    "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "<", ">", "=", "~", "|", ".", ",",
    ":", ";", "(", ")", "[", "]", "{", "}",
  ]

  private func isDigit(_ index: Int) -> Bool {
    index < source.count && (("0"..."9").contains(source[index]) || source[index] == "_")
  }

  private mutating func number() throws(TemplateError) -> TemplateToken.Kind {
    if let value = try prefixedInteger() { return .int(value) }
    let start = position
    // After a point only an element's number can stand: `list.0.1`.
    let isElement = start > 0 && source[start - 1] == "."
    while isDigit(position) { position += 1 }
    var isInteger = true
    if isElement {
      // No fraction.
    } else if position < source.count, source[position] == ".", isDigit(position + 1) {
      isInteger = false
      position += 1
      while isDigit(position) { position += 1 }
    }
    if !isElement, position < source.count, source[position] == "e" || source[position] == "E" {
      var digits = position + 1
      if digits < source.count, source[digits] == "+" || source[digits] == "-" { digits += 1 }
      if isDigit(digits) {
        isInteger = false
        position = digits
        while isDigit(position) { position += 1 }
      }
    }
    let text = String(source[start..<position].filter { $0 != "_" }[...])
    if isInteger, let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw TemplateError("malformed number '\(text)'", line: line)
    }
    return .double(value)
  }

  /// `0x1F`, `0o17` or `0b11`.
  private mutating func prefixedInteger() throws(TemplateError) -> Int? {
    guard source[position] == "0", position + 1 < source.count else { return nil }
    let radices: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]
    guard let radix = radices[source[position + 1]] else { return nil }
    let digits = source[(position + 2)...].prefix { $0 == "_" || $0.properties.isASCIIHexDigit }
    let text = String(String(digits).filter { $0 != "_" })
    guard !text.isEmpty else { return nil }
    guard let value = Int(text, radix: radix) else {
      throw TemplateError("malformed number '\(text)'", line: line)
    }
    position += 2 + digits.count
    return value
  }

  private mutating func string(quote: Unicode.Scalar) throws(TemplateError) -> String {
    let first = line
    var text = String.UnicodeScalarView()
    position += 1
    while position < source.count, source[position] != quote {
      if source[position] == "\\", position + 1 < source.count {
        position += 1
        try escape(into: &text)
      } else {
        text.append(source[position])
        advance()
      }
    }
    guard position < source.count else {
      throw TemplateError("a string is not closed by \(quote)", line: first)
    }
    position += 1
    return String(text)
  }

  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}",
    "b": "\u{8}", "f": "\u{C}", "v": "\u{B}",
  ]

  /// Python's escapes; an unknown one keeps its backslash.
  private mutating func escape(into text: inout String.UnicodeScalarView) throws(TemplateError) {
    let letter = source[position]
    let lengths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
    if letter == "\n" {
      advance()
    } else if let scalar = Self.escapes[letter] {
      text.append(scalar)
      position += 1
    } else if let length = lengths[letter] {
      guard position + length < source.count,
        let code = UInt32(String(source[position + 1...position + length]), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw TemplateError("'\\\(letter)' asks for \(length) digits of a code", line: line) }
      text.append(scalar)
      position += 1 + length
    } else if ("0"..."7").contains(letter) {
      let digits = source[position...].prefix(3).prefix { ("0"..."7").contains($0) }
      if let code = UInt32(String(digits), radix: 8), let scalar = Unicode.Scalar(code) {
        text.append(scalar)
      }
      position += digits.count
    } else if letter == "N" {
      throw TemplateError("characters by name ('\\N{…}') are not supported", line: line)
    } else {
      text.append("\\")
      text.append(letter)
      position += 1
    }
  }
}
