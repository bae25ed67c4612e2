import Glibc
import Ranks
import Synchronization
import Threads

/// Queues that join several groups in one process, as a transport would: for tests. What may go wrong
/// on the way can be asked for.
public final class LocalWires: Sendable {
  /// A message's way.
  public struct Way: Hashable, Sendable {
    /// From a rank to a rank.
    public var from: Int, to: Int
    /// On a channel.
    public var channel: Channel
  }

  private struct Receiving {
    var number: UInt, bytes: UnsafeMutableRawBufferPointer
  }

  private struct State: @unchecked Sendable {
    // Unchecked: the transport's rules say who may touch the buffers.
    var messages: [Way: [[UInt8]]] = [:], receivings: [Way: [Receiving]] = [:]
    var ways: [UInt: Way] = [:], looks: [UInt: Int] = [:], last: UInt = 0
    var code: Int32?
    var numbers: [Way: Int] = [:]
  }

  /// How many ranks there are.
  public let count: Int
  private let delays: Bool
  private let tamper: @Sendable (Way, _ number: Int, inout [UInt8]?) -> Void
  private let state = Mutex(State())

  /// Wires between so many ranks. `delays`: a message is looked for several times before it is there,
  /// those of different ways in another order than they were sent. `tamper` may change or lose what a
  /// way carries.
  public init(
    _ count: Int, delays: Bool = false,
    tamper: @escaping @Sendable (Way, _ number: Int, inout [UInt8]?) -> Void = { _, _, _ in }
  ) {
    self.count = count
    self.delays = delays
    self.tamper = tamper
  }

  /// The end of these wires at a rank.
  public func end(_ rank: Int) -> any Transport { LocalEnd(rank: rank, wires: self) }

  /// The code that a rank has ended the group with; nil while none has.
  public var code: Int32? { state.withLock { $0.code } }

  fileprivate func abort(_ code: Int32) { state.withLock { $0.code = $0.code ?? code } }

  fileprivate func send(_ bytes: [UInt8], _ way: Way) throws(RanksError) -> UInt {
    try check()
    return state.withLock { state in
      let number = state.numbers[way, default: 0]
      state.numbers[way] = number + 1
      var bytes: [UInt8]? = bytes
      tamper(way, number, &bytes)
      if let bytes { state.messages[way, default: []].append(bytes) }
      return 0
    }
  }

  fileprivate func receive(_ bytes: UnsafeMutableRawBufferPointer, _ way: Way) throws(RanksError)
    -> UInt
  {
    try check()
    let place = SendableBytes(bytes: bytes)
    return state.withLock { state in
      state.last += 1
      state.receivings[way, default: []].append(
        Receiving(number: state.last, bytes: place.bytes))
      state.ways[state.last] = way
      // From the number alone, so that a test is the same each time.
      state.looks[state.last] = delays ? Int(state.last &* 2_654_435_761 >> 8 & 7) : 0
      return state.last
    }
  }

  fileprivate func test(_ number: UInt) throws(RanksError) -> Bool {
    if number == 0 { return true }
    try check()
    return try state.withLock { (state: inout State) throws(RanksError) -> Bool in
      guard let way = state.ways[number], state.receivings[way]?.first?.number == number else {
        return false
      }
      if let looks = state.looks[number], looks > 0 {
        state.looks[number] = looks - 1
        return false
      }
      guard state.messages[way]?.isEmpty == false, let message = state.messages[way]?.removeFirst()
      else { return false }
      guard let receiving = state.receivings[way]?.removeFirst(),
        message.count == receiving.bytes.count
      else { throw RanksError(.transport, "a message of \(message.count) bytes has no place") }
      receiving.bytes.copyBytes(from: message)
      state.ways[number] = nil
      return true
    }
  }

  private func check() throws(RanksError) {
    if let code { throw RanksError(.transport, "the group was ended with \(code)") }
  }
}

private struct SendableBytes: @unchecked Sendable {
  // Unchecked: handed through a lock.
  let bytes: UnsafeMutableRawBufferPointer
}

/// One end of the wires.
private struct LocalEnd: Transport {
  let rank: Int, wires: LocalWires

  var name: String { "local" }

  func open() throws(RanksError) -> Place { Place(rank: rank, count: wires.count) }

  func send(_ bytes: UnsafeRawBufferPointer, to other: Int, channel: Channel) throws(RanksError)
    -> TransportRequest
  {
    precondition(bytes.count <= Frame.largestMessage, "a message of \(bytes.count) bytes")
    return TransportRequest(
      try wires.send(Array(bytes), .init(from: rank, to: other, channel: channel)))
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from other: Int, channel: Channel)
    throws(RanksError) -> TransportRequest
  {
    TransportRequest(try wires.receive(bytes, .init(from: other, to: rank, channel: channel)))
  }

  func test(_ request: TransportRequest) throws(RanksError) -> Bool {
    try wires.test(request.handle)
  }

  func abort(code: Int32) { wires.abort(code) }

  func close() {}
}

/// Runs `body` at each of `count` ranks, a thread each, and says what each of them gave. A rank that
/// throws tells the others; where all went well they say goodbye to one another.
public func outcomes<Value: Sendable>(
  ofRanks count: Int, over wires: LocalWires? = nil, timeout: Double = 60,
  _ body: @escaping @Sendable (Group) throws -> Value
) -> [Result<Value, any Error>] {
  let wires = wires ?? LocalWires(count)
  let results = Mutex<[Int: Result<Value, any Error>]>([:]), groups = Mutex<[Group]>([])
  let threads = (0..<count).map { rank in
    StartedThread {
      let result = Result {
        let group = try Group.join(wires.end(rank), timeout: timeout)
        groups.withLock { $0.append(group) }
        return try run(group, body)
      }
      results.withLock { $0[rank] = result }
    }
  }
  threads.forEach { $0.join() }
  groups.withLock { $0 }.forEach { $0.abort(code: 0) }
  return results.withLock { results in (0..<count).compactMap { results[$0] } }
}

/// What `body` gives at each of `count` ranks; the first error of a rank is thrown.
public func ranks<Value: Sendable>(
  _ count: Int, over wires: LocalWires? = nil, _ body: @escaping @Sendable (Group) throws -> Value
) throws -> [Value] {
  try outcomes(ofRanks: count, over: wires, body).map { try $0.get() }
}

extension Group {
  /// Does nothing until another rank has failed, or this one.
  public func waitForFault() { while fault == nil { usleep(1000) } }
}

private func run<Value>(_ group: Group, _ body: (Group) throws -> Value) throws -> Value {
  do {
    let value = try body(group)
    try group.close()
    return value
  } catch {
    group.fail(code: 1, saying: "\(group.name(of: group.rank)): \(error)")
    throw error
  }
}
