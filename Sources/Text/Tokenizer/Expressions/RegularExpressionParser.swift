/// Reads Oniguruma's syntax.
struct RegularExpressionParser {
  private let scalars: [UInt32]
  private(set) var position = 0
  var ignoresCase = false
  private var dotTakesNewlines = false
  private var depth = 0

  init(_ pattern: String) { scalars = pattern.unicodeScalars.map(\.value) }

  mutating func parse() throws(RegularExpressionError) -> RegularExpression.Node {
    let whole = try alternatives()
    guard position == scalars.count else { throw fault("a ')' has no '('") }
    return whole
  }

  func fault(_ message: String) -> RegularExpressionError {
    RegularExpressionError(message: message)
  }

  // MARK: Characters of the pattern

  var next: UInt32? { position < scalars.count ? scalars[position] : nil }

  func isNext(_ text: String) -> Bool {
    scalars[position...].starts(with: text.unicodeScalars.map(\.value))
  }

  mutating func take(_ text: String) -> Bool {
    guard isNext(text) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  mutating func take() throws(RegularExpressionError) -> UInt32 {
    guard let next else { throw fault("it ends too early") }
    position += 1
    return next
  }

  /// The text up to `end`, which is passed.
  mutating func text(upTo end: Unicode.Scalar) throws(RegularExpressionError) -> String {
    var text = String.UnicodeScalarView()
    while true {
      let scalar = try take()
      if scalar == end.value { return String(text) }
      text.append(Unicode.Scalar(scalar) ?? "?")
    }
  }

  // MARK: Structure

  private mutating func alternatives() throws(RegularExpressionError) -> RegularExpression.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 100 else { throw fault("its groups are nested more than 100 deep") }
    var parts = [try sequence()]
    while take("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .alternatives(parts)
  }

  private mutating func sequence() throws(RegularExpressionError) -> RegularExpression.Node {
    var parts: [RegularExpression.Node] = []
    var lastLetter: UInt32?
    while let next, next != 0x7C, next != 0x29 {
      let start = position
      guard let part = try term() else { continue }
      if ignoresCase, position == start + 1 {
        try checkFolding(lastLetter, next)
        lastLetter = next
      } else {
        lastLetter = nil
      }
      parts.append(try quantified(part))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  /// Two letters that one character folds to, as "ß" does to "ss", would match it, too.
  private func checkFolding(_ first: UInt32?, _ second: UInt32) throws(RegularExpressionError) {
    guard let first, first < 0x80, second < 0x80 else { return }
    let pair = [UInt8(first | 0x20), UInt8(second | 0x20)]
    if ["ss", "st", "ff", "fi", "fl"].contains(where: { $0.utf8.elementsEqual(pair) }) {
      throw fault("without regard to case \"\(String(decoding: pair, as: UTF8.self))\" is not read")
    }
  }

  /// One part without its quantifier; nil for a comment.
  private mutating func term() throws(RegularExpressionError) -> RegularExpression.Node? {
    let scalar = try take()
    switch Unicode.Scalar(scalar) {
    case "(": return try group()
    case "[": return .set(try characterClass())
    case "\\": return try escape()
    case ".":
      return .set(dotTakesNewlines ? .all : ScalarSet(0x0A).inverted)
    case "^": return .anchor(.lineBegin)
    case "$": return .anchor(.lineEnd)
    case "*", "+", "?": throw fault("a quantifier stands where nothing can be repeated")
    default: return .set(try folded(ScalarSet(scalar)))
    }
  }

  /// The set with both cases where the expression asks for that.
  func folded(_ set: ScalarSet) throws(RegularExpressionError) -> ScalarSet {
    guard ignoresCase else { return set }
    guard let folded = set.foldingCase else {
      throw fault("letters beyond ASCII without regard to case are not read")
    }
    return folded
  }

  private mutating func group() throws(RegularExpressionError) -> RegularExpression.Node? {
    let (outerCase, outerDot) = (ignoresCase, dotTakesNewlines)
    defer { (ignoresCase, dotTakesNewlines) = (outerCase, outerDot) }
    guard take("?") else { return try closed { $0 } }
    if take("#") {
      _ = try text(upTo: ")")
      return nil
    }
    if take(":") { return try closed { $0 } }
    if take(">") { return try closed(RegularExpression.Node.atomic) }
    if take("=") { return try closed { .look($0, .ahead, isNegated: false) } }
    if take("!") { return try closed { .look($0, .ahead, isNegated: true) } }
    if take("<=") { return try closed { .look($0, .behind, isNegated: false) } }
    if take("<!") { return try closed { .look($0, .behind, isNegated: true) } }
    if take("<") {
      _ = try text(upTo: ">")
      return try closed { $0 }
    }
    try options()
    if take(":") { return try closed { $0 } }
    // (?i) holds to the end of the group that it stands in.
    guard take(")") else { throw fault("a group begins in a way that is not known") }
    return try alternatives()
  }

  /// The rest of a group and its ')'.
  private mutating func closed(_ wrap: (RegularExpression.Node) -> RegularExpression.Node)
    throws(RegularExpressionError) -> RegularExpression.Node
  {
    let body = try alternatives()
    guard take(")") else { throw fault("a '(' has no ')'") }
    return wrap(body)
  }

  /// `i`, `m`, `-i`, …
  private mutating func options() throws(RegularExpressionError) {
    var isOn = true
    while let next, next != 0x3A, next != 0x29 {
      switch Unicode.Scalar(try take()) {
      case "-": isOn = false
      case "i": ignoresCase = isOn
      case "m": dotTakesNewlines = isOn
      default:
        throw fault("the option \"\(Unicode.Scalar(next).map(String.init) ?? "?")\" is not known")
      }
    }
  }

  // MARK: Quantifiers

  private mutating func quantified(_ part: RegularExpression.Node) throws(RegularExpressionError)
    -> RegularExpression.Node
  {
    var part = part
    while true {
      if take("*") {
        part = .repeated(part, minimum: 0, maximum: nil, greed())
      } else if take("+") {
        part = .repeated(part, minimum: 1, maximum: nil, greed())
      } else if take("?") {
        part = .repeated(part, minimum: 0, maximum: 1, greed())
      } else if let (minimum, maximum) = try interval() {
        // Here a further + repeats, and a further ? after {n} makes all optional.
        let isLazy = minimum != maximum && take("?")
        part = .repeated(part, minimum: minimum, maximum: maximum, isLazy ? .lazy : .greedy)
      } else {
        return part
      }
    }
  }

  private mutating func greed() -> RegularExpression.Node.Greed {
    take("?") ? .lazy : take("+") ? .possessive : .greedy
  }

  /// `{2}`, `{2,}`, `{,3}`, `{2,3}`; nil, with nothing taken, where a brace stands for itself.
  private mutating func interval() throws(RegularExpressionError) -> (Int, Int?)? {
    let start = position
    guard take("{") else { return nil }
    let minimum = number()
    let hasComma = take(",")
    let maximum = hasComma ? number() : minimum
    guard take("}"), minimum != nil || maximum != nil else {
      position = start
      return nil
    }
    guard (minimum ?? 0) <= maximum ?? .max, max(minimum ?? 0, maximum ?? 0) <= 1000 else {
      throw fault("a repetition is out of order or goes beyond 1000")
    }
    return (minimum ?? 0, maximum)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let next, (0x30...0x39).contains(next), value ?? 0 < 100_000 {
      value = (value ?? 0) * 10 + Int(next - 0x30)
      position += 1
    }
    return value
  }
}
