/// What a chat template leaves out of the text of assistant turns that are trained: reasoning of
/// earlier turns, white space at the ends, whatever it cuts or rewrites.
public struct Omission: Sendable, Hashable {
  /// Turns of whose text a part is missing, and the characters that are missing.
  public var turns = 0, characters = 0

  /// Nothing is missing.
  public init() {}

  /// Counts a turn that lacks so many characters.
  mutating func add(turnLacking characters: Int) {
    guard characters > 0 else { return }
    turns += 1
    self.characters += characters
  }

  /// Adds what is missing elsewhere.
  public static func += (sum: inout Omission, other: Omission) {
    sum.turns += other.turns
    sum.characters += other.characters
  }
}

/// A text that a template was given, compared with what it wrote.
struct Written {
  let output: [UInt8]

  init(_ output: some Sequence<UInt8>) { self.output = Array(output) }

  /// The characters of `text` that are missing: those between a beginning and an end of it that were
  /// written, one before the other. Of two such pairs, the one with the longest beginning and the one
  /// with the longest end, that counts which leaves less between them.
  func missing(of text: String) -> Int {
    let wanted = Array(text.utf8)
    // Nearly always the text stands at the very beginning.
    guard !output.starts(with: wanted), output.lastPlace(of: wanted[...]) == nil else { return 0 }
    let end = longestEnd(of: wanted), room = wanted.count - end.count
    let before = output[..<(end.place ?? output.count)]
    let start = longest(room) { before.lastPlace(of: wanted[..<$0]) != nil }
    let beginning = longest(wanted.count) { output.lastPlace(of: wanted[..<$0]) != nil }
    let place = output.lastPlace(of: wanted[..<beginning]) ?? 0
    let after = output[(beginning == 0 ? 0 : place + beginning)...]
    let rest = longest(wanted.count - beginning) { after.lastPlace(of: wanted.suffix($0)) != nil }
    return min(
      characters(of: wanted, start..<room),
      characters(of: wanted, beginning..<wanted.count - rest))
  }

  /// The characters of `text` that lie in `range`, those that it cuts included.
  private func characters(of text: [UInt8], _ range: Range<Int>) -> Int {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start > 0, start < text.count, text[start] & 0xC0 == 0x80 { start -= 1 }
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    return String(decoding: text[start..<end], as: UTF8.self).count
  }

  /// How much of the end of `wanted` was written, and where that begins.
  func longestEnd(of wanted: [UInt8]) -> (count: Int, place: Int?) {
    let count = longest(wanted.count) { output.lastPlace(of: wanted.suffix($0)) != nil }
    return (count, count == 0 ? nil : output.lastPlace(of: wanted.suffix(count)))
  }

  /// The largest length up to `bound` that `holds`, which then holds of all shorter ones.
  private func longest(_ bound: Int, where holds: (Int) -> Bool) -> Int {
    var low = 0, high = bound
    while low < high {
      let middle = (low + high + 1) / 2
      if holds(middle) { low = middle } else { high = middle - 1 }
    }
    return low
  }
}

extension RandomAccessCollection<UInt8> where Index == Int {
  /// Where `part` occurs last; nil: nowhere.
  func lastPlace(of part: ArraySlice<UInt8>) -> Int? {
    guard let first = part.first else { return endIndex }
    var place = endIndex - part.count
    while place >= startIndex {
      if self[place] == first, self[place..<place + part.count].elementsEqual(part) {
        return place
      }
      place -= 1
    }
    return nil
  }

  /// How often `part` occurs, one behind the other.
  func count(of part: [UInt8]) -> Int {
    guard let first = part.first else { return 0 }
    var place = startIndex, count = 0
    while place + part.count <= endIndex {
      if self[place] == first, self[place..<place + part.count].elementsEqual(part) {
        count += 1
        place += part.count
      } else {
        place += 1
      }
    }
    return count
  }
}
