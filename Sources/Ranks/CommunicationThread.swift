import Glibc

/// The one thread that calls the transport: it looks at what is on its way, then sleeps a little. So
/// bytes move while others compute, nobody spins, and a rank that computes still answers.
final class CommunicationThread: @unchecked Sendable {
  // Unchecked: `orders` is behind a lock; all else belongs to the thread.

  /// What others ask of the thread.
  struct Orders {
    var transfers: [Transfer] = []
    var farewell: Words?
    var abort: Int32?
    /// Why nothing goes on any more.
    var fault: RanksError?
    var hasEnded = false
  }

  let transport: any Transport
  let orders = Monitor(Orders())
  private let verifies: Bool
  private let opened = Monitor<Result<Place, RanksError>?>(nil)
  private var place = Place(rank: 0, count: 1)
  private var peers: [Peer] = []
  private var farewell: Farewell?

  /// Starts the thread and joins the others.
  init(_ transport: any Transport, verifies: Bool) {
    self.transport = transport
    self.verifies = verifies
    startThread { self.run() }
  }

  /// Where this process stands, once all are there.
  func opening() throws(RanksError) -> Place { try opened.wait { $0 }.get() }

  /// Hands a transfer to the thread.
  func begin(_ transfer: Transfer) {
    let fault = orders.change { orders in
      if orders.fault == nil { orders.transfers.append(transfer) }
      return orders.fault
    }
    if let fault { transfer.finish(.failure(fault)) }
  }

  /// Says last words and waits until all have said theirs; throws what has gone wrong, here or there.
  func leave(_ words: Words) throws(RanksError) {
    orders.change { $0.farewell = words }
    let fault = orders.wait { $0.hasEnded || $0.fault != nil ? .some($0.fault) : nil }
    if let fault { throw fault }
  }

  // MARK: On the thread

  private func run() {
    do throws(RanksError) {
      place = try transport.open()
      farewell = try Farewell(place, transport)
      peers = (0..<place.count).filter { $0 != place.rank }
        .map { Peer($0, name: "rank \($0)", transport, verifies: verifies) }
      opened.change { $0 = .success(place) }
    } catch {
      opened.change { $0 = .failure(error) }
      return
    }
    var pause = 0
    while true {
      let moved = look()
      if orders.read({ $0.hasEnded }) { return }
      pause = moved ? 0 : min(pause + 25, 200)
      rest(pause)
    }
  }

  /// Sleeps: shortly while something is on its way, else until there is something to do.
  private func rest(_ pause: Int) {
    guard pause > 0 else { return }
    if peers.contains(where: \.isBusy) {
      usleep(UInt32(max(pause, 50)))
    } else {
      orders.rest(microseconds: 2000) { !$0.transfers.isEmpty || $0.farewell != nil }
    }
  }

  /// One look at everything; whether anything has moved.
  private func look() -> Bool {
    let (transfers, words, code) = orders.change { orders in
      defer { orders.transfers = [] }
      return (orders.transfers, orders.farewell, orders.abort)
    }
    if let code { end(code) }
    do throws(RanksError) {
      for transfer in transfers { try begin(transfer, at: peers) }
      var moved = !transfers.isEmpty
      if orders.read({ $0.fault == nil }) {
        for peer in peers where try peer.advance() { moved = true }
      }
      for (rank, words) in try farewell?.heard() ?? [] { try hear(words, from: rank) }
      if let words { try close(words) }
      return moved
    } catch {
      fail(error, also: transfers)
      return false
    }
  }

  private func begin(_ transfer: Transfer, at peers: [Peer]) throws(RanksError) {
    for sending in transfer.sendings {
      try peers.first { $0.rank == sending.rank }?.send(sending.bytes, of: transfer)
    }
    for receiving in transfer.receivings {
      peers.first { $0.rank == receiving.rank }?.receive(into: receiving.bytes, of: transfer)
    }
  }

  private func hear(_ words: Words, from rank: Int) throws(RanksError) {
    // What a goodbye overtakes still comes: it has been sent.
    guard case .failure(let code, let sentence) = words else { return }
    throw RanksError(.failed(code: code), sentence)
  }

  /// Leaves once nothing is on its way and all have said their last words.
  private func close(_ words: Words) throws(RanksError) {
    guard let farewell else { return }
    let isOver = orders.read { $0.fault != nil }
    if !isOver, words == .goodbye, peers.contains(where: \.isBusy) { return }
    try farewell.say(words)
    guard try farewell.isSaid(), farewell.hasHeardAll, !isOver else { return }
    transport.close()
    orders.change { $0.hasEnded = true }
  }

  private func end(_ code: Int32) {
    transport.abort(code: code)
    orders.change { $0.hasEnded = true }
  }

  /// From now on nothing is sent or awaited: the first fault is what everybody hears of.
  private func fail(_ error: RanksError, also transfers: [Transfer]) {
    let (fault, waiting) = orders.change { orders in
      defer { orders.transfers = [] }
      if orders.fault == nil { orders.fault = error }
      return (orders.fault ?? error, orders.transfers)
    }
    for transfer in waiting + transfers + peers.flatMap(\.transfers) {
      transfer.finish(.failure(fault))
    }
  }
}

/// Starts a thread that runs `body`. Signals are for the main thread.
private func startThread(_ body: @escaping () -> Void) {
  var all = sigset_t(), old = sigset_t()
  sigfillset(&all)
  for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS] {
    sigdelset(&all, fault)
  }
  pthread_sigmask(SIG_SETMASK, &all, &old)
  defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { argument in
      Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
      return nil
    }, Unmanaged.passRetained(Body(body)).toOpaque())
  precondition(code == 0, "ranks: no thread can be started: \(String(cString: strerror(code)))")
  pthread_detach(thread)
}

/// What a thread does.
private final class Body {
  let run: () -> Void

  init(_ run: @escaping () -> Void) { self.run = run }
}
