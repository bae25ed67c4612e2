/// A text in Unicode's normalization form C, and where its changed stretches came from.
struct NormalizedText {
  /// A stretch that normalization changed, in the bytes of both texts.
  struct Change { var normalized: Range<Int>, original: Range<Int> }

  private(set) var bytes: [UInt8] = []
  private(set) var changes: [Change] = []

  /// nil if the text is in form C already, which most texts are.
  init?(_ text: Characters) {
    var kept = 0  // bytes of `text` already taken over
    var start = 0  // the last place where the text may be cut
    var index = 0
    while index < text.count {
      if text.bytes[index] < 0x80 {  // never unstable
        start = index
        index += 1
        continue
      }
      let (kind, length) = text.character(at: index)
      guard kind.contains(.unstable) else {
        start = index
        index += length
        continue
      }
      let end = text.run(of: .unstable, from: index + length, to: text.count)
      let piece = Self.compose(text[start..<end])
      if !piece.elementsEqual(text.bytes[start..<end]) {
        bytes.append(contentsOf: text.bytes[kept..<start])
        let origin = bytes.count
        bytes.append(contentsOf: piece)
        changes.append(Change(normalized: origin..<bytes.count, original: start..<end))
        kept = end
      }
      start = end
      index = end
    }
    guard !changes.isEmpty else { return nil }
    bytes.append(contentsOf: text.bytes[kept..<text.count])
  }

  private static func compose(_ text: Characters) -> [UInt8] {
    let unicode = Composition.shared
    var scalars: [UInt32] = []
    var index = 0
    while index < text.count {
      let (scalar, length) = text.scalar(at: index)
      unicode.decompose(scalar, into: &scalars)
      index += length
    }
    var marks = scalars.map { (scalar: $0, class: unicode.combiningClass($0)) }
    order(&marks)
    var out: [UInt32] = []
    var starter: Int?
    var lastClass: UInt8 = 0
    for mark in marks {
      if let starter, lastClass < mark.class || starter == out.count - 1,
        let joined = unicode.compose(out[starter], mark.scalar)
      {
        out[starter] = joined
        continue
      }
      if mark.class == 0 { starter = out.count }
      lastClass = mark.class
      out.append(mark.scalar)
    }
    return out.flatMap { scalar in
      Unicode.Scalar(scalar).map { Array(UTF8.encode($0) ?? .init()) } ?? []
    }
  }

  /// Canonical ordering: each run of marks by class, stably.
  private static func order(_ marks: inout [(scalar: UInt32, class: UInt8)]) {
    var index = 0
    while index < marks.count {
      guard marks[index].class > 0 else {
        index += 1
        continue
      }
      let end = marks[index...].firstIndex { $0.class == 0 } ?? marks.count
      marks[index..<end].sort { $0.class < $1.class }
      index = end
    }
  }

  /// The original bytes of a range of the normalized text. A range that touches a changed stretch
  /// covers all its original bytes.
  func original(_ range: Range<Int>) -> Range<Int> {
    var lower = range.lowerBound, upper = range.upperBound
    if let change = changes[..<partition { $0.normalized.lowerBound <= lower }].last {
      lower =
        lower < change.normalized.upperBound
        ? change.original.lowerBound
        : lower - change.normalized.upperBound + change.original.upperBound
    }
    if let change = changes[..<partition { $0.normalized.lowerBound < upper }].last {
      upper =
        upper <= change.normalized.upperBound
        ? change.original.upperBound
        : upper - change.normalized.upperBound + change.original.upperBound
    }
    return lower..<max(lower, upper)
  }

  /// The number of leading changes that hold `test` (binary search).
  private func partition(_ test: (Change) -> Bool) -> Int {
    var low = 0, high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if test(changes[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
