/// The last that a rank says to each other one: that it has done, or what has failed. It is said once,
/// so that everybody can wait for it, and nobody leaves while another one still needs him.
enum Words: Equatable {
  case goodbye
  case failure(code: Int32, sentence: String)

  /// Always so many bytes: the receiver asks for them before they are written.
  static let size = 2048

  func write(to bytes: UnsafeMutableRawBufferPointer) {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    guard case .failure(let code, let sentence) = self else { return }
    let text = Array(sentence.utf8.prefix(Self.size - 12))
    bytes.storeBytes(of: 1, toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: code, toByteOffset: 4, as: Int32.self)
    bytes.storeBytes(of: UInt32(text.count), toByteOffset: 8, as: UInt32.self)
    UnsafeMutableRawBufferPointer(rebasing: bytes[12...]).copyBytes(from: text)
  }

  init(reading bytes: UnsafeRawBufferPointer) {
    guard bytes.load(fromByteOffset: 0, as: UInt32.self) == 1 else {
      self = .goodbye
      return
    }
    let count = min(Int(bytes.load(fromByteOffset: 8, as: UInt32.self)), Self.size - 12)
    self = .failure(
      code: bytes.load(fromByteOffset: 4, as: Int32.self),
      sentence: String(decoding: bytes[12..<12 + count], as: UTF8.self))
  }
}
