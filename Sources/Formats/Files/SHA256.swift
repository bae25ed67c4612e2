import CSHA256

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece.
struct SHA256: Sendable {
  private var state: sha256_state

  /// Of no bytes yet. `portable`: by plain C, also where the processor has instructions for it.
  init(portable: Bool = false) { state = sha256_begin(portable ? 1 : 0) }

  /// Adds bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha256_add(&state, bytes.baseAddress, bytes.count)
  }

  /// The hash of all bytes so far, as 64 hexadecimal digits.
  var hexadecimal: String {
    var ended = state
    let digest = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digest in
      sha256_end(&ended, digest.baseAddress)
      return Array(digest)
    }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The hash of `bytes`, as 64 hexadecimal digits.
  static func hash(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.hexadecimal
  }
}
