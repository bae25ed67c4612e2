import Formats
import JSON
import Tensors

extension RowFile {
  /// A file's first bytes: how large its parts are, and the hash of what follows.
  struct Head: Hashable {
    var fileSize: Int, keySize: Int, summarySize: Int
    var hash: String

    /// The bytes of the head.
    var bytes: [UInt8] {
      var bytes = RowFile.magic
      for size in [fileSize, keySize, summarySize] {
        withUnsafeBytes(of: UInt64(size).littleEndian) { bytes.append(contentsOf: $0) }
      }
      bytes += Array(hash.utf8)
      return bytes + [UInt8](repeating: 0, count: RowFile.headSize - bytes.count)
    }

    init(fileSize: Int, keySize: Int, summarySize: Int, hash: String) {
      (self.fileSize, self.keySize, self.summarySize) = (fileSize, keySize, summarySize)
      self.hash = hash
    }

    /// Reads the head of `file`.
    init(_ file: MappedFile) throws(Fault) {
      guard file.count > RowFile.headSize else { throw Fault(reason: "it ends within its head") }
      let bytes = file.withBytes(0..<RowFile.headSize) { Array($0) }
      // Bytes above 127 would grow when they become a text, and with it the head.
      guard bytes.starts(with: RowFile.magic), bytes[32..<96].allSatisfy({ $0 < 128 }) else {
        throw Fault(reason: "its head is damaged")
      }
      func size(_ index: Int) -> Int {
        let place = RowFile.magic.count + 8 * index
        let value = bytes[place..<place + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(clamping: value)
      }
      self.init(
        fileSize: size(0), keySize: size(1), summarySize: size(2),
        hash: String(decoding: bytes[32..<96], as: UTF8.self))
      let room = file.count - RowFile.headSize
      guard self.bytes == bytes, keySize <= room, summarySize <= room else {
        throw Fault(reason: "its head is damaged")
      }
      guard fileSize == file.count else {
        throw Fault(reason: "it has \(file.count) bytes of \(fileSize)")
      }
    }

    /// The key in the clear.
    func key(of file: MappedFile) throws(Fault) -> JSONValue {
      let end = RowFile.headSize + keySize
      let text = file.withBytes(RowFile.headSize..<end) { Array($0) }
      guard let key = try? JSONValue(parsing: text) else {
        throw Fault(reason: "its key is damaged")
      }
      return key
    }
  }
}

/// The SHA-256 of the SHA-256 of a file's blocks: computed on all threads.
struct ContentHash {
  private static let blockSize = 1 << 22
  let file: MappedFile

  /// The blocks behind the head.
  private var blocks: [Range<Int>] {
    stride(from: RowFile.headSize, to: file.count, by: Self.blockSize).map {
      $0..<min($0 + Self.blockSize, file.count)
    }
  }

  /// The hash in hexadecimal; `others` are run at the same time, the first of them first.
  func callAsFunction(beside others: [() -> Void] = []) -> String {
    let blocks = blocks
    var hashes = [String](repeating: "", count: blocks.count)
    hashes.withUnsafeMutableBufferPointer { hashes in
      // Each piece writes its own element.
      Parallel.run(others.count + blocks.count) { piece in
        guard piece >= others.count else { return others[piece]() }
        let block = piece - others.count
        hashes[block] = file.withBytes(blocks[block]) { FileDigest(of: $0).sha256 }
      }
    }
    return FileDigest(of: Array(hashes.joined().utf8)).sha256
  }
}
