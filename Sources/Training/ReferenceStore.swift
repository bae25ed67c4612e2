import Formats
public import JSON
import Rows

/// A file that keeps a reference's log-probabilities of a dataset's rows from run to run, beside the
/// kept rows and under the hash of all that decides them.
///
/// A line of JSON (`key`; `rows`: number and count of each; `sha256` of what follows), then the numbers
/// as f32, little-endian, row after row.
public struct ReferenceStore {
  private let path: String, key: JSONValue

  /// The file for what `key` describes, in the folder of `cache`.
  public init(_ cache: RowCache, key: JSONValue) {
    let text = key.text(.init(indent: nil, sortsKeys: true, isSpaced: false))
    let name = FileDigest(of: Array(text.utf8)).sha256.prefix(32)
    path = "\(cache.folder)/\(name)\(RowCache.referenceSuffix)"
    self.key = key
  }

  /// The numbers by row; none where there is no file. `note` hears of one that does not fit.
  func read(note: (String) -> Void) -> [Int: [Float]] {
    guard FileSystem.exists(path), let bytes = try? readFile(path) else { return [:] }
    guard let rows = parse(bytes) else {
      note("\(path): is damaged or belongs to other rows; the reference is computed anew")
      return [:]
    }
    return rows
  }

  private func parse(_ bytes: [UInt8]) -> [Int: [Float]]? {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
      let head = try? JSONValue(parsing: Array(bytes[..<end])), head["key"] == key,
      let counts = head["rows"]?.array, let hash = head["sha256"]?.string
    else { return nil }
    let numbers = Array(bytes[(end + 1)...])
    guard FileDigest(of: numbers).sha256 == hash else { return nil }
    var rows: [Int: [Float]] = [:], place = 0
    for entry in counts {
      guard let row = entry[0]?.int, let count = entry[1]?.int, count >= 0,
        place + 4 * count <= numbers.count
      else { return nil }
      rows[row] = numbers.withUnsafeBytes { raw in
        (0..<count).map {
          Float(
            bitPattern: UInt32(
              littleEndian: raw.loadUnaligned(fromByteOffset: place + 4 * $0, as: UInt32.self)))
        }
      }
      place += 4 * count
    }
    return place == numbers.count ? rows : nil
  }

  /// Keeps the numbers; why it could not, else nil.
  func write(_ rows: [Int: [Float]]) -> String? {
    let order = rows.keys.sorted()
    var numbers: [UInt8] = []
    for row in order {
      for value in rows[row] ?? [] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { numbers.append(contentsOf: $0) }
      }
    }
    let head: JSONValue = [
      "key": key,
      "rows": .array(order.map { .array([.int($0), .int(rows[$0]?.count ?? 0)]) }),
      "sha256": .string(FileDigest(of: numbers).sha256),
    ]
    let line = head.text(.init(indent: nil, sortsKeys: false, isSpaced: false)) + "\n"
    do throws(FormatError) {
      try DurableFile.createFolder(DurableFile.folder(of: path))
      // For the user alone, as the rows that it is about.
      let file = try NewFile(path, at: RowCache.partialPath(of: path), isPrivate: true)
      try (Array(line.utf8) + numbers).withUnsafeBytes { bytes in
        Result { () throws(FormatError) in try file.append(bytes) }
      }.get()
      try file.takeName(isDurable: true)
      return nil
    } catch { return error.message }
  }
}
