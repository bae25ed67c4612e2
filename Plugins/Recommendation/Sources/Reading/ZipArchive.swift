import TaskKit

/// A zip archive's list of files (PKWARE's APPNOTE 6.3, without zip64, encryption and parts).
struct ZipArchive {
  /// A file inside.
  struct Entry: Sendable, Hashable {
    var name: String
    var method: Int, flags: Int
    var crc: UInt32
    var packed: Int, size: Int
    /// Where its own header stands.
    var offset: Int
  }

  let file: OpenFile
  let entries: [Entry]

  private static let endMark: UInt32 = 0x0605_4B50, endSize = 22
  private static let entryMark: UInt32 = 0x0201_4B50, entrySize = 46
  private static let localMark: UInt32 = 0x0403_4B50, localSize = 30

  /// Whether the file begins as archives do.
  static func isArchive(_ file: OpenFile) throws -> Bool {
    let first = try file.bytes(at: 0, count: 4)
    return first.count == 4 && [localMark, endMark].contains(first.word(0))
  }

  init(_ file: OpenFile) throws {
    self.file = file
    // The end record is last, but for a comment of at most 65,535 bytes.
    let tailStart = max(0, file.size - Self.endSize - 0xFFFF)
    let tail = try file.bytes(at: tailStart, count: file.size - tailStart)
    let places = stride(from: tail.count - Self.endSize, through: 0, by: -1).filter {
      tail.word($0) == Self.endMark
    }
    // A comment may hold the mark too: the right one's comment ends with the file.
    let exact = places.first { $0 + Self.endSize + tail.half($0 + 20) == tail.count }
    guard let end = exact ?? places.first else {
      throw Self.fault(file, "it is not a zip archive, or it was cut off; download it again")
    }
    let count = tail.half(end + 10), size = Int(tail.word(end + 12))
    let start = Int(tail.word(end + 16))
    guard count != 0xFFFF, start != 0xFFFF_FFFF else {
      throw Self.fault(file, "it is a zip64 archive; unpack it and name the folder instead")
    }
    guard start + size <= file.size else {
      throw Self.fault(file, "its list of files lies outside it; download it again")
    }
    let list = try file.bytes(at: start, count: size)
    entries = try Self.entries(list, count: count, file)
  }

  private static func entries(_ list: [UInt8], count: Int, _ file: OpenFile) throws -> [Entry] {
    var entries: [Entry] = [], place = 0
    for _ in 0..<count {
      guard place + entrySize <= list.count, list.word(place) == entryMark else {
        throw fault(file, "its list of files is damaged; download it again")
      }
      let name = place + entrySize, nameEnd = name + list.half(place + 28)
      let next = nameEnd + list.half(place + 30) + list.half(place + 32)
      guard next <= list.count else {
        throw fault(file, "its list of files is damaged; download it again")
      }
      entries.append(
        Entry(
          name: String(decoding: list[name..<nameEnd], as: UTF8.self),
          method: list.half(place + 10), flags: list.half(place + 8), crc: list.word(place + 16),
          packed: Int(list.word(place + 20)), size: Int(list.word(place + 24)),
          offset: Int(list.word(place + 42))))
      place = next
    }
    return entries
  }

  /// The file of that name, in whatever folder of the archive; an error where there is none, or
  /// more than one.
  func source(named name: String) throws -> ZipSource {
    let found = entries.filter { $0.name == name || $0.name.hasSuffix("/" + name) }
    guard let entry = found.first, found.count == 1 else {
      let names = (found.isEmpty ? entries : found).prefix(8).map(\.name).joined(separator: ", ")
      throw Self.fault(
        file,
        found.isEmpty
          ? "there is no \(name) in it, but \(names.isEmpty ? "nothing" : names); is it the "
            + "archive of a MovieLens data set?"
          : "there are several \(name) in it (\(names)); unpack it and name one of the folders")
    }
    let label = "\(file.path)/\(entry.name)"
    guard entry.flags & 1 == 0 else {
      throw PluginError(.data, "\(label): it is encrypted; unpack it and name the folder instead")
    }
    guard [0, 8].contains(entry.method),
      ![entry.size, entry.packed, entry.offset].contains(0xFFFF_FFFF)
    else {
      throw PluginError(
        .data,
        "\(label): packed by method \(entry.method) or as zip64, but only stored and deflated files "
          + "up to 4 GB are read; unpack it and name the folder instead")
    }
    let header = try file.bytes(at: entry.offset, count: Self.localSize)
    guard header.count == Self.localSize, header.word(0) == Self.localMark else {
      throw PluginError(.data, "\(label): its header is damaged; download the archive again")
    }
    let start = entry.offset + Self.localSize + header.half(26) + header.half(28)
    guard start + entry.packed <= file.size else {
      throw PluginError(.data, "\(label): the archive ends in it; download it again")
    }
    return ZipSource(
      packed: FileSource(file, name: label, range: start..<start + entry.packed), entry: entry)
  }

  private static func fault(_ file: OpenFile, _ message: String) -> PluginError {
    PluginError(.data, "\(file.path): \(message)")
  }
}

extension [UInt8] {
  /// Little-endian numbers.
  fileprivate func half(_ place: Int) -> Int { Int(self[place]) | Int(self[place + 1]) << 8 }
  fileprivate func word(_ place: Int) -> UInt32 {
    UInt32(half(place)) | UInt32(half(place + 2)) << 16
  }
}
