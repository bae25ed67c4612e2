import CPluginABI

/// The tokenizer of the run's model.
public struct Tokenizer: Sendable {
  private let encodeText: @Sendable (String) throws -> [Int32]
  private let decodeIDs: @Sendable ([Int32]) throws -> String

  /// Stands in for the host's tokenizer in a test.
  public init(
    encode: @escaping @Sendable (String) throws -> [Int32],
    decode: @escaping @Sendable ([Int32]) throws -> String
  ) {
    encodeText = encode
    decodeIDs = decode
  }

  /// The ids of `text`. No special tokens are added; those that stand in the text are read.
  public func encode(_ text: String) throws -> [Int32] { try encodeText(text) }

  /// The text of `ids`; special tokens are written out, invalid UTF-8 becomes U+FFFD.
  public func decode(_ ids: [Int32]) throws -> String { try decodeIDs(ids) }
}

extension Tokenizer {
  init(_ service: HostTable<tk_tokenizer_v1>) {
    self.init(
      encode: { text in
        let table = service.pointer
        // A byte is a token at most, in all but rare cases of normalization.
        return try filled(capacity: text.utf8.count, "encode") { ids in
          text.withStr { table.pointee.encode?(table, $0, ids.baseAddress, ids.count) }
        }
      },
      decode: { ids in
        let table = service.pointer
        let bytes: [CChar] = try filled(capacity: 8 * ids.count, "decode") { bytes in
          table.pointee.decode?(table, ids, ids.count, bytes.baseAddress, bytes.count)
        }
        return bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      })
  }
}

/// What `write` writes. It answers how many elements it needs in full; where they do not fit, it is
/// called once more with enough room.
private func filled<Element: BitwiseCopyable>(
  capacity: Int, _ verb: String, write: (UnsafeMutableBufferPointer<Element>) -> Int64?
) throws -> [Element] {
  var capacity = capacity
  for _ in 1...2 {
    var needed = 0
    let elements = [Element](unsafeUninitializedCapacity: capacity) { buffer, count in
      let room = UnsafeMutableBufferPointer(rebasing: buffer[..<capacity])
      needed = Int(write(room) ?? Int64(TK_E_UNSUPPORTED))
      count = (0...capacity).contains(needed) ? needed : 0
    }
    if needed < 0 {
      throw PluginError(
        .init(tk_status(truncatingIfNeeded: needed)),
        "the host's tokenizer could not \(verb) (status \(needed))")
    }
    if needed <= capacity { return elements }
    capacity = needed
  }
  throw PluginError(.internal, "the host's tokenizer asks for more room each time it is called")
}
