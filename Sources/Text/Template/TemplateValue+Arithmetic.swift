// Operators between values.

extension TemplateValue {
  /// `self <symbol> other`
  func applying(_ symbol: BinaryOperator, _ other: TemplateValue)
    throws(TemplateError) -> TemplateValue
  {
    switch (symbol, self, other) {
    case (.remainder, .string(let format), _), (.remainder, .markup(let format), _):
      return marked(try PercentFormat(format, isMarked: isMarkup).text(of: other))
    case (_, .undefined(let reason), _), (_, _, .undefined(let reason)):
      throw TemplateError("\(reason), so '\(symbol.rawValue)' cannot be applied")
    case (.add, .list(let left), .list(let right)): return .list(left + right)
    case (.multiply, _, _) where repeats && other.integer != nil:
      return try repeated(other.integer ?? 0)
    case (.multiply, _, _) where other.repeats && integer != nil:
      return try other.repeated(integer ?? 0)
    default: break
    }
    if symbol == .add, let joined = joined(to: other) { return joined }
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

  private var isMarkup: Bool { if case .markup = self { true } else { false } }

  private var repeats: Bool { string != nil || elements != nil }

  /// The sum of two strings or two tuples; a plain string beside a marked one is escaped.
  private func joined(to other: TemplateValue) -> TemplateValue? {
    if let left = string, let right = other.string {
      guard isMarkup || other.isMarkup else { return .string(left + right) }
      return .markup(escaped + other.escaped)
    }
    switch (self, other) {
    case (.tuple, .tuple), (.tuple, .group), (.group, .tuple), (.group, .group):
      return .tuple((elements ?? []) + (other.elements ?? []))
    default: return nil
    }
  }

  /// The text of a string with HTML's characters escaped, unless it is marked.
  var escaped: String {
    guard case .string(let text) = self else { return string ?? "" }
    return text.escapedForHTML
  }

  private func repeated(_ count: Int) throws(TemplateError) -> TemplateValue {
    guard try max(count, 0).multipliedReportingOverflow(by: self.count()).partialValue < 1 << 24,
      count < 1 << 24
    else { throw TemplateError("repeating \(kind) \(count) times is too much") }
    if let text = string { return marked(String(repeating: text, count: max(count, 0))) }
    let all = Array(repeatElement(elements ?? [], count: max(count, 0)).joined())
    if case .list = self { return .list(all) }
    return .tuple(all)
  }

  /// `-self`
  func negated() throws(TemplateError) -> TemplateValue {
    if let value = integer {
      guard value != .min else { throw TemplateError("-(\(value)) does not fit 64 bits") }
      return .int(-value)
    }
    guard let number else { throw TemplateError("\(kind) has no negative") }
    return .double(-number)
  }

  /// `+self`
  func positive() throws(TemplateError) -> TemplateValue {
    if let integer { return .int(integer) }
    guard number != nil else { throw TemplateError("'+' cannot stand before \(kind)") }
    return self
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
      if right > 64, (-1...1).contains(left) {
        return left == -1 && right % 2 == 1 ? -1 : abs(power)
      }
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
    case .power:
      guard left != 0 || right >= 0 else { throw TemplateError("division by zero") }
      let power = SystemLibrary.power(left, right)
      guard power.isFinite || !left.isFinite || !right.isFinite else {
        throw TemplateError("\(left) ** \(right) is no finite number")
      }
      return power
    case .divide:
      guard right != 0 else { throw TemplateError("division by zero") }
      return left / right
    case .floorDivide, .remainder:
      guard right != 0 else { throw TemplateError("division by zero") }
      // Python takes the exact remainder and gives it the divisor's sign.
      var rest = left.truncatingRemainder(dividingBy: right)
      var quotient = ((left - rest) / right).rounded(.toNearestOrEven)
      if rest == 0 {
        rest = Double(signOf: right, magnitudeOf: 0)
      } else if (rest < 0) != (right < 0) {
        rest += right
        quotient -= 1
      }
      if quotient == 0 { quotient = Double(signOf: left / right, magnitudeOf: 0) }
      return symbol == .floorDivide ? quotient : rest
    }
  }
}

extension String {
  /// With the five characters that mean something to HTML written as entities.
  var escapedForHTML: String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;")]
      .reduce(self) { $0.replacing($1.0, with: $1.1) }
  }
}
