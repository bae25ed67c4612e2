import CCRC32C

/// The Castagnoli CRC that TensorBoard's record format uses (RFC 3720, appendix B.4).
enum CRC32C {
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    Array(bytes).withUnsafeBytes { crc32c(0, $0.baseAddress, $0.count) }
  }

  /// Rotated and shifted, so that a checksum of data that hold checksums stays a good one.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let crc = checksum(bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }
}
