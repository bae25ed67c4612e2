// Jinja's tests: what may stand after `is`.

extension TemplateValue {
  /// How many operands a test takes. The other names of one test stand in `aliases`.
  static let tests: [String: Int] = [
    "odd": 0, "even": 0, "divisibleby": 1, "defined": 0, "undefined": 0, "filter": 0, "test": 0,
    "none": 0, "boolean": 0, "false": 0, "true": 0, "integer": 0, "float": 0, "lower": 0,
    "upper": 0, "string": 0, "mapping": 0, "number": 0, "sequence": 0, "iterable": 0,
    "callable": 0, "sameas": 1, "escaped": 0, "in": 1, "==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1,
    ">=": 1,
  ]
  private static let aliases = [
    "eq": "==", "equalto": "==", "ne": "!=", "gt": ">", "greaterthan": ">", "ge": ">=", "lt": "<",
    "lessthan": "<", "le": "<=",
  ]

  /// `self is name(arguments)`
  func passes(_ name: String, _ arguments: CallArguments) throws(TemplateError) -> Bool {
    let test = Self.aliases[name] ?? name
    guard let count = Self.tests[test] else {
      throw TemplateError("'\(name)' is not a test of Jinja's")
    }
    guard arguments.positional.count == count, arguments.named.isEmpty else {
      throw TemplateError(
        "'is \(name)' takes \(count) operands, got \(arguments.positional.count)")
    }
    if let comparison = ComparisonOperator(rawValue: test) {
      return try compared(comparison, arguments.positional[0])
    }
    if let result = passesKind(test) { return result }
    switch test {
    case "odd", "even": return try remainder(of: 2, test) == (test == "odd" ? 1 : 0)
    case "divisibleby":
      guard let divisor = arguments.positional[0].number, divisor != 0 else {
        throw TemplateError("'is divisibleby' asks for a number other than 0")
      }
      return try remainder(of: divisor, test) == 0
    case "sameas": return isSame(as: arguments.positional[0])
    case "lower": return try text().isMade(of: "islower")
    case "upper": return try text().isMade(of: "isupper")
    case "filter":
      _ = try TemplateKey(self)
      let name = string ?? ""
      return TemplateInterpreter.filters[name] != nil
        || TemplateInterpreter.refusedFilters[name] != nil
    default:
      _ = try TemplateKey(self)
      let name = string ?? ""
      return Self.tests[name] != nil || Self.aliases[name] != nil
    }
  }

  private func remainder(of divisor: Double, _ test: String) throws(TemplateError) -> Double {
    if case .undefined(let reason) = self { throw TemplateError("\(reason), so it is no number") }
    guard number != nil,
      let rest = try applying(.remainder, .double(divisor)).number
    else { throw TemplateError("'is \(test)' asks for a number, not \(kind)") }
    return rest
  }

  /// Python's `is`, as far as values without a place in memory have it.
  private func isSame(as other: TemplateValue) -> Bool {
    switch (self, other) {
    case (.none, .none): true
    case (.bool(let left), .bool(let right)): left == right
    case (.int(let left), .int(let right)): left == right
    case (.bool, _), (.int, _), (_, .bool), (_, .int): false
    default: equals(other)
    }
  }

  /// Tests of what a value is; nil for other tests.
  private func passesKind(_ test: String) -> Bool? {
    switch (test, self) {
    case ("defined", _): !isUndefined
    case ("undefined", _): isUndefined
    case ("none", _): isNone
    case ("string", _): string != nil
    case ("escaped", .markup), ("mapping", .mapping), ("float", .double), ("boolean", .bool),
      ("integer", .int):
      true
    case ("number", _): number != nil
    case ("true", .bool(let value)): value
    case ("false", .bool(let value)): !value
    case ("iterable", .view), ("iterable", .iterator), ("iterable", .loop): true
    case ("iterable", _), ("sequence", _): isSequence
    case ("callable", .macro), ("callable", .function), ("callable", .method),
      ("callable", .undefined), ("callable", .loop):
      true
    case ("escaped", _), ("mapping", _), ("float", _), ("boolean", _), ("integer", _),
      ("true", _), ("false", _), ("callable", _):
      false
    default: nil
    }
  }

  /// Whether it has a length and elements.
  private var isSequence: Bool {
    switch self {
    case .string, .markup, .list, .tuple, .group, .mapping, .range, .undefined: true
    default: false
    }
  }
}
