import Formats

/// The hash by which the Hub knows a file, of bytes that come piece by piece: the SHA-256 of a large
/// one, git's SHA-1 of "blob SIZE" and the bytes of any other.
struct ContentHash: Sendable {
  private var large: RunningDigest?, git: SHA1?

  /// Of no bytes yet of `file`.
  init(of file: HubFile) {
    guard !file.isLarge else {
      large = RunningDigest()
      return
    }
    var hash = SHA1()
    Array("blob \(file.size)\0".utf8).withUnsafeBytes { hash.update($0) }
    git = hash
  }

  /// Adds bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    large?.update(bytes)
    git?.update(bytes)
  }

  /// The hash of all bytes so far.
  var hexadecimal: String { large?.finish().sha256 ?? git?.hexadecimal ?? "" }
}
