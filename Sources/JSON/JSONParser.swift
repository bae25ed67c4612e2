/// A recursive-descent parser over bytes (RFC 8259), the one reader of JSON here: the host's module
/// `JSON` and the plugins' kit both compile this file, each with the value that it makes
/// (`ParsedJSON`).
///
/// A comma before a closing bracket is let pass, since people's files have it and nothing is lost by
/// it. What would be read as something else than it says is refused: a key that stands twice, half
/// of a surrogate pair, a number beyond the doubles. Depth is bounded so that hostile input cannot
/// end the process by exhausting the stack.
struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  var depth = 0
  static let maximumDepth = 512
  /// The keys that lead to an object that becomes an array of its keys and values in turn.
  var path: [String] = []
  /// How many of them the parser stands under.
  private var followed = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> ParsedJSON {
    skipMark()
    let value = try self.value()
    skipSpace()
    guard position == bytes.count else { throw fault("text after the end of the document") }
    return value
  }

  /// Passes over a byte-order mark, which some programs put at the head of a file.
  mutating func skipMark() {
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
  }

  /// What is wrong at `place`, else where the parser stands.
  func fault(_ message: String, at place: Int? = nil) -> JSONError {
    let end = min(place ?? position, bytes.count)
    var line = 1, start = 0
    for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
      line += 1
      start = index + 1
    }
    return JSONError(message: message, line: line, column: end - start + 1)
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func value() throws(JSONError) -> ParsedJSON {
    skipSpace()
    guard position < bytes.count else { throw fault("the text ends where a value should be") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      let isForeign = position == 0 && [0, 0xFE, 0xFF].contains(bytes[0])
      throw fault(
        isForeign
          ? "the text is not UTF-8, perhaps UTF-16; write it as UTF-8"
          : "a value cannot begin with '\(character)'")
    }
  }

  private var character: String {
    guard position < bytes.count else { return "end of text" }
    return String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self).first
      .map(String.init) ?? "?"
  }

  private mutating func literal(_ text: StaticString, _ value: ParsedJSON) throws(JSONError)
    -> ParsedJSON
  {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { throw fault("unknown word") }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] {
      throw fault("unknown word; JSON knows true, false and null")
    }
    position += count
    return value
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw fault("nested more than \(Self.maximumDepth) levels deep")
    }
    position += 1
  }

  private mutating func object() throws(JSONError) -> ParsedJSON {
    let isList = !path.isEmpty && followed == path.count && depth == path.count
    try enter()
    var members = ParsedJSON.Members(), list: [ParsedJSON] = []
    skipSpace()
    while !take(UInt8(ascii: "}")) {
      let start = position
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw fault("expected a key in quotes, found '\(character)'")
      }
      let key = try string()
      guard members[key] == nil else {
        throw fault("the key \"\(key)\" stands twice in one object", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw fault("expected ':' after the key \"\(key)\"") }
      let isOnPath = followed == depth - 1 && followed < path.count && key == path[followed]
      if isOnPath { followed += 1 }
      let value = try self.value()
      if isOnPath { followed -= 1 }
      if isList { list += [.string(key), value] } else { members[key] = value }
      try endItem(before: UInt8(ascii: "}"), "expected ',' or '}' in an object")
    }
    depth -= 1
    return isList ? .array(list) : .object(members)
  }

  private mutating func array() throws(JSONError) -> ParsedJSON {
    try enter()
    var elements: [ParsedJSON] = []
    skipSpace()
    while !take(UInt8(ascii: "]")) {
      elements.append(try value())
      try endItem(before: UInt8(ascii: "]"), "expected ',' or ']' in an array")
    }
    depth -= 1
    return .array(elements)
  }

  /// Passes over the comma behind an item; there must be one unless the closing bracket follows.
  mutating func endItem(before bracket: UInt8, _ message: String) throws(JSONError) {
    skipSpace()
    let hasComma = take(UInt8(ascii: ","))
    skipSpace()
    let isLast = position < bytes.count && bytes[position] == bracket
    guard hasComma || isLast else { throw fault(message) }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20
    { position += 1 }
    guard position < bytes.count else { throw fault("a string is not closed") }
    if bytes[position] == UInt8(ascii: "\"") {
      let text = try utf8(start..<position)
      position += 1
      return text
    }
    return try escapedString(from: start)
  }

  private func utf8(_ range: Range<Int>) throws(JSONError) -> String {
    let part = UnsafeBufferPointer(rebasing: bytes[range])
    guard let text = String(validating: part, as: UTF8.self) else {
      let valid = String(decoding: part, as: UTF8.self).utf8
      let agree = zip(valid, part).prefix { $0 == $1 }.count
      throw fault("a byte that is not UTF-8", at: range.lowerBound + agree)
    }
    return text
  }

  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var text = try utf8(start..<position)
    while true {
      guard position < bytes.count else { throw fault("a string is not closed") }
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return text
      case UInt8(ascii: "\\"):
        position += 1
        text.unicodeScalars.append(try escape())
      case 0..<0x20:
        throw fault("a control character in a string must be escaped")
      default:
        let run = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
          bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20
        { position += 1 }
        text += try utf8(run..<position)
      }
    }
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard position < bytes.count else { throw fault("a string is not closed") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw fault("unknown escape '\\\(Character(Unicode.Scalar(letter)))'")
    }
  }

  /// `\u` and four hexadecimal digits, or two of them that are a surrogate pair.
  private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let start = position - 2
    let high = try hexadecimal()
    if let scalar = Unicode.Scalar(high) { return scalar }
    if (0xD800..<0xDC00).contains(high), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let low = try hexadecimal()
      if (0xDC00..<0xE000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      {
        return scalar
      }
    }
    throw fault("half of a surrogate pair, which stands for no character", at: start)
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw fault("\\u needs four hexadecimal digits") }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw fault("\\u needs four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> ParsedJSON {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let leadingZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
    let digits = skipDigits()
    guard digits > 0, !(leadingZero && digits > 1) else { throw fault("malformed number") }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      guard skipDigits() > 0 else { throw fault("malformed number: no digit after '.'") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
      guard skipDigits() > 0 else { throw fault("malformed number: no digit in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw fault("the number is beyond the doubles", at: start)
    }
    return .double(value)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    { position += 1 }
    return position - start
  }
}
