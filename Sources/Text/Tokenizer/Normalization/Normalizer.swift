/// The steps that change a text before it is cut into pieces.
struct Normalizer: Sendable {
  enum Step: Sendable {
    case form(UnicodeForm)
    case lowercase
    /// Takes out combining marks.
    case stripAccents
    /// Takes out white space at the ends.
    case strip(left: Bool, right: Bool)
    case prepend([UInt8])
    case replace(TextPattern, [UInt8])
    /// Each byte becomes its character of the byte-level alphabet.
    case bytes
  }

  var steps: [Step] = []

  /// Whether it may set a space before a text.
  var setsSpace: Bool {
    steps.contains { step in if case .prepend = step { true } else { false } }
  }

  /// The changed text; nil if no step changes it.
  func callAsFunction(_ text: Characters) -> NormalizedText? {
    var result: NormalizedText?
    for step in steps {
      if let bytes = result?.bytes {
        let next = bytes.withUnsafeBufferPointer {
          Self.apply(step, Characters(bytes: $0, classes: text.classes))
        }
        if let next { result?.append(next) }
      } else {
        result = Self.apply(step, text)
      }
    }
    return result
  }

  /// What becomes of a text that stands by itself.
  func callAsFunction(_ text: String) -> [UInt8] {
    var text = text
    return text.withUTF8 { bytes in
      CharacterClass.table.withUnsafeBufferPointer { classes in
        self(Characters(bytes: bytes, classes: classes))?.bytes ?? Array(bytes)
      }
    }
  }

  private static func apply(_ step: Step, _ text: Characters) -> NormalizedText? {
    if case .form(let form) = step { return form(text) }
    var edit = TextEdit(text)
    switch step {
    case .form: break
    case .lowercase: mapScalars(text, &edit) { CharacterMaps.shared.lowercase[$0] }
    case .stripAccents: mapScalars(text, &edit) { CharacterMaps.shared.isAccent($0) ? [] : nil }
    case .strip(let left, let right): strip(text, left: left, right: right, &edit)
    case .prepend(let prefix): if text.count > 0 { edit.replace(0..<0, with: prefix) }
    case .replace(let pattern, let content):
      for range in pattern.matches(in: text) { edit.replace(range, with: content) }
    case .bytes: ByteAlphabet.spell(text, &edit)
    }
    return edit.finished()
  }

  private static func mapScalars(
    _ text: Characters, _ edit: inout TextEdit, _ map: (UInt32) -> [UInt8]?
  ) {
    var index = 0
    while index < text.count {
      let (scalar, length) = text.scalar(at: index)
      if let replacement = map(scalar) { edit.replace(index..<index + length, with: replacement) }
      index += length
    }
  }

  private static func strip(_ text: Characters, left: Bool, right: Bool, _ edit: inout TextEdit) {
    let start = left ? text.run(of: .space, from: 0, to: text.count) : 0
    if start > 0 { edit.replace(0..<start, with: []) }
    var end = text.count
    while right, end > start, case let before = text.before(end),
      text.character(at: before).class.contains(.space)
    { end = before }
    if end < text.count { edit.replace(end..<text.count, with: []) }
  }
}

/// What Lowercase and StripAccents do to single scalars.
struct CharacterMaps: Sendable {
  /// UTF-8 of the lower case, where it is another.
  let lowercase: [UInt32: [UInt8]]
  private let accents: ScalarTable

  static let shared = CharacterMaps()

  private init() {
    let numbers = CharacterClass.base36(UnicodeTables.lowercase).map { UInt32($0) }
    var lowercase: [UInt32: [UInt8]] = [:]
    var scalar: UInt32 = 0
    for index in stride(from: 0, to: numbers.count, by: 3) {
      scalar += numbers[index]
      lowercase[scalar] =
        utf8(numbers[index + 1]) + (numbers[index + 2] > 0 ? utf8(numbers[index + 2]) : [])
    }
    self.lowercase = lowercase
    accents = ScalarTable(ScalarSet(table: UnicodeTables.accents))
  }

  func isAccent(_ scalar: UInt32) -> Bool { accents.contains(scalar) }
}
