/// Cuts a template into tokens, with whitespace control as chat templates are rendered everywhere:
/// `trim_blocks` (the newline after a block tag goes), `lstrip_blocks` (so do the blanks before one
/// that begins its line), and `-` and `+` inside the delimiters.
struct TemplateLexer {
  let source: [Unicode.Scalar]
  var position = 0
  var line = 1
  var tokens: [TemplateToken] = []
  /// Whether the text before `position` ends a line.
  var isAtLineStart = true

  private enum Tag { case output, block, comment }

  static func tokens(of source: String) throws(TemplateError) -> [TemplateToken] {
    var lexer = TemplateLexer(source)
    return try lexer.run()
  }

  /// Newlines become `\n`; one at the very end belongs to the file rather than to the template.
  private init(_ source: String) {
    var scalars: [Unicode.Scalar] = []
    for scalar in source.unicodeScalars {
      if scalar == "\n", scalars.last == "\r" {
        scalars[scalars.count - 1] = "\n"
      } else {
        if scalars.last == "\r" { scalars[scalars.count - 1] = "\n" }
        scalars.append(scalar)
      }
    }
    if scalars.last == "\r" { scalars[scalars.count - 1] = "\n" }
    if scalars.last == "\n" { scalars.removeLast() }
    self.source = scalars
  }

  private mutating func run() throws(TemplateError) -> [TemplateToken] {
    while position < source.count {
      let start = position
      while position < source.count, tag(at: position) == nil { position += 1 }
      let found = position < source.count ? tag(at: position) : nil
      try text(source[start..<position], before: found)
      switch found {
      case .comment: try comment()
      case .output: try expression(begin: .beginOutput, end: .endOutput, closing: "}")
      case .block:
        if !(try raw()) { try expression(begin: .beginBlock, end: .endBlock, closing: "%") }
      case nil: break
      }
    }
    tokens.append(TemplateToken(kind: .end, line: line))
    return tokens
  }

  private func tag(at index: Int) -> Tag? {
    guard source[index] == "{", index + 1 < source.count else { return nil }
    switch source[index + 1] {
    case "{": return .output
    case "%": return .block
    case "#": return .comment
    default: return nil
    }
  }

  /// Emits text, cut on its right as the tag after it demands.
  private mutating func text(_ text: ArraySlice<Unicode.Scalar>, before tag: Tag?)
    throws(TemplateError)
  {
    var text = text
    let newlines = text.count { $0 == "\n" }
    if let tag {
      let sign = position + 2 < source.count ? source[position + 2] : " "
      if sign == "-" {
        while text.last?.isPythonSpace == true { text.removeLast() }
      } else if sign != "+", tag != .output {
        let lineStart = text.lastIndex(of: "\n").map { $0 + 1 } ?? text.startIndex
        if lineStart > text.startIndex || isAtLineStart,
          text[lineStart...].allSatisfy(\.isPythonSpace)
        {
          text = text[..<lineStart]
        }
      }
    }
    if !text.isEmpty {
      tokens.append(TemplateToken(kind: .text(String(text)), line: line))
    }
    line += newlines
  }

  private mutating func comment() throws(TemplateError) {
    let first = line
    position += 2
    while position + 1 < source.count, !(source[position] == "#" && source[position + 1] == "}") {
      advance()
    }
    guard position + 1 < source.count else {
      throw TemplateError("a comment '{#' is not closed by '#}'", line: first)
    }
    let sign = source[position - 1]
    position += 2
    close(sign: sign, trims: true)
  }

  /// `{% raw %} … {% endraw %}`: text as it stands.
  private mutating func raw() throws(TemplateError) -> Bool {
    guard let content = word("raw", at: position) else { return false }
    let first = line
    position = content.end
    isAtLineStart = false
    if content.sign == "-" { skipSpace() }
    let start = position
    while position < source.count {
      guard tag(at: position) == .block, let end = word("endraw", at: position) else {
        position += 1
        continue
      }
      try text(source[start..<position], before: .block)
      position = end.end
      close(sign: end.sign, trims: true)
      return true
    }
    throw TemplateError("'{% raw %}' is not closed by '{% endraw %}'", line: first)
  }

  /// The end of a tag that holds nothing but `word`, and the sign before its `%}`.
  private func word(_ word: String, at start: Int) -> (end: Int, sign: Unicode.Scalar)? {
    var index = start + 2
    if index < source.count, source[index] == "-" || source[index] == "+" { index += 1 }
    while index < source.count, source[index].isPythonSpace { index += 1 }
    for scalar in word.unicodeScalars {
      guard index < source.count, source[index] == scalar else { return nil }
      index += 1
    }
    while index < source.count, source[index].isPythonSpace { index += 1 }
    guard index < source.count else { return nil }
    let sign = source[index]
    if sign == "-" || sign == "+" { index += 1 }
    guard index + 1 < source.count, source[index] == "%", source[index + 1] == "}" else {
      return nil
    }
    return (index + 2, sign)
  }

  /// What a closing delimiter takes of the text after it.
  mutating func close(sign: Unicode.Scalar, trims: Bool) {
    isAtLineStart = false
    if sign == "-" {
      skipSpace()
      isAtLineStart = position > 0 && source[position - 1] == "\n"
    } else if sign != "+", trims, position < source.count, source[position] == "\n" {
      advance()
      isAtLineStart = true
    }
  }

  mutating func advance() {
    if source[position] == "\n" { line += 1 }
    position += 1
  }

  mutating func skipSpace() {
    while position < source.count, source[position].isPythonSpace { advance() }
  }
}

extension Unicode.Scalar {
  /// Whether Python's `str.isspace` and `\s` hold: Unicode's white space and the four separators.
  var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

extension String {
  init(_ scalars: ArraySlice<Unicode.Scalar>) {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    self.init(view)
  }

  init(_ scalars: [Unicode.Scalar]) { self.init(scalars[...]) }
}
