/// Turns tokens into statements: Jinja's grammar, less what needs other templates.
struct TemplateParser {
  let tokens: [TemplateToken]
  var position = 0
  var depth = 0
  /// Bounds recursion, so that a hostile template cannot exhaust the stack.
  static let maximumDepth = 200

  static func statements(of tokens: [TemplateToken]) throws(TemplateError) -> [Statement] {
    var parser = TemplateParser(tokens: tokens)
    let (statements, _) = try parser.body(until: [], of: "")
    return statements
  }

  var current: TemplateToken { tokens[position] }

  mutating func next() -> TemplateToken {
    let token = tokens[position]
    if position + 1 < tokens.count { position += 1 }
    return token
  }

  func fault(_ message: String) -> TemplateError { TemplateError(message, line: current.line) }

  func sees(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
  func seesName(_ name: String) -> Bool { current.kind == .name(name) }

  mutating func take(_ symbol: String) -> Bool {
    if sees(symbol) {
      _ = next()
      return true
    }
    return false
  }

  mutating func takeName(_ name: String) -> Bool {
    if seesName(name) {
      _ = next()
      return true
    }
    return false
  }

  mutating func expect(_ symbol: String) throws(TemplateError) {
    guard take(symbol) else { throw fault("expected '\(symbol)', found \(current.description)") }
  }

  mutating func name() throws(TemplateError) -> String {
    guard case .name(let name) = current.kind else {
      throw fault("expected a name, found \(current.description)")
    }
    _ = next()
    return name
  }

  mutating func endBlock() throws(TemplateError) {
    guard current.kind == .endBlock else {
      throw fault("expected '%}', found \(current.description)")
    }
    _ = next()
  }

  mutating func nested<Result>(
    _ parse: (inout TemplateParser) throws(TemplateError) -> Result
  ) throws(TemplateError) -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw fault("nested more than \(Self.maximumDepth) levels deep")
    }
    return try parse(&self)
  }

  /// Statements up to a block whose name is one of `ends` (its name is consumed, not its `%}`).
  mutating func body(until ends: [String], of opener: String)
    throws(TemplateError) -> ([Statement], end: String)
  {
    let first = tokens[max(position - 1, 0)].line
    var statements: [Statement] = []
    while true {
      let token = next()
      switch token.kind {
      case .text(let text): statements.append(Statement(line: token.line, body: .text(text)))
      case .beginOutput:
        let line = token.line
        let expression = try tuple()
        guard current.kind == .endOutput else {
          throw fault("expected '}}', found \(current.description)")
        }
        _ = next()
        statements.append(Statement(line: line, body: .output([expression])))
      case .beginBlock:
        let line = current.line
        let word = try name()
        if ends.contains(word) { return (statements, word) }
        let body = try nested { (parser) throws(TemplateError) in try parser.statement(word, line) }
        statements.append(Statement(line: line, body: body))
      case .end where ends.isEmpty: return (statements, "")
      case .end:
        throw TemplateError(
          "'{% \(opener) %}' is not closed by '{% \(ends.last ?? "") %}'", line: first)
      default: throw fault("unexpected \(token.description)")
      }
    }
  }

  /// `[:] %} … {% <one of ends>`, of which the end's `%}` is left.
  mutating func block(until ends: [String], of opener: String)
    throws(TemplateError) -> ([Statement], end: String)
  {
    _ = take(":")
    try endBlock()
    return try body(until: ends, of: opener)
  }

  /// `[:] %} … {% end<word> %}`
  mutating func block(_ word: String) throws(TemplateError) -> [Statement] {
    let (statements, _) = try block(until: ["end" + word], of: word)
    try endBlock()
    return statements
  }
}
