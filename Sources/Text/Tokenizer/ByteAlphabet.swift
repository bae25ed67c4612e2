/// The printable character that stands for each byte in byte-level vocabularies (GPT-2): itself
/// where it prints, else the next of U+0100….
enum ByteAlphabet {
  /// The scalar of each byte.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256).map { (byte: UInt32) in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The way back; -1 for scalars that stand for no byte.
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
    return table
  }()

  /// Appends the bytes a token's text stands for; of a text with foreign characters, its own UTF-8.
  static func decode(_ text: ArraySlice<UInt8>, into out: inout [UInt8]) {
    let start = out.count
    var index = text.startIndex
    while index < text.endIndex {
      // All scalars of the alphabet take one byte or two.
      var scalar = Int(text[index])
      index += 1
      if scalar >= 0xC0, index < text.endIndex {
        scalar = scalar < 0xE0 ? (scalar & 0x1F) << 6 | Int(text[index] & 0x3F) : .max
        index += 1
      }
      guard scalar < bytes.count, bytes[scalar] >= 0 else {
        out.replaceSubrange(start..., with: text)
        return
      }
      out.append(UInt8(truncatingIfNeeded: bytes[scalar]))
    }
  }

  /// Puts in the place of each character those that stand for its bytes.
  static func spell(_ text: Characters, _ edit: inout TextEdit) {
    var index = 0, spelled: [UInt8] = []
    while index < text.count {
      let end = index + text.scalar(at: index).length
      spelled.removeAll(keepingCapacity: true)
      encode(UnsafeBufferPointer(rebasing: text.bytes[index..<end]), into: &spelled)
      if !spelled.elementsEqual(text.bytes[index..<end]) {
        edit.replace(index..<end, with: spelled)
      }
      index = end
    }
  }

  /// Appends the UTF-8 of the characters that stand for `bytes`.
  static func encode(_ bytes: UnsafeBufferPointer<UInt8>, into out: inout [UInt8]) {
    for byte in bytes {
      let scalar = scalars[Int(byte)]
      if scalar < 0x80 {
        out.append(UInt8(scalar))
      } else {
        out.append(UInt8(0xC0 | scalar >> 6))
        out.append(UInt8(0x80 | scalar & 0x3F))
      }
    }
  }
}
