import CCRC32C
import Ranks
import TestSupport
import Testing

@Suite struct FaultTests {
  private struct Trouble: Error, CustomStringConvertible {
    var description: String { "rows.jsonl:118: no prompt" }
  }

  /// The message of the error at each rank.
  private func sentences(_ results: [Result<Void, any Error>]) -> [String] {
    results.map { result in
      if case .failure(let error) = result { return "\(error)" }
      return "no error"
    }
  }

  @Test func changedBytesAreNoticed() throws {
    let wires = LocalWires(2) { way, number, bytes in
      if way.from == 1, way.channel == .payload, number == 1 { bytes?[3] ^= 4 }
    }
    let results = outcomes(ofRanks: 2, over: wires) { group in
      _ = try group.gather("rows", Array(repeating: 1, count: 100))
    }
    #expect(
      sentences(results)[0].hasPrefix("what rank 1 sent of rows is not what has come (100 bytes"))
  }

  @Test func ranksOnDifferentWaysAreNoticed() throws {
    let results = outcomes(ofRanks: 2) { group in
      _ = try group.gather(group.rank == 0 ? "losses" : "norms", [1])
    }
    #expect(sentences(results)[0].hasPrefix("rank 1 sends something else than losses"))
  }

  @Test func anotherNumberOfBytesIsNoticed() throws {
    let results = outcomes(ofRanks: 2) { group in
      let own = Bytes(64), place = Bytes(64)
      let other = 1 - group.rank, none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      let bytes = UnsafeRawBufferPointer(rebasing: own.all[..<(group.rank == 1 ? 32 : 64)])
      try group.start(
        "gradients",
        sending: (0..<2).map { $0 == other ? bytes : UnsafeRawBufferPointer(none) },
        receiving: (0..<2).map { $0 == other ? place.all : none }
      ).wait()
    }
    #expect(sentences(results)[0] == "rank 1 sends 32 bytes of gradients, 64 are awaited")
  }

  @Test func allHearOfARankThatFails() throws {
    let results = outcomes(ofRanks: 4) { group in
      if group.rank == 2 { throw Trouble() }
      try group.barrier("the step's end")
    }
    for (rank, sentence) in sentences(results).enumerated() where rank != 2 {
      #expect(sentence.hasPrefix("rank 2 (") && sentence.hasSuffix("): rows.jsonl:118: no prompt"))
    }
    if case .failure(let error as RanksError) = results[0] { #expect(error.exitCode == 1) }
  }

  /// Work that fails at a rank fails at all, with the same words, and the group goes on.
  @Test func aPartThatFailsEndsNoGroup() throws {
    let results = outcomes(ofRanks: 3) { group in
      func part(_ number: Int) throws -> Int {
        if number == 4 { throw Trouble() }
        return number
      }
      let works: [() throws -> Void] = [
        { try group.together("rows") { _ = try part(group.rank == 1 ? 4 : 0) } },
        {
          _ = try group.inOrder("parts", of: 6) { try group.dealt(6).map { ($0, try part($0)) } }
        },
        { _ = try group.share("a report", from: 1) { try part(4) } },
      ]
      for work in works {
        do {
          try work()
          Issue.record("nothing was thrown")
        } catch let error as RanksError {
          #expect(error.kind == .shared(code: 1) && error.isShared && error.exitCode == 1)
          #expect(error.message == "\(group.name(of: 1)): rows.jsonl:118: no prompt")
        }
      }
      try group.barrier("the end")
    }
    #expect(sentences(results) == ["no error", "no error", "no error"])
  }

  @Test func checksumsAreTheRFCs() {
    let text = Array("123456789".utf8)
    #expect(crc32c(0, text, text.count) == 0xE306_9283)
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }
    for start in 0..<9 {
      for end in [start, start + 1, 500, 997, 1000] {
        bytes.withUnsafeBytes { bytes in
          let place = bytes.baseAddress! + start
          #expect(crc32c(0, place, end - start) == crc32c_portable(0, place, end - start))
        }
      }
    }
  }
}

@Suite struct RollCallTests {
  /// A rank whose signs of life are lost is named, with what it did last.
  @Test func aSilentRankIsNamed() throws {
    let wires = LocalWires(3) { way, number, bytes in
      if way.from == 2, way.channel == .beats, number > 0 { bytes = nil }
    }
    let results = outcomes(ofRanks: 3, over: wires, timeout: 1.5) { group in
      if group.rank == 2 {
        group.enter("the plugin's read()", step: 41)
        group.waitForFault()
      } else {
        try group.barrier("the step's end")
      }
    }
    guard case .failure(let error as RanksError) = results[0] else {
      Issue.record("rank 0 noticed nothing")
      return
    }
    #expect(error.kind == .silent && error.exitCode == 1)
    #expect(
      error.message.contains("rank 2 (") && error.message.contains("has not answered for 1 s"))
  }
}
