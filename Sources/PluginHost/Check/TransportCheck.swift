import Glibc
import Ranks
import Tasks

/// Opens a transport in a process that nobody started as one of several, and has it send to itself.
struct TransportCheck {
  private let transport: PluginTransport, bench: CheckBench
  private let start = UInt8(7)

  init(_ transport: PluginTransport, _ bench: CheckBench) {
    self.transport = transport
    self.bench = bench
  }

  func run() {
    var place: Place?
    bench.check("opens") { () throws(CheckFault) in
      bench.step("opens", "open")
      let own = try told { () throws(RanksError) in try transport.open() }
      guard own == Place(rank: 0, count: 1) else {
        throw .fails("a process alone is rank \(own.rank) of \(own.count); it must be 0 of 1")
      }
      place = own
      return "a process alone is rank 0 of 1"
    }
    guard place != nil else { return }
    bench.check("order") { () throws(CheckFault) in try order() }
    bench.check("channels") { () throws(CheckFault) in try channels() }
    bench.check("sizes") { () throws(CheckFault) in try sizes() }
    bench.check("leaves") { () throws(CheckFault) in
      bench.step("leaves", "close")
      transport.close()
      return "close returns"
    }
  }

  /// Messages of one channel keep their order, whenever they are asked for.
  private func order() throws(CheckFault) -> String {
    bench.step("order", "send")
    var sent: [(Memory, TransportRequest)] = []
    for number in 0..<40 {
      let memory = Memory(8 + 100 * (number % 3), filledWith: UInt8(number))
      sent.append((memory, try send(memory, .payload)))
    }
    for number in 0..<40 {
      let memory = Memory(8 + 100 * (number % 3), filledWith: 255)
      try finish(try receive(memory, .payload), "receive")
      guard memory.holds(UInt8(number)) else {
        throw .fails("message \(number) of 40 is another one than was sent")
      }
    }
    for (_, request) in sent { try finish(request, "send") }
    return "40 messages come in their order"
  }

  /// What is awaited on one channel holds nothing up on another one.
  private func channels() throws(CheckFault) -> String {
    bench.step("channels", "test")
    let early = Memory(64, filledWith: 255), own = Memory(64, filledWith: 1)
    let awaited = try receive(early, .frames)
    guard try !told({ () throws(RanksError) in try transport.test(awaited) }) else {
      throw .fails("test says that a message has come which was not sent")
    }
    let other = Memory(64, filledWith: 255), second = Memory(64, filledWith: 2)
    let sending = try send(second, .payload)
    try finish(try receive(other, .payload), "receive")
    try finish(sending, "send")
    let first = try send(own, .frames)
    try finish(awaited, "receive")
    try finish(first, "send")
    guard early.holds(1), other.holds(2) else { throw .fails("messages change channels") }
    return "channels do not wait for one another"
  }

  private func sizes() throws(CheckFault) -> String {
    for size in [0, 1, 4097, Frame.largestMessage] {
      bench.step("sizes", "a message of \(size) bytes")
      let from = Memory(size, filledWith: start), into = Memory(size, filledWith: 255)
      let receiving = try receive(into, .payload), sending = try send(from, .payload)
      try finish(receiving, "receive")
      try finish(sending, "send")
      guard into.holds(start) else { throw .fails("\(size) bytes come changed") }
    }
    return "messages of 0 bytes to 16 MiB come whole"
  }

  private func send(_ memory: Memory, _ channel: Channel) throws(CheckFault) -> TransportRequest {
    try told { () throws(RanksError) in
      try transport.send(UnsafeRawBufferPointer(memory.bytes), to: 0, channel: channel)
    }
  }

  private func receive(_ memory: Memory, _ channel: Channel) throws(CheckFault)
    -> TransportRequest
  {
    try told { () throws(RanksError) in
      try transport.receive(memory.bytes, from: 0, channel: channel)
    }
  }

  /// Looks at a request until it is done.
  private func finish(_ request: TransportRequest, _ what: String) throws(CheckFault) {
    let deadline = ContinuousClock.now + .seconds(20)
    while try !told({ () throws(RanksError) in try transport.test(request) }) {
      guard ContinuousClock.now < deadline else { throw .fails("\(what) is not done in 20 s") }
      usleep(100)
    }
  }

  private func told<R>(_ body: () throws(RanksError) -> R) throws(CheckFault) -> R {
    do throws(RanksError) { return try body() } catch { throw .fails(error.message) }
  }
}

/// Memory that stays where it is.
private final class Memory {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ count: Int, filledWith byte: UInt8) {
    bytes = .allocate(byteCount: count, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: byte)
  }

  deinit { bytes.deallocate() }

  /// Whether each byte is this one.
  func holds(_ byte: UInt8) -> Bool {
    guard bytes.count > 1, let start = bytes.baseAddress else {
      return bytes.allSatisfy { $0 == byte }
    }
    return bytes[0] == byte && memcmp(start, start + 1, bytes.count - 1) == 0
  }
}
