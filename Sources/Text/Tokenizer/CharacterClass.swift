/// What the splitters and the normalizer ask about a scalar, as the original libraries see it.
struct CharacterClass: OptionSet, Sendable {
  let rawValue: UInt8

  /// `\p{L}`
  static let letter = CharacterClass(rawValue: 1)
  /// `\p{N}`
  static let number = CharacterClass(rawValue: 2)
  /// `\s`
  static let space = CharacterClass(rawValue: 4)
  /// A number for the Digits splitter.
  static let numeric = CharacterClass(rawValue: 8)
  /// `\w`
  static let word = CharacterClass(rawValue: 16)
  /// NFC may change it, reorder it or join it to the scalar before.
  static let unstable = CharacterClass(rawValue: 32)

  /// The classes of all scalars; a flat table, of which real text touches a few pages.
  static let table: [CharacterClass] = {
    var table = [CharacterClass](repeating: [], count: 0x110000)
    func mark(_ encoded: String, _ mark: CharacterClass) {
      var end = 0
      let numbers = base36(encoded)
      for index in stride(from: 0, to: numbers.count, by: 2) {
        let start = end + numbers[index]
        end = start + numbers[index + 1]
        for scalar in start..<end { table[scalar].formSymmetricDifference(mark) }
      }
    }
    mark(UnicodeTables.letters, [.letter, .word])
    mark(UnicodeTables.numbers, [.number, .numeric, .word])
    mark(UnicodeTables.moreNumerics, .numeric)
    mark(UnicodeTables.spaces, .space)
    mark(UnicodeTables.words, .word)
    for scalar in Composition.shared.unstable { table[Int(scalar)].insert(.unstable) }
    return table
  }()

  /// The numbers of a generated table.
  static func base36(_ text: String) -> [Int] {
    var numbers: [Int] = []
    var value = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value * 36 + Int(byte) - 48
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = value * 36 + Int(byte) - 87
      default:
        numbers.append(value)
        value = 0
      }
    }
    numbers.append(value)
    return numbers
  }
}

/// Valid UTF-8 with the classes of its scalars: what scanners walk over.
struct Characters {
  let bytes: UnsafeBufferPointer<UInt8>
  let classes: UnsafeBufferPointer<CharacterClass>

  var count: Int { bytes.count }

  subscript(_ range: Range<Int>) -> Characters {
    Characters(bytes: UnsafeBufferPointer(rebasing: bytes[range]), classes: classes)
  }

  /// The scalar that begins at `index`, and its length in bytes.
  @inline(__always)
  func scalar(at index: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(bytes[index])
    if first < 0x80 { return (first, 1) }
    let second = UInt32(bytes[index + 1] & 0x3F)
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(bytes[index + 2] & 0x3F)
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    return ((first & 7) << 18 | second << 12 | third << 6 | UInt32(bytes[index + 3] & 0x3F), 4)
  }

  /// The classes of the scalar that begins at `index`, and its length in bytes.
  @inline(__always)
  func character(at index: Int) -> (class: CharacterClass, length: Int) {
    let (value, length) = scalar(at: index)
    return (classes[Int(value)], length)
  }

  /// Where the scalar before `index` begins.
  @inline(__always)
  func before(_ index: Int) -> Int {
    var start = index - 1
    while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }

  /// The end of the run of scalars from `index` whose classes meet `wanted`.
  @inline(__always)
  func run(of wanted: CharacterClass, from index: Int, to end: Int) -> Int {
    var index = index
    while index < end {
      let (kind, length) = character(at: index)
      guard !kind.isDisjoint(with: wanted) else { break }
      index += length
    }
    return index
  }

  /// The end of the run of scalars from `index` whose classes do not meet `unwanted`.
  @inline(__always)
  func run(without unwanted: CharacterClass, from index: Int, to end: Int) -> Int {
    var index = index
    while index < end {
      let (kind, length) = character(at: index)
      guard kind.isDisjoint(with: unwanted) else { break }
      index += length
    }
    return index
  }
}
