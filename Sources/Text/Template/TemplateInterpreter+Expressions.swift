// Values of expressions.

extension TemplateInterpreter {
  func evaluate(_ expression: Expression) throws(TemplateError) -> TemplateValue {
    try enter()
    defer { depth -= 1 }
    return try value(of: expression)
  }

  private func value(of expression: Expression) throws(TemplateError) -> TemplateValue {
    switch expression {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .string(let text): return .string(text)
    case .name(let name): return scope[name] ?? .undefined("'\(name)' is undefined")
    case .list(let elements): return .list(try evaluate(elements))
    case .tuple(let elements): return .tuple(try evaluate(elements))
    case .mapping(let members): return try mapping(members)
    case .negative(let operand): return try evaluate(operand).negated()
    case .positive(let operand): return try evaluate(operand).positive()
    case .not(let operand): return .bool(!(try evaluate(operand).isTrue))
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    case .binary(let symbol, let left, let right):
      return try evaluate(left).applying(symbol, try evaluate(right))
    case .concatenation(let parts):
      let values = try evaluate(parts)
      return .string(
        try values.map { (value) throws(TemplateError) in try value.text() }.joined())
    case .comparison(let first, let operands): return .bool(try compare(first, operands))
    case .conditional(let condition, let then, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(then) }
      return try otherwise.map { (value) throws(TemplateError) in try evaluate(value) }
        ?? .undefined("the inline if has no else")
    default: return try accessed(expression)
    }
  }

  /// Attributes, elements, calls, filters and tests.
  private func accessed(_ expression: Expression) throws(TemplateError) -> TemplateValue {
    switch expression {
    case .attribute(let base, let name): return try evaluate(base).attribute(name)
    case .element(let base, let index): return try evaluate(base).element(evaluate(index))
    case .slice(let base, let start, let stop, let step):
      return try evaluate(base).slice(bound(start), bound(stop), bound(step))
    case .call(let callee, let arguments):
      return try call(try evaluate(callee), try evaluate(arguments))
    case .filter(let base, let call):
      return try filter(evaluate(base), call.name, evaluate(call.arguments))
    case .test(let base, let test):
      return .bool(try evaluate(base).passes(test.name, evaluate(test.arguments)))
    default: preconditionFailure("an expression of another kind")
    }
  }

  private func evaluate(_ expressions: [Expression]) throws(TemplateError) -> [TemplateValue] {
    try expressions.map { (expression) throws(TemplateError) in try evaluate(expression) }
  }

  func evaluate(_ arguments: Arguments) throws(TemplateError) -> CallArguments {
    var values = CallArguments(
      positional: try evaluate(arguments.positional),
      named: try arguments.named.map { (argument) throws(TemplateError) in
        (argument.name, try evaluate(argument.value))
      })
    if let spread = arguments.spread { values.positional += try evaluate(spread).iterated() }
    if let spread = arguments.namedSpread {
      guard case .mapping(let mapping) = try evaluate(spread) else {
        throw TemplateError("'**' asks for a mapping")
      }
      for (key, value) in zip(mapping.keys, mapping.values) {
        guard let name = key.string else { throw TemplateError("names after '**' are strings") }
        values.named.append((name, value))
      }
    }
    return values
  }

  private func mapping(_ members: [(key: Expression, value: Expression)])
    throws(TemplateError) -> TemplateValue
  {
    var mapping = TemplateMapping()
    for member in members {
      let key = try evaluate(member.key)
      mapping[try TemplateKey(key), as: key] = try evaluate(member.value)
    }
    return .mapping(mapping)
  }

  private func compare(
    _ first: Expression, _ operands: [(comparison: ComparisonOperator, operand: Expression)]
  ) throws(TemplateError) -> Bool {
    var left = try evaluate(first)
    for (comparison, operand) in operands {
      let right = try evaluate(operand)
      guard try left.compared(comparison, right) else { return false }
      left = right
    }
    return true
  }

  private func bound(_ expression: Expression?) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if value.isNone { return nil }
    guard let bound = value.integer else {
      throw TemplateError("the bounds of a slice must be integers, not \(value.kind)")
    }
    return bound
  }
}
