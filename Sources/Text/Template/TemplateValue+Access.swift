// Attributes, elements, slices and arithmetic.

extension TemplateValue {
  private static let mappingMethods: Set<String> = [
    "items", "keys", "values", "get", "copy", "clear", "pop", "popitem", "setdefault", "update",
    "fromkeys",
  ]
  private static let listMethods: Set<String> = [
    "index", "count", "copy", "append", "extend", "insert", "pop", "remove", "reverse", "sort",
    "clear",
  ]

  /// `value.name`: a method if the kind has one, else the member of that name.
  func attribute(_ name: String) throws(TemplateError) -> TemplateValue {
    switch self {
    case .undefined(let reason):
      throw TemplateError("\(reason), so it has no attribute '\(name)'")
    case .mapping(let mapping):
      if Self.mappingMethods.contains(name) { return .method(self, name) }
      return mapping[name] ?? missing(name)
    case .namespace(let namespace): return namespace.attributes[name] ?? missing(name)
    case .loop(let loop):
      if name == "cycle" { return .method(self, name) }
      return loop.attribute(name) ?? missing(name)
    case .string: return Self.stringMethods.contains(name) ? .method(self, name) : missing(name)
    case .list, .tuple:
      return Self.listMethods.contains(name) ? .method(self, name) : missing(name)
    default: return missing(name)
    }
  }

  private func missing(_ name: String) -> TemplateValue {
    .undefined("\(kind) has no attribute '\(name)'")
  }

  /// `value[index]`
  func element(_ index: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch (self, index) {
    case (.undefined(let reason), _):
      throw TemplateError("\(reason), so it has no element [\(index.representation)]")
    case (.mapping(let mapping), .string(let key)):
      if let value = mapping[key] { return value }
      return try attribute(key)
    case (.list(let elements), _) where index.integer != nil,
      (.tuple(let elements), _) where index.integer != nil:
      let position = index.integer ?? 0
      let wrapped = position < 0 ? position + elements.count : position
      return elements.indices.contains(wrapped)
        ? elements[wrapped] : .undefined("\(kind) has no element [\(position)]")
    case (.string(let text), _) where index.integer != nil:
      return try TemplateValue.list(text.unicodeScalars.map { .string(String($0)) }).element(index)
    case (_, .string(let name)): return try attribute(name)
    default: return .undefined("\(kind) has no element [\(index.representation)]")
    }
  }

  /// `value[start:stop:step]`
  func slice(_ start: Int?, _ stop: Int?, _ step: Int?) throws(TemplateError) -> TemplateValue {
    switch self {
    case .list(let elements): return .list(try Self.slice(elements, start, stop, step))
    case .tuple(let elements): return .tuple(try Self.slice(elements, start, stop, step))
    case .string(let text):
      let scalars = try Self.slice(Array(text.unicodeScalars), start, stop, step)
      return .string(String(String.UnicodeScalarView(scalars)))
    case .undefined(let reason): throw TemplateError("\(reason), so it cannot be sliced")
    default: throw TemplateError("\(kind) cannot be sliced")
    }
  }

  private static func slice<Element>(
    _ elements: [Element], _ start: Int?, _ stop: Int?, _ step: Int?
  ) throws(TemplateError) -> [Element] {
    let step = step ?? 1
    guard step != 0 else { throw TemplateError("the step of a slice must not be 0") }
    let (low, high) = step > 0 ? (0, elements.count) : (-1, elements.count - 1)
    func clamped(_ bound: Int) -> Int {
      min(max(bound < 0 ? bound + elements.count : bound, low), high)
    }
    var index = start.map(clamped) ?? (step > 0 ? low : high)
    let end = stop.map(clamped) ?? (step > 0 ? high : low)
    var result: [Element] = []
    while step > 0 ? index < end : index > end {
      result.append(elements[index])
      let (next, overflows) = index.addingReportingOverflow(step)
      if overflows { break }
      index = next
    }
    return result
  }

  /// `self <symbol> other`
  func applying(_ symbol: BinaryOperator, _ other: TemplateValue)
    throws(TemplateError) -> TemplateValue
  {
    switch (symbol, self, other) {
    case (_, .undefined(let reason), _), (_, _, .undefined(let reason)):
      throw TemplateError("\(reason), so '\(symbol.rawValue)' cannot be applied")
    case (.add, .string(let left), .string(let right)): return .string(left + right)
    case (.add, .list(let left), .list(let right)): return .list(left + right)
    case (.add, .tuple(let left), .tuple(let right)): return .tuple(left + right)
    case (.multiply, .string, _) where other.integer != nil,
      (.multiply, .list, _) where other.integer != nil:
      return try repeated(other.integer ?? 0)
    case (.multiply, _, .string) where integer != nil, (.multiply, _, .list) where integer != nil:
      return try other.repeated(integer ?? 0)
    default: break
    }
    if let left = integer, let right = other.integer,
      let result = try Self.arithmetic(symbol, left, right)
    {
      return .int(result)
    }
    guard let left = number, let right = other.number else {
      throw TemplateError("'\(symbol.rawValue)' cannot join \(kind) and \(other.kind)")
    }
    return .double(try Self.arithmetic(symbol, left, right))
  }

  private func repeated(_ count: Int) throws(TemplateError) -> TemplateValue {
    guard try max(count, 0).multipliedReportingOverflow(by: self.count()).partialValue < 1 << 24,
      count < 1 << 24
    else { throw TemplateError("repeating \(kind) \(count) times is too much") }
    switch self {
    case .string(let text): return .string(String(repeating: text, count: max(count, 0)))
    case .list(let elements):
      return .list(Array(repeatElement(elements, count: max(count, 0)).joined()))
    default: throw TemplateError("\(kind) cannot be repeated")
    }
  }

  /// Integer arithmetic as in Python (floor division); nil where the result is no integer.
  private static func arithmetic(_ symbol: BinaryOperator, _ left: Int, _ right: Int)
    throws(TemplateError) -> Int?
  {
    let (result, overflows): (Int, Bool)
    switch symbol {
    case .add: (result, overflows) = left.addingReportingOverflow(right)
    case .subtract: (result, overflows) = left.subtractingReportingOverflow(right)
    case .multiply: (result, overflows) = left.multipliedReportingOverflow(by: right)
    case .floorDivide, .remainder:
      guard right != 0 else { throw TemplateError("division by zero") }
      guard right != -1 else { return symbol == .remainder ? 0 : 0 &- left }
      let rest = left % right
      let adjusts = rest != 0 && (rest < 0) != (right < 0)
      if symbol == .remainder { return adjusts ? rest + right : rest }
      return left / right - (adjusts ? 1 : 0)
    case .divide: return nil
    case .power:
      guard right >= 0 else { return nil }
      var (power, large) = (1, false)
      for _ in 0..<min(right, 64) where !large {
        (power, large) = power.multipliedReportingOverflow(by: left)
      }
      if right > 64, abs(left) <= 1 { return left == -1 && right % 2 == 1 ? -1 : abs(power) }
      (result, overflows) = (power, large || right > 64)
    }
    guard !overflows else {
      throw TemplateError("\(left) \(symbol.rawValue) \(right) does not fit 64 bits")
    }
    return result
  }

  private static func arithmetic(_ symbol: BinaryOperator, _ left: Double, _ right: Double)
    throws(TemplateError) -> Double
  {
    switch symbol {
    case .add: return left + right
    case .subtract: return left - right
    case .multiply: return left * right
    case .power: return SystemLibrary.power(left, right)
    case .divide, .floorDivide, .remainder:
      guard right != 0 else { throw TemplateError("division by zero") }
      let quotient = (left / right).rounded(.down)
      if symbol == .floorDivide { return quotient }
      return symbol == .divide ? left / right : left - quotient * right
    }
  }
}
