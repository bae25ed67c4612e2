import Testing

@testable import Tasks

@Suite struct RowSampleTests {
  @Test func oneRowOfEachStretch() {
    for (total, limit) in [(10, 5), (11, 4), (1000, 7), (8965, 400)] {
      let rows = sampledRows(of: total, limit: limit, seed: 42)
      #expect(rows.count == limit)
      for (stretch, row) in rows.enumerated() {
        #expect((stretch * total / limit..<(stretch + 1) * total / limit).contains(row))
      }
    }
  }

  @Test func theSeedDecides() {
    let rows = sampledRows(of: 1000, limit: 20, seed: 1)
    #expect(rows == sampledRows(of: 1000, limit: 20, seed: 1))
    #expect(rows != sampledRows(of: 1000, limit: 20, seed: 2))
    // No even stride, which a file with a rhythm would be met by at the same beat each time.
    #expect(Set(rows.map { $0 % 50 }).count > 5)
  }

  @Test func aLimitAboveTheRowsTakesAll() {
    #expect(sampledRows(of: 5, limit: 9, seed: 3) == Array(0..<5))
    #expect(sampledRows(of: 5, limit: nil, seed: 3) == Array(0..<5))
    #expect(sampledRows(of: 5, limit: 5, seed: 3) == Array(0..<5))
    #expect(sampledRows(of: 0, limit: 3, seed: 3).isEmpty)
  }

  /// The first numbers of SplitMix64 from the state 0, as published with it.
  @Test func theGeneratorIsSplitMix64() {
    #expect(mixed(0, 0) == 0xE220_A839_7B1D_CDAF)
    #expect(mixed(0, 1) == 0x6E78_9E6A_A1B9_65F4)
  }
}
