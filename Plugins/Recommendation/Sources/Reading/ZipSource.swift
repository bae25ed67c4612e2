import TaskKit

/// A file in a zip archive, unpacked while it is read; its size and checksum are checked at the end.
/// What `body` finds wrong with the content counts only where they are right: the fault of damaged
/// data is the damage.
struct ZipSource: ByteSource {
  let packed: FileSource, entry: ZipArchive.Entry

  var name: String { packed.name }
  var count: Int { entry.size }

  func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var crc = CRC32(), count = 0, fault: PluginError?
    func pass(_ chunk: UnsafeRawBufferPointer) throws {
      crc.add(chunk)
      count += chunk.count
      guard count <= entry.size else { throw damaged("it unpacks to more than it should") }
      guard fault == nil else { return }
      do { try body(chunk) } catch let found as PluginError where found.kind == .data {
        fault = found
      }
    }
    if entry.method == 0 {
      try packed.forEachChunk(pass)
    } else {
      try inflate(pass)
    }
    guard count == entry.size else {
      throw damaged("it unpacks to \(count) bytes, not \(entry.size)")
    }
    guard crc.value == entry.crc else { throw damaged("its checksum (CRC-32) is wrong") }
    if let fault { throw fault }
  }

  private func inflate(_ pass: (UnsafeRawBufferPointer) throws -> Void) throws {
    var offset = packed.range.lowerBound
    try withoutActuallyEscaping(pass) { pass in
      let inflate = Inflate(
        { buffer in
          let wanted = min(buffer.count, packed.range.upperBound - offset)
          let got = try packed.file.read(
            at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
          offset += got
          return got
        }, emit: pass)
      do {
        try inflate.run()
      } catch let fault as InflateFault {
        throw damaged("its deflated data are damaged (\(fault))")
      }
    }
  }

  private func damaged(_ what: String) -> PluginError {
    PluginError(.data, "\(name): \(what); download the archive again")
  }
}
