import TaskKit

/// A number at the end of a text, as lm-evaluation-harness finds it in answers to GSM8K.
struct FinalNumber: Equatable {
  /// As it stands there: `$1,200.`
  let text: String

  init(_ text: String) { self.text = text }

  /// The first number behind `#### ` (`#### (\-?[0-9\.\,]+)`); nil where there is none.
  static func marked(in text: String) -> FinalNumber? {
    let bytes = Array(text.utf8), mark = Array("#### ".utf8)
    for place in bytes.ranges(of: mark) {
      var end = place.upperBound
      if end < bytes.count, bytes[end] == minus { end += 1 }
      let digits = end
      while end < bytes.count, isPart(bytes[end]), bytes[end] != dollar { end += 1 }
      if end > digits { return FinalNumber(bytes[place.upperBound..<end]) }
    }
    return nil
  }

  /// The last number of the text (`(-?[$0-9.,]{2,})|(-?[0-9]+)`); nil where there is none.
  static func last(in text: String) -> FinalNumber? {
    let bytes = Array(text.utf8)
    var last: FinalNumber?, place = 0
    while place < bytes.count {
      let start = bytes[place] == minus ? place + 1 : place
      var end = start
      while end < bytes.count, isPart(bytes[end]) { end += 1 }
      guard end - start > 1 || end - start == 1 && isDigit(bytes[start]) else {
        place += 1
        continue
      }
      last = FinalNumber(bytes[place..<end])
      place = end
    }
    return last
  }

  /// The number that `text` is, or that stands behind its last `#### `.
  init(reference text: String) {
    let end = text.places(of: "#### ").last?.upperBound ?? text.startIndex
    self.init(String(text[end...].trimmed))
  }

  private init(_ bytes: ArraySlice<UInt8>) { text = String(decoding: bytes, as: UTF8.self) }

  /// The number without signs of thousands and dollars and one final dot; nil where the rest is none.
  var value: Double? {
    var digits = text.filter { $0 != "," && $0 != "$" }
    if digits.hasSuffix(".") { digits.removeLast() }
    // Double would read "inf", "0x1p3" and "1e3" too.
    guard digits.utf8.allSatisfy({ Self.isDigit($0) || $0 == Self.minus || $0 == Self.dot }) else {
      return nil
    }
    return Double(digits)
  }

  private static let minus = UInt8(ascii: "-"), dollar = UInt8(ascii: "$")
  private static let dot = UInt8(ascii: "."), comma = UInt8(ascii: ",")

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == dollar || byte == dot || byte == comma
  }
}
