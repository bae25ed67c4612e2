/// Moves bytes between the ranks of a group, and knows nothing of what they mean. Every call comes from
/// one thread, never two at once.
///
/// Messages of one pair and one channel keep their order. A message has at most
/// `Frame.largestMessage` bytes; buffers never overlap and stay where they are until `test` says so.
public protocol Transport: Sendable {
  /// Its name, as messages print it: `openmpi`.
  var name: String { get }
  /// Joins the others; returns once all are there.
  func open() throws(RanksError) -> Place
  /// Begins to send; returns at once.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, channel: Channel) throws(RanksError)
    -> TransportRequest
  /// Begins to receive a message of just this size; returns at once.
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, channel: Channel)
    throws(RanksError) -> TransportRequest
  /// Whether a request is done, and is then gone. Never waits.
  func test(_ request: TransportRequest) throws(RanksError) -> Bool
  /// Ends all processes of the group with this exit code.
  func abort(code: Int32)
  /// Leaves; all have said that they need no more.
  func close()
}

/// Which of a group a process is.
public struct Place: Sendable, Equatable {
  /// From 0 on.
  public let rank: Int
  /// How many there are.
  public let count: Int

  /// A place in a group.
  public init(rank: Int, count: Int) {
    self.rank = rank
    self.count = count
  }
}

/// A message on its way: what the transport knows it by.
public struct TransportRequest: Sendable {
  /// The transport's own.
  public let handle: UInt

  /// A request.
  public init(_ handle: UInt) { self.handle = handle }
}

/// Ways between two ranks that do not wait for one another.
public enum Channel: Int32, Sendable {
  /// What a payload is, and its checksum.
  case frames = 0
  /// What callers send.
  case payload = 1
  /// Signs of life.
  case beats = 2
  /// The last that a rank says: that it has done, or what has failed.
  case words = 3
}
