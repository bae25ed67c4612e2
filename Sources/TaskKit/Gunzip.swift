import FoundationEssentials

extension Gzip {
  /// Unpacks all members of a file, which stand one behind the other (RFC 1952); what each says of its
  /// length must be so.
  static func unpacked(_ data: Data, path: String) throws -> Data {
    func fault(_ why: String) -> PluginError {
      PluginError(.data, "\(path): the gzip stream \(why); was the file cut off?")
    }
    var output = Data()
    try data.withUnsafeBytes { bytes in
      var cursor = ByteCursor(bytes)
      while cursor.rest > 0 {
        guard (try? skipHead(&cursor)) == true else { throw fault("is followed by something else") }
        let start = output.count
        let stream = Inflate { buffer in
          let part = try cursor.take(min(buffer.count, cursor.rest))
          buffer.copyMemory(from: part)
          return part.count
        } emit: {
          output.append(contentsOf: $0)
        }
        do { try stream.run() } catch { throw fault("is damaged") }
        cursor = ByteCursor(
          UnsafeRawBufferPointer(
            rebasing: bytes[(bytes.count - cursor.rest - stream.unreadBytes)...]))
        guard let tail = try? cursor.take(8) else { throw fault("ends early") }
        let length = tail.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        guard UInt32(littleEndian: length) == UInt32(truncatingIfNeeded: output.count - start)
        else {
          throw fault("has not the length it speaks of")
        }
      }
    }
    return output
  }
}
