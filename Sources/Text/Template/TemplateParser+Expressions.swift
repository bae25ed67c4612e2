// Expressions, from the weakest binding to the strongest.

extension TemplateParser {
  /// One expression, or several with commas between them: a tuple. A comma may be its last sign,
  /// before the tag's end, a bracket, or the word `endsBefore`.
  mutating func tuple(allowsConditional: Bool = true, endsBefore word: String? = nil)
    throws(TemplateError) -> Expression
  {
    let first = allowsConditional ? try expression() : try disjunction()
    guard sees(",") else { return first }
    var elements = [first]
    while take(",") {
      switch current.kind {
      case .endBlock, .endOutput, .symbol(")"): return .tuple(elements)
      case .name(let name) where name == word: return .tuple(elements)
      default: elements.append(allowsConditional ? try expression() : try disjunction())
      }
    }
    return .tuple(elements)
  }

  /// `a if b else c`
  mutating func expression() throws(TemplateError) -> Expression {
    try nested { (parser) throws(TemplateError) in
      var value = try parser.disjunction()
      while parser.takeName("if") {
        let condition = try parser.disjunction()
        let otherwise = parser.takeName("else") ? try parser.expression() : nil
        value = .conditional(condition, then: value, otherwise: otherwise)
      }
      return value
    }
  }

  mutating func disjunction() throws(TemplateError) -> Expression {
    var left = try conjunction()
    while takeName("or") { left = .or(left, try conjunction()) }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> Expression {
    var left = try negation()
    while takeName("and") { left = .and(left, try negation()) }
    return left
  }

  private mutating func negation() throws(TemplateError) -> Expression {
    guard takeName("not") else { return try comparison() }
    return .not(try nested { (parser) throws(TemplateError) in try parser.negation() })
  }

  private mutating func comparison() throws(TemplateError) -> Expression {
    let first = try sum()
    var operands: [(comparison: ComparisonOperator, operand: Expression)] = []
    while let comparison = takeComparison() { operands.append((comparison, try sum())) }
    return operands.isEmpty ? first : .comparison(first, operands)
  }

  private mutating func takeComparison() -> ComparisonOperator? {
    if case .symbol(let symbol) = current.kind, let found = ComparisonOperator(rawValue: symbol) {
      _ = next()
      return found
    }
    if takeName("in") { return .isIn }
    guard seesName("not"), tokens[position + 1].kind == .name("in") else { return nil }
    position += 2
    return .isNotIn
  }

  private mutating func takeBinary(_ operators: [BinaryOperator]) -> BinaryOperator? {
    guard case .symbol(let symbol) = current.kind, let found = BinaryOperator(rawValue: symbol),
      operators.contains(found)
    else { return nil }
    _ = next()
    return found
  }

  private mutating func sum() throws(TemplateError) -> Expression {
    var left = try concatenation()
    while let found = takeBinary([.add, .subtract]) {
      left = .binary(found, left, try concatenation())
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> Expression {
    var parts = [try product()]
    while take("~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : .concatenation(parts)
  }

  private mutating func product() throws(TemplateError) -> Expression {
    var left = try power()
    while let found = takeBinary([.multiply, .divide, .floorDivide, .remainder]) {
      left = .binary(found, left, try power())
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> Expression {
    var left = try unary()
    while takeBinary([.power]) != nil { left = .binary(.power, left, try unary()) }
    return left
  }

  private mutating func unary(filters: Bool = true) throws(TemplateError) -> Expression {
    try nested { (parser) throws(TemplateError) in
      if parser.take("-") {
        return try parser.filtered(.negative(parser.unary(filters: false)), filters)
      }
      if parser.take("+") {
        return try parser.filtered(.positive(parser.unary(filters: false)), filters)
      }
      return try parser.filtered(parser.postfix(parser.primary()), filters)
    }
  }

  private mutating func filtered(_ value: Expression, _ filters: Bool)
    throws(TemplateError) -> Expression
  {
    guard filters else { return value }
    var value = value
    while true {
      if take("|") {
        value = .filter(value, try filterCall())
      } else if takeName("is") {
        value = try test(value)
      } else if sees("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  mutating func filterCall() throws(TemplateError) -> FilterCall {
    let name = try dottedName()
    return FilterCall(name: name, arguments: sees("(") ? try arguments() : Arguments())
  }

  /// `is [not] name`, `is name(…)` or `is name operand`.
  private mutating func test(_ value: Expression) throws(TemplateError) -> Expression {
    let isNegated = takeName("not")
    var call = FilterCall(name: try dottedName(), arguments: Arguments())
    if sees("(") {
      call.arguments = try arguments()
    } else if beginsTestOperand {
      if seesName("is") { throw fault("tests cannot follow one another with 'is'") }
      call.arguments.positional = [try postfix(primary())]
    }
    return isNegated ? .not(.test(value, call)) : .test(value, call)
  }

  private mutating func dottedName() throws(TemplateError) -> String {
    var name = try self.name()
    while take(".") { name += "." + (try self.name()) }
    return name
  }

  private var beginsTestOperand: Bool {
    switch current.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .int, .double, .symbol("["), .symbol("{"): true
    default: false
    }
  }

  private mutating func postfix(_ value: Expression) throws(TemplateError) -> Expression {
    var value = value
    while true {
      if take(".") {
        if case .int(let index) = current.kind {
          _ = next()
          value = .element(value, .int(index))
        } else {
          value = .attribute(value, try name())
        }
      } else if sees("[") {
        value = try subscripted(value)
      } else if sees("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  /// `[index]`, `[start:stop:step]` or, for a key that is a tuple, `[a, b]`.
  private mutating func subscripted(_ value: Expression) throws(TemplateError) -> Expression {
    try expect("[")
    var parts: [Expression?] = [nil]
    while !sees("]") {
      if parts.count == 1, let first = parts[0], sees(",") { return try keyed(value, first) }
      if take(":") { parts.append(nil) } else { parts[parts.count - 1] = try expression() }
      guard parts.count <= 3, sees(":") || sees("]") || sees(",") || parts[parts.count - 1] == nil
      else { throw fault("expected ':' or ']', found \(current.description)") }
    }
    try expect("]")
    if parts.count == 1 {
      guard let index = parts[0] else { throw fault("a subscript is empty") }
      return .element(value, index)
    }
    return .slice(value, start: parts[0], stop: parts[1], step: parts.count > 2 ? parts[2] : nil)
  }

  private mutating func keyed(_ value: Expression, _ first: Expression) throws(TemplateError)
    -> Expression
  {
    var elements = [first]
    while take(",") { elements.append(try expression()) }
    try expect("]")
    return .element(value, .tuple(elements))
  }

  private mutating func arguments() throws(TemplateError) -> Arguments {
    var arguments = Arguments()
    var count = 0
    try expect("(")
    while !take(")") {
      if count > 0 { try expect(",") }
      if count > 0, take(")") { break }
      count += 1
      try argument(&arguments)
    }
    return arguments
  }

  private mutating func argument(_ arguments: inout Arguments) throws(TemplateError) {
    let hasSpread = arguments.spread != nil || arguments.namedSpread != nil
    if take("*") {
      guard !hasSpread else { throw fault("'*' stands twice in a call") }
      arguments.spread = try expression()
    } else if take("**") {
      guard arguments.namedSpread == nil else { throw fault("'**' stands twice in a call") }
      arguments.namedSpread = try expression()
    } else if case .name(let name) = current.kind, tokens[position + 1].kind == .symbol("=") {
      guard arguments.namedSpread == nil else { throw fault("an argument follows '**'") }
      position += 2
      arguments.named.append((name, try expression()))
    } else {
      guard arguments.named.isEmpty, !hasSpread else {
        throw fault("a positional argument follows a named one")
      }
      arguments.positional.append(try expression())
    }
  }

  private mutating func primary() throws(TemplateError) -> Expression {
    let token = next()
    switch token.kind {
    case .name("true"), .name("True"): return .bool(true)
    case .name("false"), .name("False"): return .bool(false)
    case .name("none"), .name("None"): return .none
    case .name(let name): return .name(name)
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .string(var text):
      while case .string(let more) = current.kind {
        text += more
        _ = next()
      }
      return .string(text)
    case .symbol("("):
      if take(")") { return .tuple([]) }
      let value = try tuple()
      try expect(")")
      return value
    case .symbol("["): return .list(try elements())
    case .symbol("{"): return .mapping(try members())
    default:
      throw TemplateError("expected a value, found \(token.description)", line: token.line)
    }
  }

  private mutating func elements() throws(TemplateError) -> [Expression] {
    var elements: [Expression] = []
    while !take("]") {
      if !elements.isEmpty { try expect(",") }
      if take("]") { break }
      elements.append(try expression())
    }
    return elements
  }

  private mutating func members() throws(TemplateError) -> [(key: Expression, value: Expression)] {
    var members: [(key: Expression, value: Expression)] = []
    while !take("}") {
      if !members.isEmpty { try expect(",") }
      if take("}") { break }
      let key = try expression()
      try expect(":")
      members.append((key, try expression()))
    }
    return members
  }
}
