/// Unicode's normalization forms (UAX #15).
enum UnicodeForm: Sendable, Equatable {
  case nfc, nfd, nfkc, nfkd

  private var composes: Bool { self == .nfc || self == .nfkc }
  private var isCompatible: Bool { self == .nfkc || self == .nfkd }

  /// The text in this form; nil if it is in it already, which most texts are.
  func callAsFunction(_ text: Characters) -> NormalizedText? {
    var edit = TextEdit(text)
    var start = 0  // the last place where the text may be cut
    var index = 0
    while index < text.count {
      if text.bytes[index] < 0x80 {  // no form changes it
        start = index
        index += 1
        continue
      }
      let length: Int
      if self == .nfc {
        let (kind, count) = text.character(at: index)
        guard kind.contains(.unstable) else {
          start = index
          index += count
          continue
        }
        length = count
      } else {
        length = text.scalar(at: index).length
      }
      let end = self.end(of: text, from: index + length)
      let piece = converted(text[start..<end])
      if !piece.elementsEqual(text.bytes[start..<end]) { edit.replace(start..<end, with: piece) }
      start = end
      index = end
    }
    return edit.finished()
  }

  /// The end of what hangs together with the scalars before: for C what it may change, for the others
  /// all that is not ASCII.
  private func end(of text: Characters, from index: Int) -> Int {
    if self == .nfc { return text.run(of: .unstable, from: index, to: text.count) }
    var end = index
    while end < text.count, text.bytes[end] >= 0x80 { end += 1 }
    return end
  }

  private func converted(_ text: Characters) -> [UInt8] {
    let unicode = Composition.shared
    var scalars: [UInt32] = []
    var index = 0
    while index < text.count {
      let (scalar, length) = text.scalar(at: index)
      if isCompatible, let whole = Compatibility.shared.decompositions[scalar] {
        scalars += whole
      } else {
        unicode.decompose(scalar, into: &scalars)
      }
      index += length
    }
    var marks = scalars.map { (scalar: $0, class: unicode.combiningClass($0)) }
    Self.order(&marks)
    return (composes ? Self.composed(marks) : marks.map(\.scalar)).flatMap(utf8)
  }

  private static func composed(_ marks: [(scalar: UInt32, class: UInt8)]) -> [UInt32] {
    var out: [UInt32] = []
    var starter: Int?
    var lastClass: UInt8 = 0
    for mark in marks {
      if let starter, lastClass < mark.class || starter == out.count - 1,
        let joined = Composition.shared.compose(out[starter], mark.scalar)
      {
        out[starter] = joined
        continue
      }
      if mark.class == 0 { starter = out.count }
      lastClass = mark.class
      out.append(mark.scalar)
    }
    return out
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
}

/// The UTF-8 of a scalar.
func utf8(_ scalar: UInt32) -> [UInt8] {
  Unicode.Scalar(scalar).flatMap { UTF8.encode($0) }.map(Array.init) ?? []
}

/// The decompositions that only the forms KC and KD make, in full.
struct Compatibility: Sendable {
  let decompositions: [UInt32: [UInt32]]

  static let shared = Compatibility()

  private init() {
    let numbers = CharacterClass.base36(UnicodeTables.compatibility).map { UInt32($0) }
    var decompositions: [UInt32: [UInt32]] = [:]
    var scalar: UInt32 = 0, index = 0
    while index < numbers.count {
      scalar += numbers[index]
      let end = index + 2 + Int(numbers[index + 1])
      decompositions[scalar] = Array(numbers[index + 2..<end])
      index = end
    }
    self.decompositions = decompositions
  }
}
