import CCRC32C

/// What goes before a payload: which one it is, how long, and its checksum.
public struct Frame: Equatable {
  /// A message of a transport has at most so many bytes: MPI counts in 32 bits, and what is cut can be
  /// worked on while more comes.
  public static let largestMessage = 16 << 20
  /// Its own size.
  static let size = 32
  private static let magic: UInt32 = 0x4B4E_4152

  /// The number of the payload among those of this sender to this receiver.
  var number: UInt64
  /// How many bytes follow.
  var length: UInt64
  /// What the sender calls it, as a checksum.
  var label: UInt32
  /// The payload's checksum; nil where nobody wants one.
  var checksum: UInt32?

  /// The checksum that stands for a label.
  static func mark(of label: String) -> UInt32 {
    var label = label
    return label.withUTF8 { crc32c(0, $0.baseAddress, $0.count) }
  }

  /// Writes itself: magic and flag in 4 bytes, its fields, a checksum of all that.
  func write(to bytes: UnsafeMutableRawBufferPointer) {
    bytes.storeBytes(of: Self.magic ^ (checksum == nil ? 1 : 0), toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: label, toByteOffset: 4, as: UInt32.self)
    bytes.storeBytes(of: number, toByteOffset: 8, as: UInt64.self)
    bytes.storeBytes(of: length, toByteOffset: 16, as: UInt64.self)
    bytes.storeBytes(of: checksum ?? 0, toByteOffset: 24, as: UInt32.self)
    bytes.storeBytes(of: crc32c(0, bytes.baseAddress, 28), toByteOffset: 28, as: UInt32.self)
  }

  init(number: UInt64, length: UInt64, label: UInt32, checksum: UInt32?) {
    self.number = number
    self.length = length
    self.label = label
    self.checksum = checksum
  }

  /// Reads a frame; nil when it is not what was written.
  init?(reading bytes: UnsafeRawBufferPointer) {
    let first = bytes.load(fromByteOffset: 0, as: UInt32.self)
    guard first | 1 == Self.magic | 1,
      bytes.load(fromByteOffset: 28, as: UInt32.self) == crc32c(0, bytes.baseAddress, 28)
    else { return nil }
    label = bytes.load(fromByteOffset: 4, as: UInt32.self)
    number = bytes.load(fromByteOffset: 8, as: UInt64.self)
    length = bytes.load(fromByteOffset: 16, as: UInt64.self)
    checksum = first == Self.magic ? bytes.load(fromByteOffset: 24, as: UInt32.self) : nil
  }
}
