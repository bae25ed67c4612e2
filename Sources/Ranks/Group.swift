import Glibc
import Synchronization

/// The processes that share a run's work, seen from one of them. All call the same functions in the
/// same order, with the same labels; what one sends, the others await.
///
/// A group of one sends nothing, allocates nothing and has no thread.
public final class Group: Sendable {
  /// Which of them this process is, from 0 on; rank 0 speaks for all.
  public let rank: Int
  /// How many there are.
  public let count: Int
  /// The host of each rank, by name.
  public let hosts: [String]
  /// What bytes go through: `openmpi`; nil in a group of one that nobody started as more.
  public let transport: String?
  let thread: CommunicationThread?
  /// How other ranks are told of an error: what all leave with, and a sentence.
  let diagnose: @Sendable (any Error) -> (code: Int32, sentence: String)
  private let counted = Mutex(Traffic())

  /// What has gone between this rank and the others.
  public struct Traffic: Sendable, Equatable {
    /// Bytes of payloads.
    public fileprivate(set) var sent = 0, received = 0
    /// Of those that were sent, gradients and weights: what `start` moves.
    public fileprivate(set) var sentNumbers = 0
    /// Seconds that somebody waited for them.
    public fileprivate(set) var waited = 0.0
  }

  /// The group of a process that is alone.
  public static let alone = Group()

  private init() {
    (rank, count, hosts, transport, thread) = (0, 1, [Self.hostName], nil, nil)
    diagnose = { (1, "\($0)") }
  }

  private init(
    _ place: Place, _ hosts: [String], _ transport: any Transport, _ thread: CommunicationThread,
    _ diagnose: @escaping @Sendable (any Error) -> (code: Int32, sentence: String)
  ) {
    (rank, count, self.hosts, self.thread) = (place.rank, place.count, hosts, thread)
    self.transport = transport.name
    self.diagnose = diagnose
  }

  /// Joins a group over a transport; returns once all are there. `verifies`: each payload has a
  /// checksum; the same at all ranks. A rank that does not answer for `timeout` seconds ends the run;
  /// `note` hears, on a thread of its own, of ranks that are late, `lost` of one that is lost.
  /// `diagnose`: how other ranks are told of an error of this one.
  public static func join(
    _ transport: any Transport, verifies: Bool = true, timeout: Double = 600,
    diagnose: @escaping @Sendable (any Error) -> (code: Int32, sentence: String) = { (1, "\($0)") },
    note: @escaping @Sendable (String) -> Void = { _ in },
    lost: @escaping @Sendable (RanksError) -> Void = { _ in }
  ) throws(RanksError) -> Group {
    let thread = CommunicationThread(
      transport, verifies: verifies, timeout: .seconds(timeout), note: note, lost: lost)
    let place = try thread.opening()
    let stranger = Group(place, [], transport, thread, diagnose)
    // A host's name and the process's mark, of each.
    let words = try stranger.gather(
      "the hosts' names", Array("\(hostName) \(Neighbors.mark)".utf8)
    ).map { String(decoding: $0, as: UTF8.self).split(separator: " ").map(String.init) }
    let group = Group(place, words.map { $0[0] }, transport, thread, diagnose)
    thread.orders.change {
      $0.names = (0..<place.count).map(group.name)
      $0.neighbors = Neighbors(words.map { Array($0.dropFirst()) }, own: place.rank)
    }
    return group
  }

  /// Says what this rank does from now on: the others hear of it when they wait for it. `phase` is what
  /// stands behind "in": `the forward and backward pass`.
  public func enter(_ phase: String, step: Int = 0) {
    thread?.orders.change { $0.activity = Activity(step: step, phase: phase) }
  }

  /// From now on a rank ends the run that does not answer for so many seconds.
  public func giveUp(after seconds: Double) {
    thread?.orders.change { $0.timeout = .seconds(seconds) }
  }

  /// Notes the newest checkpoint by its name: what remains of the run, should a rank be lost.
  public func note(whole checkpoint: String) {
    thread?.orders.change { $0.whole = checkpoint }
  }

  /// What is said behind the reason why a run ends: what remains of it.
  public var remedy: String { thread?.orders.read(\.remedy) ?? "" }

  /// Why nothing goes on any more; nil while all is well.
  public var fault: RanksError? { thread?.orders.read { $0.fault } }

  /// Whether there is nobody else.
  public var isAlone: Bool { count == 1 }

  /// Whether this rank writes files and speaks.
  public var isFirst: Bool { rank == 0 }

  /// What has gone between this rank and the others so far.
  public var traffic: Traffic { counted.withLock { $0 } }

  /// A rank as messages name it: `rank 2 (node-b)`.
  public func name(of rank: Int) -> String {
    hosts.indices.contains(rank) ? "rank \(rank) (\(hosts[rank]))" : "rank \(rank)"
  }

  /// Begins to move bytes: `sending[r]` to rank r, `receiving[r]` from it; empty ones take no message,
  /// and both sides must agree on that. What a rank sends itself is copied at once. Buffers must live
  /// until the transfer is done; `kept` does.
  public func start(
    _ label: String, sending: [UnsafeRawBufferPointer], receiving: [UnsafeMutableRawBufferPointer],
    keeping kept: Any? = nil
  ) -> Transfer {
    precondition(
      sending.count == count && receiving.count == count,
      "\(label): buffers for \(sending.count) and \(receiving.count) ranks, there are \(count)")
    precondition(
      sending[rank].count == receiving[rank].count,
      "\(label): \(sending[rank].count) bytes to itself, \(receiving[rank].count) awaited")
    let own = (from: sending[rank], into: receiving[rank])
    if own.from.count > 0, own.from.baseAddress != UnsafeRawPointer(own.into.baseAddress) {
      own.into.copyMemory(from: own.from)
    }
    if isAlone { return .done }
    let others = (0..<count).filter { $0 != rank }
    return start(
      label, sending: others.map { ($0, sending[$0]) },
      receiving: others.map { ($0, receiving[$0]) },
      keeping: kept)
  }

  /// The same of any number of buffers for each other rank, which arrive in their order.
  public func start(
    _ label: String, sending: [(rank: Int, bytes: UnsafeRawBufferPointer)],
    receiving: [(rank: Int, bytes: UnsafeMutableRawBufferPointer)], keeping kept: Any? = nil
  ) -> Transfer {
    let sendings = sending.filter { $0.bytes.count > 0 }.map {
      Transfer.Sending(rank: $0.rank, bytes: $0.bytes)
    }
    counted.withLock { $0.sentNumbers += sendings.reduce(0) { $0 + $1.bytes.count } }
    return begin(
      label, sendings,
      receiving.filter { $0.bytes.count > 0 }.map { .init(rank: $0.rank, bytes: $0.bytes) }, kept)
  }

  /// Begins a transfer; what has nothing to move is done.
  func begin(
    _ label: String, _ sendings: [Transfer.Sending], _ receivings: [Transfer.Receiving],
    _ kept: Any?
  ) -> Transfer {
    guard let thread, !(sendings.isEmpty && receivings.isEmpty) else { return .done }
    count(sent: sendings, received: receivings.reduce(0) { $0 + ($1.bytes?.count ?? 0) })
    let transfer = Transfer(label, sendings, receivings, keeping: kept) { [weak self] seconds in
      self?.counted.withLock { $0.waited += seconds }
    }
    thread.begin(transfer)
    return transfer
  }

  func count(sent: [Transfer.Sending] = [], received: Int) {
    counted.withLock {
      $0.sent += sent.reduce(0) { $0 + $1.bytes.count }
      $0.received += received
    }
  }

  /// Says goodbye and waits for that of all others: nobody leaves while another one needs him.
  public func close() throws(RanksError) { try thread?.leave(.goodbye) }

  /// Tells all others that this rank has failed, and with what code all are to leave. What they wait
  /// for, and whatever they begin, throws this sentence then.
  public func fail(code: Int32, saying sentence: String) {
    guard let thread else { return }
    thread.orders.change { orders in
      // Whom it was told, all others were told too.
      if case .failed = orders.fault?.kind {
        orders.farewell = .goodbye
      } else {
        orders.farewell = .failure(code: code, sentence: sentence)
      }
    }
  }

  /// Ends all processes of the group, this one too where the transport can, with this exit code. Returns
  /// after some seconds where it cannot: an MPI may wait there for a rank that is stopped.
  public func abort(code: Int32) {
    guard let thread else { return }
    thread.orders.change { $0.abort = code }
    let start = ContinuousClock.now
    while !thread.orders.read({ $0.hasEnded }), ContinuousClock.now - start < .seconds(5) {
      thread.orders.rest(microseconds: 100_000) { $0.hasEnded }
    }
  }

  /// This host's name, up to its first dot.
  static var hostName: String {
    var bytes = [CChar](repeating: 0, count: 256)
    gethostname(&bytes, 255)
    let name = String(
      decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return name.split(separator: ".").first.map(String.init) ?? "localhost"
  }
}
