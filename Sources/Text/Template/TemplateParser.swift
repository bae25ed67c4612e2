/// Turns tokens into statements: Jinja's grammar as far as chat templates use it.
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
        statements.append(Statement(line: line, body: .output(expression)))
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

  /// The statement whose first word has just been read, its `%}` included.
  private mutating func statement(_ word: String, _ line: Int)
    throws(TemplateError) -> Statement.Body
  {
    switch word {
    case "if": return try conditional()
    case "for": return try loop()
    case "set": return try assignment()
    case "macro": return .macro(try macro(named: name(), end: "endmacro"))
    case "call": return try call()
    case "filter":
      let filters = try filterChain()
      return .filterBlock(filters, try block("filter"))
    case "with": return try with()
    case "generation": return .generation(try block("generation"))
    case "break", "continue":
      try endBlock()
      return word == "break" ? .breakLoop : .continueLoop
    default:
      throw TemplateError("'{% \(word) %}' is not a statement chat templates may use", line: line)
    }
  }

  /// `%} … {% end<word> %}`
  private mutating func block(_ word: String) throws(TemplateError) -> [Statement] {
    try endBlock()
    let (statements, _) = try body(until: ["end" + word], of: word)
    try endBlock()
    return statements
  }

  private mutating func conditional() throws(TemplateError) -> Statement.Body {
    var branches: [(condition: Expression, body: [Statement])] = []
    while true {
      let condition = try tuple()
      try endBlock()
      let (statements, end) = try body(until: ["elif", "else", "endif"], of: "if")
      branches.append((condition, statements))
      if end == "elif" { continue }
      var otherwise: [Statement] = []
      if end == "else" {
        try endBlock()
        (otherwise, _) = try body(until: ["endif"], of: "if")
      }
      try endBlock()
      return .conditional(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws(TemplateError) -> Statement.Body {
    let target = try self.target()
    guard takeName("in") else { throw fault("expected 'in', found \(current.description)") }
    let items = try tuple(allowsConditional: false)
    let condition = takeName("if") ? try expression() : nil
    guard !seesName("recursive") else { throw fault("recursive loops are not supported") }
    try endBlock()
    var otherwise: [Statement] = []
    let (statements, end) = try body(until: ["else", "endfor"], of: "for")
    if end == "else" {
      try endBlock()
      (otherwise, _) = try body(until: ["endfor"], of: "for")
    }
    try endBlock()
    return .loop(
      ForLoop(
        target: target, items: items, condition: condition, body: statements, otherwise: otherwise))
  }

  private mutating func assignment() throws(TemplateError) -> Statement.Body {
    let target = try self.target()
    if take("=") {
      let value = try tuple()
      try endBlock()
      return .assign(target, value)
    }
    let filters = take("|") ? try filterChain() : []
    return .assignBlock(target, filters, try block("set"))
  }

  private mutating func filterChain() throws(TemplateError) -> [FilterCall] {
    var filters: [FilterCall] = []
    repeat { filters.append(try filterCall()) } while take("|")
    return filters
  }

  private mutating func call() throws(TemplateError) -> Statement.Body {
    let parameters = sees("(") ? try self.parameters() : []
    let callee = try expression()
    let caller = MacroDefinition(name: "caller", parameters: parameters, body: try block("call"))
    return .call(caller, callee)
  }

  private mutating func with() throws(TemplateError) -> Statement.Body {
    var values: [(target: Target, value: Expression)] = []
    while current.kind != .endBlock {
      if !values.isEmpty { try expect(",") }
      let target = try self.target()
      try expect("=")
      values.append((target, try expression()))
    }
    return .with(values, try block("with"))
  }

  private mutating func macro(named name: String, end: String)
    throws(TemplateError) -> MacroDefinition
  {
    let parameters = try self.parameters()
    return MacroDefinition(name: name, parameters: parameters, body: try block("macro"))
  }

  private mutating func parameters() throws(TemplateError)
    -> [(name: String, defaultValue: Expression?)]
  {
    var parameters: [(name: String, defaultValue: Expression?)] = []
    try expect("(")
    while !take(")") {
      if !parameters.isEmpty { try expect(",") }
      if take(")") { break }
      let parameter = try name()
      parameters.append((parameter, take("=") ? try expression() : nil))
    }
    return parameters
  }

  private mutating func target() throws(TemplateError) -> Target {
    var targets = [try singleTarget()]
    var isTuple = false
    while take(",") {
      isTuple = true
      guard case .name(let name) = current.kind, name != "in" else { break }
      targets.append(try singleTarget())
    }
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func singleTarget() throws(TemplateError) -> Target {
    if take("(") {
      let inner = try target()
      try expect(")")
      return inner
    }
    let name = try self.name()
    return take(".") ? .attribute(name, try self.name()) : .name(name)
  }
}
