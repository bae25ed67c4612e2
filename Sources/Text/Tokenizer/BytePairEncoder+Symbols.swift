extension BytePairEncoder {
  /// One symbol per byte that has a token. The length of a vanishing byte goes to its neighbor.
  func split(_ piece: UnsafeBufferPointer<UInt8>, bytes ids: [Int32], _ scratch: inout Scratch) {
    var pending: Int32 = 0
    var afterUnknown = false
    for byte in piece {
      let id = ids[Int(byte)]
      let last = scratch.symbols.count - 1
      let isUnknown = id < 0
      if isUnknown, unknownID == nil || fusesUnknown && afterUnknown {
        if last >= 0 { scratch.symbols[last].length += 1 } else { pending += 1 }
        continue
      }
      scratch.symbols.append(
        Symbol(
          id: isUnknown ? unknownID ?? id : id, length: 1 + pending, previous: Int32(last),
          next: Int32(last + 2), merge: .max))
      pending = 0
      afterUnknown = isUnknown
    }
  }

  /// One symbol per character that has a token, else one for each of its bytes where all of them
  /// have one, else the unknown token.
  ///
  /// As in the original library an unknown token is written when the next character with a token
  /// comes, so that bytes in between stand before it.
  func split(
    _ piece: UnsafeBufferPointer<UInt8>, characters ids: [Int32], _ scratch: inout Scratch
  ) {
    var unknown: Int32 = 0  // the length of the unknown token that is not yet written
    var vanished: Int32 = 0
    func append(_ id: Int32, _ length: Int32) {
      let last = Int32(scratch.symbols.count - 1)
      scratch.symbols.append(
        Symbol(id: id, length: length + vanished, previous: last, next: last + 2, merge: .max))
      vanished = 0
    }
    var index = 0
    while index < piece.count {
      let character = UnsafeBufferPointer(
        rebasing: piece[index..<index + Self.length(piece[index])])
      index += character.count
      if let id = id(of: character, ids) {
        if unknown > 0, let unknownID { append(unknownID, unknown) }
        unknown = 0
        append(id, Int32(character.count))
      } else if let fallbackIDs, character.allSatisfy({ fallbackIDs[Int($0)] >= 0 }) {
        for byte in character { append(fallbackIDs[Int(byte)], 1) }
      } else if let unknownID {
        if unknown > 0, !fusesUnknown {
          append(unknownID, unknown)
          unknown = 0
        }
        unknown += Int32(character.count)
      } else {
        vanished += Int32(character.count)
      }
    }
    if unknown > 0, let unknownID { append(unknownID, unknown) }
    if vanished > 0, !scratch.symbols.isEmpty {
      scratch.symbols[scratch.symbols.count - 1].length += vanished
    }
  }

  @inline(__always)
  private func id(of character: UnsafeBufferPointer<UInt8>, _ ids: [Int32]) -> Int32? {
    guard character.count == 1 else { return vocabulary.modelID(of: character) }
    let id = ids[Int(character[0])]
    return id >= 0 ? id : nil
  }

  /// The length in bytes of the character that begins with `lead`.
  @inline(__always)
  private static func length(_ lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }
}
