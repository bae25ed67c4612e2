import FoundationEssentials
import TaskKit
import Testing

@testable import Recommendation

/// Unpacks a stream that comes in pieces of `step` bytes.
private func inflated(_ packed: [UInt8], step: Int = 1000) throws -> [UInt8] {
  var place = 0, plain: [UInt8] = []
  let inflate = Inflate(
    { buffer in
      let count = min(step, buffer.count, packed.count - place)
      buffer.copyBytes(from: packed[place..<place + count])
      place += count
      return count
    }, emit: { plain += $0 })
  try inflate.run()
  return plain
}

@Suite struct InflateTests {
  @Test(arguments: Golden.all.streams.indices)
  func streamsOfZlibAreRead(index: Int) throws {
    let stream = Golden.all.streams[index]
    let packed = try [UInt8](#require(Data(base64Encoded: stream.packed)))
    for step in [1, 7, 1 << 16] {
      let plain = try inflated(packed, step: step)
      #expect(plain.count == stream.size, "\(stream.name)")
      var crc = CRC32()
      plain.withUnsafeBytes { crc.add($0) }
      #expect(crc.value == stream.crc, "\(stream.name)")
    }
  }

  @Test(arguments: Golden.all.streams.indices)
  func aCutStreamIsAFault(index: Int) throws {
    let packed = try [UInt8](#require(Data(base64Encoded: Golden.all.streams[index].packed)))
    for count in [0, packed.count / 2, packed.count - 1] {
      #expect(throws: InflateFault.truncated) { try inflated(Array(packed[..<count])) }
    }
  }

  /// Bits, first one lowest, as bytes.
  private func bytes(_ bits: String) -> [UInt8] {
    let bits = bits.filter { $0 != " " }.map { $0 == "1" ? UInt8(1) : 0 }
    return stride(from: 0, to: bits.count, by: 8).map { start in
      bits[start..<min(start + 8, bits.count)].enumerated().reduce(0) { $0 | $1.1 << $1.0 }
    }
  }

  @Test func brokenBlocksAreFaults() {
    // The kind 3; a stored block whose length and complement differ.
    #expect(throws: InflateFault.badBlock) { try inflated(bytes("1 11 00000000")) }
    #expect(throws: InflateFault.badBlock) { try inflated([1, 5, 0, 5, 0, 1, 2, 3]) }
    // Fixed codes: a match of length 3 (0000001) at distance 1 (00000) before any byte.
    #expect(throws: InflateFault.badDistance) {
      try inflated(bytes("1 10 0000001 00000 000000000"))
    }
    // Fixed codes: the length symbol 286 (11000110), which stands for nothing.
    #expect(throws: InflateFault.badCode) { try inflated(bytes("1 10 11000110 00000 000000000")) }
    // Dynamic codes: 19 lengths of 1 are too many for any code.
    let crowded = "1 01 00000 00000 1111" + String(repeating: "100", count: 19)
    #expect(throws: InflateFault.badBlock) { try inflated(bytes(crowded + "00000000")) }
  }

  @Test func noDamageCrashes() throws {
    let packed = try [UInt8](#require(Data(base64Encoded: Golden.all.streams[3].packed)))
    var random = RowGenerator(index: 0, epoch: 0, seed: 7)
    for _ in 0..<200 {
      var damaged = packed
      for _ in 0..<3 {
        damaged[Int.random(in: damaged.indices, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      do { _ = try inflated(damaged) } catch { #expect(error is InflateFault) }
    }
  }
}

@Suite struct CSVTests {
  /// The fields of all records, fed in pieces of `step` bytes.
  private func records(_ text: String, step: Int) throws -> [[String]] {
    var reader = CSVReader(name: "t.csv"), records: [[String]] = []
    let bytes = Array(text.utf8)
    func take(_ record: CSVReader.Record) {
      records.append((0..<record.count).map { record.text($0) })
    }
    for start in stride(from: 0, to: bytes.count, by: step) {
      try Array(bytes[start..<min(start + step, bytes.count)]).withUnsafeBytes {
        try reader.feed($0, take)
      }
    }
    try reader.finish(take)
    return records
  }

  @Test(arguments: [
    ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
    ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
    ("\u{FEFF}a,b\n,\n", [["a", "b"], ["", ""]]),
    ("\u{FEFF}\"a\",\"b\"\n", [["a", "b"]]),
    (#"x,"a, ""b"" c",y"# + "\n", [["x", #"a, "b" c"#, "y"]]),
    ("\"two\r\nlines\",\"\"\n", [["two\r\nlines", ""]]),
    ("a\n\n\nb\n", [["a"], ["b"]]),
    ("a,", [["a", ""]]),
    ("é,≈\n", [["é", "≈"]]),
    ("", []),
  ])
  func recordsFollowRFC4180(text: String, expected: [[String]]) throws {
    for step in [1, 2, 3, 100] { #expect(try records(text, step: step) == expected) }
  }

  @Test(arguments: [
    ("a\n\"b", "t.csv, row 2: a quote is opened and never closed"),
    ("a\nb\"c\n", "t.csv, row 2: a quote stands inside a field"),
    ("\"a\"b\n", "t.csv, row 1: text follows a closing quote"),
    ("a\rb\n", "t.csv, row 1: a carriage return without a line feed"),
  ])
  func faultsNameTheRow(text: String, expected: String) {
    #expect(message { _ = try records(text, step: 2) }.contains(expected))
  }
}

@Suite struct ZipTests {
  private func archive(_ name: String) throws -> Data {
    try #require(Golden.all.archives[name].flatMap { Data(base64Encoded: $0) })
  }

  private func texts(_ path: String) throws -> [String] {
    let files = try RatingFiles(path)
    return try [files.ratings, files.movies].map { source in
      var bytes: [UInt8] = []
      try source.forEachChunk { bytes += $0 }
      #expect(bytes.count == source.count)
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  @Test(arguments: ["stored", "deflated"])
  func archivesAreRead(name: String) throws {
    let found = try withFolder(["ml.zip": archive(name)]) { try texts($0 + "/ml.zip") }
    #expect(found == [Golden.all.ratings_csv, Golden.all.movies_csv])
  }

  /// A comment may hold the mark of an end; zeros may follow the true one.
  @Test func theTrueEndIsFound() throws {
    let mark: [UInt8] = [0x50, 0x4B, 5, 6] + Array(repeating: 0, count: 20)
    // The golden's own comment, of 20 bytes, makes room.
    let whole = try archive("deflated")
    var commented = whole.dropLast(20)
    commented[commented.count - 2] = UInt8(mark.count)
    for data in [commented + mark, whole + Data(count: 30)] {
      let found = try withFolder(["ml.zip": data]) { try texts($0 + "/ml.zip") }
      #expect(found == [Golden.all.ratings_csv, Golden.all.movies_csv])
    }
  }

  /// What reading the archive says after a change.
  private func fault(_ change: (inout Data) -> Void) throws -> String {
    var data = try archive("deflated")
    change(&data)
    return try withFolder(["ml.zip": data]) { folder in
      message { _ = try texts(folder + "/ml.zip") }
    }
  }

  /// Where the central directory's entry of `name` begins.
  private func entry(_ name: String, in data: Data) -> Int {
    let name = Array(name.utf8)
    let places = data.indices.dropLast(name.count).filter {
      data[$0..<$0 + name.count].elementsEqual(name)
    }
    return places[1] - 46  // The first one stands before the file itself.
  }

  /// What a reader makes of damaged bytes is not what is wrong with them.
  @Test func damageComesBeforeFaultsOfTheContent() throws {
    let data = try archive("stored")
    let place = try #require(data.firstRange(of: Data("rating".utf8))).lowerBound
    func fault(damaged: Bool) throws -> String {
      var data = data
      if damaged { data[place + 60] ^= 1 }
      return try withFolder(["ml.zip": data]) { folder in
        message {
          try RatingFiles(folder + "/ml.zip").ratings.forEachChunk { _ in
            throw PluginError(.data, "row 9 is strange")
          }
        }
      }
    }
    #expect(try fault(damaged: false).contains("row 9 is strange"))
    #expect(try fault(damaged: true).contains("its checksum (CRC-32) is wrong"))
  }

  @Test func damagedArchivesAreFaults() throws {
    let directory = try entry("ml/ratings.csv", in: archive("deflated"))
    #expect(try fault { $0[directory + 16] ^= 1 }.contains("ml.zip/ml/ratings.csv: its checksum"))
    #expect(try fault { $0[directory + 24] ^= 1 }.contains("unpacks to"))
    #expect(try fault { $0[directory + 10] = 9 }.contains("packed by method 9"))
    #expect(try fault { $0[directory + 8] |= 1 }.contains("encrypted"))
    #expect(try fault { $0[directory] ^= 1 }.contains("its list of files is damaged"))
    #expect(try fault { $0[directory + 44] = 9 }.contains("its header is damaged"))
    #expect(try fault { $0[directory + 46] = 0x78 }.contains("ml/ratings.csv") == false)
    #expect(try fault { $0[directory + 49] = 0x78 }.contains("there is no ratings.csv in it"))
    #expect(try fault { $0.removeLast(40) }.contains("it was cut off"))
    #expect(try fault { $0 = Data("userId,movieId\n".utf8) }.contains("neither a folder nor a zip"))
  }
}
