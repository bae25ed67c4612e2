extension RegularExpressionParser {
  /// What follows a backslash outside a class.
  mutating func escape() throws(RegularExpressionError) -> RegularExpression.Node {
    switch next.flatMap(Unicode.Scalar.init) {
    case "A": return try anchor(.textBegin)
    case "z": return try anchor(.textEnd)
    case "Z": return try anchor(.lastLineEnd)
    case "b": return try anchor(.wordBoundary)
    case "B": return try anchor(.noWordBoundary)
    case let digit? where ("1"..."9").contains(digit):
      throw fault("a reference back to a group (\\\(digit)) is not read")
    default: return .set(try folded(try escapedSet(isInClass: false)))
    }
  }

  private mutating func anchor(_ anchor: RegularExpression.Node.Anchor)
    throws(RegularExpressionError)
    -> RegularExpression.Node
  {
    _ = try take()
    return .anchor(anchor)
  }

  /// The set or the one scalar that an escape stands for, within a class or outside.
  private mutating func escapedSet(isInClass: Bool) throws(RegularExpressionError) -> ScalarSet {
    let sets = UnicodeCategory.sets
    let word = isInClass ? sets.wordInClass : sets.word
    let scalar = try take()
    switch Unicode.Scalar(scalar) {
    case "d": return sets.digit
    case "D": return sets.digit.inverted
    case "w": return word
    case "W": return word.inverted
    case "s": return sets.space
    case "S": return sets.space.inverted
    case "h": return sets.posix("xdigit") ?? ScalarSet()
    case "H": return (sets.posix("xdigit") ?? ScalarSet()).inverted
    case "p" where isNext("{"): return try property(isNegated: false)
    case "P" where isNext("{"): return try property(isNegated: true)
    case "n": return ScalarSet(0x0A)
    case "t": return ScalarSet(0x09)
    case "r": return ScalarSet(0x0D)
    case "f": return ScalarSet(0x0C)
    case "v": return ScalarSet(0x0B)
    case "a": return ScalarSet(0x07)
    case "e": return ScalarSet(0x1B)
    case "x":
      guard take("{") else { return ScalarSet(try hexadecimal(digits: 1...2)) }
      let value = try hexadecimal(digits: 1...8)
      guard take("}") else { throw fault("a \\x{ has no }") }
      return ScalarSet(value)
    case "u": return ScalarSet(try hexadecimal(digits: 4...4))
    case "0": return ScalarSet(octal())
    case let letter? where letter.properties.isAlphabetic && letter.isASCII && letter != "p":
      throw fault("\\\(letter) is not known")
    default: return ScalarSet(scalar)
    }
  }

  private mutating func property(isNegated: Bool) throws(RegularExpressionError) -> ScalarSet {
    _ = take("{")
    let isInverted = take("^") != isNegated
    let name = try text(upTo: "}")
    guard let set = UnicodeCategory.sets.property(name) else {
      throw fault("the property \\p{\(name)} is not known")
    }
    return isInverted ? set.inverted : set
  }

  private mutating func hexadecimal(digits: ClosedRange<Int>) throws(RegularExpressionError)
    -> UInt32
  {
    var value: UInt32 = 0, count = 0
    while count < digits.upperBound, let next, let scalar = Unicode.Scalar(next),
      scalar.isASCII, let digit = Character(scalar).hexDigitValue
    {
      value = value << 4 | UInt32(digit)
      count += 1
      _ = try take()
    }
    guard count >= digits.lowerBound, value <= ScalarSet.last else {
      throw fault("a hexadecimal escape is incomplete or no character")
    }
    return value
  }

  /// Up to two digits after `\0`.
  private mutating func octal() -> UInt32 {
    var value: UInt32 = 0, count = 0
    while count < 2, let next, (0x30...0x37).contains(next) {
      value = value * 8 + next - 0x30
      count += 1
      _ = try? take()
    }
    return value
  }

  // MARK: Classes

  /// What follows a '[', the closing ']' included.
  mutating func characterClass() throws(RegularExpressionError) -> ScalarSet {
    let isNegated = take("^")
    var whole: ScalarSet?, set = ScalarSet(), isFirst = true
    while isFirst || !isNext("]") {
      guard next != nil else { throw fault("a '[' has no ']'") }
      if take("&&") {
        whole = try intersected(whole, set)
        set = ScalarSet()
        continue
      }
      set = set.union(try member(isFirst: isFirst))
      isFirst = false
    }
    _ = take("]")
    let result = try intersected(whole, set)
    return isNegated ? result.inverted : result
  }

  private func intersected(_ whole: ScalarSet?, _ set: ScalarSet) throws(RegularExpressionError)
    -> ScalarSet
  {
    let set = try folded(set)
    return whole?.intersection(set) ?? set
  }

  /// One scalar, range, escape or class within a class.
  private mutating func member(isFirst: Bool) throws(RegularExpressionError) -> ScalarSet {
    if take("[:") { return try posix() }
    if take("[") { return try characterClass() }
    let low = try memberScalar()
    // A hyphen before the end stands for itself.
    guard low.isSingle, isNext("-"), !isNext("-]"), !isNext("-&&") else { return low }
    _ = take("-")
    guard !isNext("[") else { return low.union(ScalarSet(0x2D)) }
    let high = try memberScalar()
    guard high.isSingle, let first = low.ranges.first?.lowerBound,
      let last = high.ranges.first?.lowerBound, first <= last
    else { throw fault("a range of characters is out of order or has no end") }
    return ScalarSet([first...last])
  }

  private mutating func memberScalar() throws(RegularExpressionError) -> ScalarSet {
    guard take("\\") else { return ScalarSet(try take()) }
    return take("b") ? ScalarSet(0x08) : try escapedSet(isInClass: true)
  }

  private mutating func posix() throws(RegularExpressionError) -> ScalarSet {
    let isNegated = take("^")
    let name = try text(upTo: ":")
    guard take("]"), let set = UnicodeCategory.sets.posix(name) else {
      throw fault("the class [:\(name):] is not known")
    }
    return isNegated ? set.inverted : set
  }
}

extension ScalarSet {
  /// Whether it holds one scalar alone.
  fileprivate var isSingle: Bool {
    ranges.count == 1 && ranges[0].lowerBound == ranges[0].upperBound
  }
}
