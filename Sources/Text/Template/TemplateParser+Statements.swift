// What stands between `{%` and `%}`.

extension TemplateParser {
  /// Statements that Jinja has and chat templates may not use, with the reason.
  private static let refused = [
    "include": "it needs other files", "import": "it needs other files",
    "from": "it needs other files", "extends": "it needs other files",
    "block": "it serves templates that extend this one", "autoescape": "it serves HTML",
    "do": "it is an extension", "trans": "it is an extension", "debug": "it is an extension",
  ]

  /// The statement whose first word has just been read, its `%}` included.
  mutating func statement(_ word: String, _ line: Int) throws(TemplateError) -> Statement.Body {
    switch word {
    case "if": return try conditional()
    case "for": return try loop()
    case "set": return try assignment()
    case "macro": return .macro(try macro(named: name()))
    case "call": return try call()
    case "filter":
      let filters = try filterChain()
      return .filterBlock(filters, try block("filter"))
    case "with": return try with()
    case "generation": return .generation(try block("generation"))
    case "print": return try output()
    case "break", "continue":
      try endBlock()
      return word == "break" ? .breakLoop : .continueLoop
    default:
      let reason = Self.refused[word].map { ": " + $0 } ?? ""
      throw TemplateError(
        "'{% \(word) %}' is not a statement chat templates may use\(reason)", line: line)
    }
  }

  private mutating func conditional() throws(TemplateError) -> Statement.Body {
    var branches: [(condition: Expression, body: [Statement])] = []
    while true {
      let condition = try tuple(allowsConditional: false)
      let (statements, end) = try block(until: ["elif", "else", "endif"], of: "if")
      branches.append((condition, statements))
      if end == "elif" { continue }
      let otherwise = end == "else" ? try block(until: ["endif"], of: "if").0 : []
      try endBlock()
      return .conditional(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws(TemplateError) -> Statement.Body {
    let target = try self.target(namespaces: false)
    guard takeName("in") else { throw fault("expected 'in', found \(current.description)") }
    let items = try tuple(allowsConditional: false, endsBefore: "recursive")
    let condition = takeName("if") ? try expression() : nil
    let isRecursive = takeName("recursive")
    let (statements, end) = try block(until: ["else", "endfor"], of: "for")
    let otherwise = end == "else" ? try block(until: ["endfor"], of: "for").0 : []
    try endBlock()
    return .loop(
      ForLoop(
        target: target, items: items, condition: condition, isRecursive: isRecursive,
        body: statements, otherwise: otherwise))
  }

  private mutating func assignment() throws(TemplateError) -> Statement.Body {
    let target = try self.target(namespaces: true)
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

  private mutating func output() throws(TemplateError) -> Statement.Body {
    var values: [Expression] = []
    while current.kind != .endBlock {
      if !values.isEmpty { try expect(",") }
      values.append(try expression())
    }
    try endBlock()
    return .output(values)
  }

  private mutating func call() throws(TemplateError) -> Statement.Body {
    let line = current.line
    let parameters = sees("(") ? try self.parameters() : []
    guard case .call(let callee, let arguments) = try expression() else {
      throw TemplateError("'{% call %}' asks for the call of a macro", line: line)
    }
    return .call(try definition("caller", parameters, end: "call"), callee: callee, arguments)
  }

  private mutating func with() throws(TemplateError) -> Statement.Body {
    var values: [(target: Target, value: Expression)] = []
    while current.kind != .endBlock {
      if !values.isEmpty { try expect(",") }
      let target = try self.target(namespaces: false)
      try expect("=")
      values.append((target, try expression()))
    }
    return .with(values, try block("with"))
  }

  private mutating func macro(named name: String) throws(TemplateError) -> MacroDefinition {
    try definition(name, try self.parameters(), end: "macro")
  }

  private mutating func definition(
    _ name: String, _ parameters: [(name: String, defaultValue: Expression?)], end: String
  ) throws(TemplateError) -> MacroDefinition {
    let start = position
    let body = try block(end)
    let own = Set(parameters.map(\.name))
    var reads: Set<String> = []
    for token in tokens[start..<position] {
      guard case .name(let name) = token.kind, !own.contains(name) else { continue }
      if ["varargs", "kwargs", "caller"].contains(name) { reads.insert(name) }
    }
    return MacroDefinition(name: name, parameters: parameters, body: body, reads: reads)
  }

  private mutating func parameters() throws(TemplateError)
    -> [(name: String, defaultValue: Expression?)]
  {
    var parameters: [(name: String, defaultValue: Expression?)] = []
    try expect("(")
    while !take(")") {
      if !parameters.isEmpty { try expect(",") }
      let name = try assignable(self.name())
      let defaultValue = take("=") ? try expression() : nil
      guard defaultValue != nil || parameters.last?.defaultValue == nil else {
        throw fault("a parameter without a default follows one that has one")
      }
      parameters.append((name, defaultValue))
    }
    return parameters
  }

  private mutating func target(namespaces: Bool) throws(TemplateError) -> Target {
    var targets = [try singleTarget(namespaces)]
    var isTuple = false
    while take(",") {
      isTuple = true
      switch current.kind {
      case .name("in"), .symbol(")"), .endBlock: break
      default:
        targets.append(try singleTarget(namespaces))
        continue
      }
      break
    }
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func singleTarget(_ namespaces: Bool) throws(TemplateError) -> Target {
    if take("(") {
      let inner = try target(namespaces: namespaces)
      try expect(")")
      return inner
    }
    let name = try self.name()
    if namespaces, take(".") { return .attribute(name, try self.name()) }
    return .name(try assignable(name))
  }

  private func assignable(_ name: String) throws(TemplateError) -> String {
    guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
      throw fault("'\(name)' cannot be set")
    }
    return name
  }
}
