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
    case .negative(let operand): return try negated(evaluate(operand))
    case .positive(let operand): return try evaluate(operand)
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
      return .string(try evaluate(parts).map(\.text).joined())
    case .comparison(let first, let operands): return .bool(try compare(first, operands))
    case .conditional(let condition, let then, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(then) }
      return try otherwise.map { (value) throws(TemplateError) in try evaluate(value) }
        ?? .undefined("the inline if has no else")
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
    }
  }

  private func evaluate(_ expressions: [Expression]) throws(TemplateError) -> [TemplateValue] {
    try expressions.map { (expression) throws(TemplateError) in try evaluate(expression) }
  }

  func evaluate(_ arguments: Arguments) throws(TemplateError) -> CallArguments {
    CallArguments(
      positional: try evaluate(arguments.positional),
      named: try arguments.named.map { (argument) throws(TemplateError) in
        (argument.name, try evaluate(argument.value))
      })
  }

  private func mapping(_ members: [(key: Expression, value: Expression)])
    throws(TemplateError) -> TemplateValue
  {
    var mapping = TemplateMapping()
    for member in members {
      guard case .string(let key) = try evaluate(member.key) else {
        throw TemplateError("keys of a mapping must be strings")
      }
      mapping[key] = try evaluate(member.value)
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

  private func negated(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
    if let value = value.integer { return .int(0 &- value) }
    guard let number = value.number else { throw TemplateError("\(value.kind) has no negative") }
    return .double(-number)
  }

  // MARK: Calls

  static let globals = ["range", "namespace", "dict", "raise_exception", "strftime_now"]

  private func call(_ callee: TemplateValue, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    switch callee {
    case .macro(let macro): return .string(try call(macro, arguments))
    case .method(let receiver, let name): return try receiver.calling(name, arguments)
    case .function(let name): return try call(function: name, arguments)
    case .undefined(let reason): throw TemplateError("\(reason), so it cannot be called")
    default: throw TemplateError("\(callee.kind) cannot be called")
    }
  }

  private func call(function name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    switch name {
    case "namespace":
      let namespace = TemplateNamespace()
      namespace.attributes = try members(arguments)
      return .namespace(namespace)
    case "dict": return .mapping(try members(arguments))
    case "range": return .list(try range(arguments))
    case "strftime_now":
      guard case .string(let format)? = arguments.positional.first else {
        throw TemplateError("strftime_now asks for a format")
      }
      return .string(now.formatted(format))
    default:
      throw TemplateError(arguments[0, "message"]?.text ?? "the template raised an exception")
    }
  }

  private func members(_ arguments: CallArguments) throws(TemplateError) -> TemplateMapping {
    var mapping = TemplateMapping()
    if let first = arguments.positional.first {
      guard case .mapping(let members) = first else {
        throw TemplateError("dict and namespace take a mapping or named values")
      }
      mapping = members
      mapping.message = nil
    }
    for (name, value) in arguments.named { mapping[name] = value }
    return mapping
  }

  private func range(_ arguments: CallArguments) throws(TemplateError) -> [TemplateValue] {
    let bounds = arguments.positional.compactMap(\.integer)
    guard bounds.count == arguments.positional.count, (1...3).contains(bounds.count) else {
      throw TemplateError("range asks for one to three integers")
    }
    let (start, stop) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
    let step = bounds.count == 3 ? bounds[2] : 1
    guard step != 0 else { throw TemplateError("the step of a range must not be 0") }
    guard (Double(stop) - Double(start)) / Double(step) <= 100_000 else {
      throw TemplateError("a range may have at most 100000 items")
    }
    guard (start < stop) == (step > 0) else { return [] }
    return stride(from: start, to: stop, by: step).map { .int($0) }
  }
}
