// Jinja's tests: what may stand after `is`.

extension TemplateValue {
  func passes(_ test: String, _ arguments: CallArguments) throws(TemplateError) -> Bool {
    if let result = passesKind(test) { return result }
    if case .undefined(let reason) = self, ["odd", "even", "divisibleby"].contains(test) {
      throw TemplateError("\(reason), so it is not a number")
    }
    switch test {
    case "odd", "even":
      guard let value = integer else { throw TemplateError("'\(test)' asks for an integer") }
      return (value % 2 != 0) == (test == "odd")
    case "lower": return text.isIdentical(to: text.lowercased())
    case "upper": return text.isIdentical(to: text.uppercased())
    default: break
    }
    guard let other = arguments.positional.first else {
      throw TemplateError("'is \(test)' is not a test, or lacks its operand")
    }
    switch test {
    case "equalto", "eq", "==", "sameas": return equals(other)
    case "ne", "!=": return !equals(other)
    case "lt", "lessthan": return try compared(.less, other)
    case "gt", "greaterthan": return try compared(.greater, other)
    case "le": return try compared(.lessOrEqual, other)
    case "ge": return try compared(.greaterOrEqual, other)
    case "in": return try other.contains(self)
    case "divisibleby":
      guard let value = integer, let divisor = other.integer, divisor != 0 else {
        throw TemplateError("'divisibleby' asks for integers")
      }
      return divisor == -1 || value % divisor == 0
    default: throw TemplateError("'is \(test)' is not a test chat templates may use")
    }
  }

  /// Tests of what a value is; nil for other tests.
  private func passesKind(_ test: String) -> Bool? {
    switch (test, self) {
    case ("defined", _): !isUndefined
    case ("undefined", _): isUndefined
    case ("none", _): isNone
    case ("string", .string), ("mapping", .mapping), ("float", .double), ("boolean", .bool): true
    case ("integer", .int): true
    case ("number", .int), ("number", .double), ("number", .bool): true
    case ("true", .bool(let value)): value
    case ("false", .bool(let value)): !value
    case ("iterable", .string), ("iterable", .list), ("iterable", .tuple), ("iterable", .mapping),
      ("iterable", .undefined), ("iterable", .loop):
      true
    case ("sequence", .string), ("sequence", .list), ("sequence", .tuple), ("sequence", .mapping),
      ("sequence", .undefined):
      true
    case ("callable", .macro), ("callable", .function), ("callable", .method),
      ("callable", .undefined):
      true
    case ("string", _), ("mapping", _), ("float", _), ("boolean", _), ("integer", _), ("number", _),
      ("true", _), ("false", _), ("iterable", _), ("sequence", _), ("callable", _):
      false
    default: nil
    }
  }
}
