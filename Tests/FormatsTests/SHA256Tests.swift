import Testing

@testable import Formats

/// The messages of NIST's "SHA256 examples" and FIPS 180-2, appendix B, by plain C and by the
/// processor's own instructions where it has them.
@Suite struct SHA256Tests {
  static let vectors: [(message: String, hash: String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]

  @Test(arguments: [false, true]) func publishedVectors(portable: Bool) {
    for (message, expected) in Self.vectors {
      var hash = SHA256(portable: portable)
      Array(message.utf8).withUnsafeBytes { hash.update($0) }
      #expect(hash.hexadecimal == expected, "\(message.utf8.count) bytes")
    }
  }

  /// Every length around two blocks, whole by plain C against two pieces by what the processor has.
  @Test func piecesGiveTheHashOfTheWhole() {
    let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    for length in 0...bytes.count {
      var whole = SHA256(portable: true)
      bytes[..<length].withUnsafeBytes { whole.update($0) }
      for cut in stride(from: 0, through: length, by: 7) {
        var pieces = SHA256()
        bytes[..<cut].withUnsafeBytes { pieces.update($0) }
        _ = pieces.hexadecimal
        bytes[cut..<length].withUnsafeBytes { pieces.update($0) }
        #expect(pieces.hexadecimal == whole.hexadecimal, "\(length) bytes, cut at \(cut)")
      }
    }
  }
}
