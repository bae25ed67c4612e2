import Ranks
import TestSupport
import Testing

@Suite struct GroupTests {
  @Test(arguments: [1, 2, 3, 4, 8], [false, true])
  func eachGetsWhatEachOtherSends(_ count: Int, delays: Bool) throws {
    let all = try ranks(count, over: LocalWires(count, delays: delays)) { group in
      try group.exchange(
        "greetings",
        (0..<count).map { Array(repeating: UInt8(16 * group.rank + $0), count: $0) })
    }
    for (rank, received) in all.enumerated() {
      #expect(
        received == (0..<count).map { Array(repeating: UInt8(16 * $0 + rank), count: rank) })
    }
  }

  @Test(arguments: [1, 2, 5]) func allSeeAll(_ count: Int) throws {
    let all = try ranks(count) { group -> [[UInt8]] in
      var seen = try group.gather("at all", [UInt8(group.rank)])
      seen += try group.gather("at the last", [UInt8(group.rank + 1)], at: count - 1)
      seen.append(try group.broadcast("from the last", [UInt8(7 + count)], from: count - 1))
      return seen
    }
    let bytes = (0..<UInt8(count)).map { [$0] }
    for (rank, seen) in all.enumerated() {
      #expect(Array(seen.prefix(count)) == bytes)
      let last = seen.dropFirst(count).prefix(count)
      #expect(
        Array(last)
          == (0..<count).map { rank == count - 1 || $0 == rank ? [UInt8($0 + 1)] : [] })
      #expect(seen.last == [UInt8(7 + count)])
    }
  }

  @Test(arguments: [1, 2, 4]) func numbersAreAgreedOn(_ count: Int) throws {
    let all = try ranks(count) { group in
      [
        try group.agree("sum", on: group.rank + 1, by: +),
        try group.agree("order", on: group.rank + 1) { 10 * $0 + $1 },
        try group.any("any", group.rank == count - 1) ? 1 : 0,
        try group.all("all", group.rank == count - 1) ? 1 : 0,
      ]
    }
    let order = (1...count).reduce(0) { 10 * $0 + $1 }
    #expect(all.allSatisfy { $0 == [count * (count + 1) / 2, order, 1, count == 1 ? 1 : 0] })
  }

  /// Two transfers at once, more than one message each, awaited in the other order.
  @Test func transfersStartEarlyAndAreAwaitedLate() throws {
    let length = Frame.largestMessage + 1000
    @Sendable func value(_ offset: Int, _ number: Int, from: Int, to: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: offset &* 31 &+ 7 * number &+ 3 * from &+ to)
    }
    let offsets = Array(stride(from: 0, to: length, by: 4099))
    let all = try ranks(3, over: LocalWires(3, delays: true)) { group -> Bool in
      let sent = (0..<2).map { _ in Bytes(3 * length) }
      let received = (0..<2).map { _ in Bytes(3 * length) }
      let transfers = (0..<2).map { number -> Transfer in
        for other in 0..<3 {
          for offset in offsets {
            sent[number].all[other * length + offset] =
              value(offset, number, from: group.rank, to: other)
          }
        }
        return group.start(
          "part \(number)",
          sending: (0..<3).map { UnsafeRawBufferPointer(sent[number].piece($0, length)) },
          receiving: (0..<3).map { received[number].piece($0, length) })
      }
      try transfers[1].wait()
      try transfers[0].wait()
      return (0..<2).allSatisfy { number in
        (0..<3).allSatisfy { other in
          offsets.allSatisfy {
            received[number].all[other * length + $0]
              == value($0, number, from: other, to: group.rank)
          }
        }
      }
    }
    #expect(all == [true, true, true])
  }

  @Test func payloadsAreCounted() throws {
    let all = try ranks(2) { group -> Group.Traffic in
      let before = group.traffic
      _ = try group.exchange(
        "counted", [[UInt8]](repeating: Array(repeating: 1, count: 100), count: 2))
      let after = group.traffic
      #expect(after.sent - before.sent == 100 && after.received - before.received == 100)
      return after
    }
    #expect(all.count == 2)
  }

  @Test func aGroupOfOneSendsNothing() throws {
    let group = Group.alone
    #expect(group.isAlone && group.isFirst && group.transport == nil)
    #expect(try group.exchange("alone", [[1, 2]]) == [[1, 2]])
    let place = Bytes(4), own = Bytes(4)
    own.all[2] = 9
    let transfer = group.start(
      "alone", sending: [UnsafeRawBufferPointer(own.all)], receiving: [place.all])
    #expect(transfer.isDone && place.all[2] == 9)
    try transfer.wait()
    try group.close()
    #expect(group.traffic == Group.alone.traffic && group.traffic.sent == 0)
  }
}

/// Memory that stays where it is.
final class Bytes {
  let all: UnsafeMutableRawBufferPointer

  init(_ count: Int) {
    all = .allocate(byteCount: count, alignment: 64)
    all.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { all.deallocate() }

  func piece(_ index: Int, _ length: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: all[index * length..<(index + 1) * length])
  }
}
