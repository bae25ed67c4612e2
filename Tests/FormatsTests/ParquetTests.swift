import Foundation
import JSON
import Testing

@testable import Formats

/// Rows of Parquet files as pyarrow and datasets write them, and files that are no good.
@Suite struct ParquetTests {
  static let folder = ManifestTests.goldens + "/parquet"
  static let files = [
    "datasets", "lists_of_two_levels", "pyarrow_gzip_v1", "pyarrow_gzip_v2", "pyarrow_none_v1",
    "pyarrow_none_v2", "pyarrow_snappy_v1", "pyarrow_snappy_v2", "pyarrow_zstd_v1",
    "pyarrow_zstd_v2",
  ]

  static func rows() throws -> [JSONValue] {
    try DataRows.read(folder + "/rows.jsonl").map(\.value)
  }

  @Test(arguments: files) func rowsAreTheOriginals(name: String) throws {
    let path = "\(Self.folder)/\(name).parquet"
    let found = try DataRows.read(path), expected = try Self.rows()
    #expect(found.count == expected.count)
    for (index, (row, right)) in zip(found, expected).enumerated() {
      #expect(row.value == right, "row \(index)")
      #expect(row.place == "\(path), row \(index + 1)")
    }
    #expect(try DataRows.read(path, limit: 9).map(\.value) == Array(expected.prefix(9)))
  }

  @Test func whatIsNotReadIsSaid() throws {
    func fault(_ name: String) -> String {
      do {
        _ = try DataRows.read("\(Self.folder)/\(name).parquet")
        return "none"
      } catch { return "\(error)" }
    }
    #expect(fault("delta").contains("the column 'id' is encoded as DELTA_BINARY_PACKED"))
    #expect(fault("brotli").contains("the column 'text' is compressed with Brotli"))
    #expect(fault("absent").contains("absent.parquet: cannot be read"))
  }

  @Test func aFileCutShortIsRefused() throws {
    try withFolder { folder in
      let whole = try bytes(Self.folder + "/datasets.parquet"), path = folder + "/cut.parquet"
      for count in [4, 5, 11, 12, 13, 100, whole.count / 2, whole.count - 9, whole.count - 1] {
        try put(Array(whole.prefix(count)), path)
        #expect(throws: FormatError.self, "\(count)") { try DataRows.read(path) }
      }
      try put(Array(whole.dropLast(4)) + Array("PARE".utf8), path)
      #expect {
        try DataRows.read(path)
      } throws: {
        "\($0)".contains("is encrypted")
      }
    }
  }

  /// Damage anywhere gives other rows or one sentence, and nothing worse.
  @Test(arguments: files) func damageEndsInASentence(name: String) throws {
    let whole = try bytes("\(Self.folder)/\(name).parquet")
    var generator = SystemRandomNumberGenerator()
    for round in 0..<400 {
      var damaged = whole
      for _ in 0...round % 4 {
        let place = Int.random(in: 4..<damaged.count - 4, using: &generator)
        damaged[place] = UInt8.random(in: 0...255, using: &generator)
      }
      if round % 5 == 0 {
        let start = Int.random(in: 4..<damaged.count - 8, using: &generator)
        damaged.removeSubrange(start..<min(start + round % 7 + 1, damaged.count - 8))
      }
      damaged.withUnsafeBytes { bytes in
        var count = 0
        do {
          try ParquetFile(bytes).forEachRow { _ in
            count += 1
            return count < 1000
          }
        } catch { #expect(error is ParquetError) }
      }
    }
  }

  @Test func numbersBeyondAllSenseAreDamage() {
    #expect(throws: ParquetError.self) {
      try ParquetSchema([.structure([4: .int(0), 5: .int(-1)])])
    }
    func page(_ kind: Int, _ field: Int, _ body: [Int: ThriftValue]) throws {
      _ = try ParquetPage(
        .structure([1: .int(kind), 2: .int(8), 3: .int(8), field: .structure(body)]))
    }
    #expect(throws: ParquetError.self) { try page(0, 5, [1: .int(.max), 2: .int(0)]) }
    #expect(throws: ParquetError.self) { try page(2, 7, [1: .int(-1)]) }
    #expect(throws: ParquetError.self) {
      try page(3, 8, [1: .int(1), 4: .int(0), 5: .int(.max), 6: .int(.max)])
    }
  }

  @Test func snappyKeepsToItsOutput() {
    func unpack(_ input: [UInt8], _ size: Int) -> [UInt8]? {
      var output = [UInt8](repeating: 0, count: size)
      let count = input.withUnsafeBytes { input in
        output.withUnsafeMutableBytes { Snappy.unpack(input, into: $0) }
      }
      return count.map { Array(output.prefix($0)) }
    }
    #expect(unpack([8, 0x04, 97, 98, 0x09, 2], 8) == Array("abababab".utf8))
    #expect(unpack([8, 0x04, 97, 98, 0x09, 0], 8) == nil)
    #expect(unpack([8, 0x04, 97, 98, 0x09, 3], 8) == nil)
    #expect(unpack([8, 0x04, 97, 98, 0x0D, 2], 8) == nil)
    #expect(unpack([9, 0x04, 97, 98], 8) == nil)
    #expect(unpack([8, 0xF0, 97], 8) == nil)
  }
}
