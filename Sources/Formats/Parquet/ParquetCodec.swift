/// How pages are packed.
enum ParquetCodec {
  /// Calls `body` with what `packed` unpacks to, `size` bytes.
  @discardableResult
  static func unpacked<Result>(
    _ packed: UnsafeRawBufferPointer, _ codec: Int, size: Int,
    _ body: (UnsafeRawBufferPointer) -> Result
  ) throws(ParquetError) -> Result {
    // A page of nulls alone may have nothing to unpack.
    guard codec != 0, size + packed.count > 0 else { return body(packed) }
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { output.deallocate() }
    let written: Int? =
      switch codec {
      case 1: Snappy.unpack(packed, into: output)
      case 2: Gzip.unpack(packed, into: output)
      case 6: try Zstandard.unpack(packed, into: output)
      default: throw ParquetError(refusal(codec))
      }
    guard written == size else {
      throw ParquetError("a page does not unpack to what it says; the file is damaged")
    }
    return body(UnsafeRawBufferPointer(output))
  }

  private static func refusal(_ codec: Int) -> String {
    let names = [3: "LZO", 4: "Brotli", 5: "LZ4", 7: "LZ4"]
    return "is compressed with \(names[codec] ?? "the unknown codec \(codec)"), which is not read; "
      + "write it with snappy, gzip or zstd"
  }
}

/// Snappy's raw format, without frames.
enum Snappy {
  /// Unpacks `input`; gives the number of bytes, nil where it is no such stream or does not fit.
  static func unpack(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var cursor = ByteCursor(input)
    do throws(ParquetError) {
      guard try cursor.varint() <= output.count else { return nil }
      var place = 0
      while cursor.rest > 0 {
        let tag = Int(try cursor.byte())
        if tag & 3 == 0 {
          var length = tag >> 2
          if length >= 60 { length = Int(try cursor.littleEndian(length - 59)) }
          let bytes = try cursor.take(length + 1)
          guard bytes.count <= output.count - place else { return nil }
          UnsafeMutableRawBufferPointer(rebasing: output[place...]).copyMemory(from: bytes)
          place += bytes.count
          continue
        }
        let (length, distance) = try copy(tag, &cursor)
        guard distance > 0, distance <= place, length <= output.count - place else { return nil }
        repeatBytes(output, at: place, distance: distance, length: length)
        place += length
      }
      return place
    } catch { return nil }
  }

  private static func copy(
    _ tag: Int, _ cursor: inout ByteCursor
  ) throws(ParquetError) -> (length: Int, distance: Int) {
    switch tag & 3 {
    case 1: ((tag >> 2 & 7) + 4, (tag >> 5) << 8 | Int(try cursor.byte()))
    case 2: ((tag >> 2) + 1, Int(try cursor.littleEndian(2)))
    default: ((tag >> 2) + 1, Int(try cursor.littleEndian(4)))
    }
  }

  /// Copies within `output`; what is copied may reach into the copy itself.
  private static func repeatBytes(
    _ output: UnsafeMutableRawBufferPointer, at place: Int, distance: Int, length: Int
  ) {
    guard distance < length else {
      let source = UnsafeRawBufferPointer(rebasing: output[place - distance..<place])
      UnsafeMutableRawBufferPointer(rebasing: output[place..<place + length])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<length]))
      return
    }
    for index in place..<place + length { output[index] = output[index - distance] }
  }
}

/// A deflated stream between gzip's head and tail (RFC 1952).
enum Gzip {
  /// Unpacks `input`; gives the number of bytes, nil where it is no such stream or does not fit.
  static func unpack(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var cursor = ByteCursor(input), place = 0
    guard (try? skipHead(&cursor)) == true else { return nil }
    struct Overflow: Error {}
    let stream = Inflate { buffer in
      let bytes = try cursor.take(min(buffer.count, cursor.rest))
      buffer.copyMemory(from: bytes)
      return bytes.count
    } emit: { chunk in
      guard chunk.count <= output.count - place else { throw Overflow() }
      UnsafeMutableRawBufferPointer(rebasing: output[place...]).copyMemory(from: chunk)
      place += chunk.count
    }
    do { try stream.run() } catch { return nil }
    return place
  }

  /// Passes over the head; false where there is none.
  static func skipHead(_ cursor: inout ByteCursor) throws(ParquetError) -> Bool {
    guard try cursor.littleEndian(3) == 0x08_8B1F else { return false }
    let flags = try cursor.byte()
    _ = try cursor.take(6)
    if flags & 4 != 0 { _ = try cursor.take(Int(try cursor.littleEndian(2))) }
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      while try cursor.byte() != 0 {}
    }
    if flags & 2 != 0 { _ = try cursor.take(2) }
    return true
  }
}
