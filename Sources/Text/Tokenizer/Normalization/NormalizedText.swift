/// A text that steps have changed, and where its stretches came from.
struct NormalizedText {
  /// A stretch that a step changed, in the bytes of both texts.
  struct Change { var normalized: Range<Int>, original: Range<Int> }

  private(set) var bytes: [UInt8]
  /// What each step changed, the first step first.
  private var layers: [[Change]]

  /// The text after one step.
  init(bytes: [UInt8], changes: [Change]) {
    self.bytes = bytes
    layers = [changes]
  }

  /// This text after one more step.
  mutating func append(_ next: NormalizedText) {
    bytes = next.bytes
    layers += next.layers
  }

  /// The original bytes of a range of this text. A range that touches a changed stretch covers all
  /// its original bytes.
  func original(_ range: Range<Int>) -> Range<Int> {
    layers.reversed().reduce(range) { Self.original($0, $1) }
  }

  private static func original(_ range: Range<Int>, _ changes: [Change]) -> Range<Int> {
    var lower = range.lowerBound, upper = range.upperBound
    if let change = changes.last(where: { $0.normalized.lowerBound <= lower }) {
      lower =
        lower < change.normalized.upperBound
        ? change.original.lowerBound
        : lower - change.normalized.upperBound + change.original.upperBound
    }
    if let change = changes.last(where: { $0.normalized.lowerBound < upper }) {
      upper =
        upper <= change.normalized.upperBound
        ? change.original.upperBound
        : upper - change.normalized.upperBound + change.original.upperBound
    }
    return lower..<max(lower, upper)
  }
}

extension [NormalizedText.Change] {
  /// The last change of those that hold `test`, which are the leading ones (binary search).
  fileprivate func last(where test: (NormalizedText.Change) -> Bool) -> NormalizedText.Change? {
    var low = 0, high = count
    while low < high {
      let middle = (low + high) / 2
      if test(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? self[low - 1] : nil
  }
}

/// Writes a changed text, from left to right.
struct TextEdit {
  private let text: Characters
  private var bytes: [UInt8] = []
  private var changes: [NormalizedText.Change] = []
  /// How much of the text is written or replaced.
  private var done = 0

  init(_ text: Characters) { self.text = text }

  /// Puts `replacement` in the place of a stretch that lies behind those replaced before.
  mutating func replace(_ range: Range<Int>, with replacement: some Collection<UInt8>) {
    bytes.append(contentsOf: text.bytes[done..<range.lowerBound])
    let start = bytes.count
    bytes.append(contentsOf: replacement)
    changes.append(
      NormalizedText.Change(normalized: start..<bytes.count, original: range))
    done = range.upperBound
  }

  /// The changed text; nil if nothing was replaced.
  consuming func finished() -> NormalizedText? {
    guard !changes.isEmpty else { return nil }
    bytes.append(contentsOf: text.bytes[done..<text.count])
    return NormalizedText(bytes: bytes, changes: changes)
  }
}
