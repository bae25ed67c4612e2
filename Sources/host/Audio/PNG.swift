/// Writes pictures of up to 256 colors: ISO/IEC 15948, with deflate's stored blocks (RFC 1951).
enum PNG {
  /// The file for rows of equal length, top first, of indices into `palette`.
  static func file(rows: [[UInt8]], palette: [(UInt8, UInt8, UInt8)]) -> [UInt8] {
    let header: [UInt8] =
      bigEndian(UInt32(rows.first?.count ?? 0)) + bigEndian(UInt32(rows.count))
      + [8, 3, 0, 0, 0]  // Eight bits, indexed; deflate, adaptive filters, not interlaced.
    let scanlines: [UInt8] = rows.flatMap { [0 as UInt8] + $0 }  // 0: no filter.
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    return signature + chunk("IHDR", header)
      + chunk("PLTE", palette.flatMap { color -> [UInt8] in [color.0, color.1, color.2] })
      + chunk("IDAT", stored(scanlines)) + chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bigEndian(UInt32(data.count)) + body + bigEndian(crc32(body))
  }

  /// A zlib stream (RFC 1950) that compresses nothing.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    for start in stride(from: 0, to: max(1, bytes.count), by: 65_535) {
      let end = min(start + 65_535, bytes.count)
      let count = UInt16(end - start)
      stream.append(end == bytes.count ? 1 : 0)
      for half in [count, ~count] { stream += [UInt8(half & 255), UInt8(half >> 8)] }
      stream += bytes[start..<end]
    }
    return stream + bigEndian(adler32(bytes))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
  }

  private static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var a: UInt32 = 1, b: UInt32 = 0
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in table[Int((crc ^ UInt32(byte)) & 255)] ^ crc >> 8 }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
  }
}
