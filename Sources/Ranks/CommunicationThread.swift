import Glibc
import Threads

/// The one thread that calls the transport: it looks at what is on its way, then sleeps a little. So
/// bytes move while others compute, nobody spins, and a rank that computes still answers.
final class CommunicationThread: @unchecked Sendable {
  // Unchecked: `orders` is behind a lock; all else belongs to the thread.

  /// What others ask of the thread.
  struct Orders {
    var transfers: [Transfer] = []
    var farewell: Words?
    var abort: Int32?
    var activity = Activity()
    /// A rank is given up that does not answer for so long.
    var timeout: Duration
    /// How messages name the ranks.
    var names: [String] = []
    /// The ranks that run on this machine.
    var neighbors = Neighbors()
    /// The newest checkpoint, by its name; nil where there is none.
    var whole: String?
    /// Why nothing goes on any more.
    var fault: RanksError?
    var hasEnded = false
  }

  let transport: any Transport
  let orders: Monitor<Orders>
  private let verifies: Bool
  private let note: @Sendable (String) -> Void, lost: @Sendable (RanksError) -> Void
  private let opened = Monitor<Result<Place, RanksError>?>(nil)
  private var place = Place(rank: 0, count: 1)
  private var peers: [Peer] = []
  private var farewell: Farewell?, rollCall: RollCall?
  private var waitingSince: ContinuousClock.Instant?

  /// Starts the thread and joins the others. A rank is given up that does not answer for `timeout`;
  /// `note` hears of ranks that are late, `lost` of one that is lost.
  init(
    _ transport: any Transport, verifies: Bool, timeout: Duration,
    note: @escaping @Sendable (String) -> Void, lost: @escaping @Sendable (RanksError) -> Void
  ) {
    self.transport = transport
    self.verifies = verifies
    orders = Monitor(Orders(timeout: timeout))
    self.note = note
    self.lost = lost
    StartedThread { self.run() }.detach()
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
      rollCall = try RollCall(place, transport)
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
      for (_, words) in try farewell?.heard() ?? [] { try hear(words) }
      try call(isLast: words != nil)
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

  private func hear(_ words: Words) throws(RanksError) {
    // What a goodbye overtakes still comes: it has been sent.
    guard case .failure(let code, let sentence) = words else { return }
    throw RanksError(.failed(code: code), sentence)
  }

  /// Signs of life; who is late, who is silent.
  private func call(isLast: Bool) throws(RanksError) {
    guard let rollCall else { return }
    let (activity, names, timeout, isOver) = orders.read {
      ($0.activity, $0.names, $0.timeout, $0.fault != nil)
    }
    func name(_ rank: Int) -> String { names.indices.contains(rank) ? names[rank] : "rank \(rank)" }
    try rollCall.tick(activity, isLast: isLast && !peers.contains(where: \.isBusy))
    // Whoever is given up is told of once; what follows are the last words, which all others are to hear.
    guard !isOver else { return }
    if let (rank, theirs) = rollCall.silent(for: timeout) {
      throw RanksError(
        .silent,
        "\(name(rank)) has not answered for \(Int(timeout / .seconds(1))) s; it was in "
          + "\(theirs.sentence), and the others wait for it; the run ends" + orders.read(\.remedy))
    }
    let watched = rollCall.watching
    if let rank = orders.change({ $0.neighbors.gone(among: watched) }) {
      throw RanksError(.gone, "\(name(rank)) is gone" + orders.read(\.remedy))
    }
    let awaited = peers.filter(\.isAwaited).map(\.rank)
    guard !awaited.isEmpty else { return waitingSince = nil }
    let start = waitingSince ?? .now
    waitingSince = start
    for (rank, theirs) in rollCall.late(awaited, since: start) {
      let seconds = Int((ContinuousClock.now - theirs.since) / .seconds(1))
      note("waiting for \(name(rank)), which has been in \(theirs.sentence) for \(seconds) s")
    }
  }

  /// Leaves once nothing is on its way and all have said their last words.
  private func close(_ words: Words) throws(RanksError) {
    guard let farewell else { return }
    let isOver = orders.read { $0.fault != nil }
    if !isOver, words == .goodbye, peers.contains(where: \.isBusy) { return }
    try farewell.say(words)
    guard try farewell.isSaid(), farewell.hasHeardAll, rollCall?.hasEnded != false, !isOver
    else { return }
    transport.close()
    orders.change { $0.hasEnded = true }
  }

  private func end(_ code: Int32) {
    transport.abort(code: code)
    orders.change { $0.hasEnded = true }
  }

  /// From now on nothing is sent or awaited: the first fault is what everybody hears of.
  private func fail(_ error: RanksError, also transfers: [Transfer]) {
    let (fault, waiting, isNew) = orders.change { orders in
      defer { orders.transfers = [] }
      let isNew = orders.fault == nil
      if isNew { orders.fault = error }
      return (orders.fault ?? error, orders.transfers, isNew)
    }
    // At once: a launcher leaves little time.
    if isNew, [.silent, .gone].contains(error.kind) { lost(error) }
    for transfer in waiting + transfers + peers.flatMap(\.transfers) {
      transfer.finish(.failure(fault))
    }
  }
}

extension CommunicationThread.Orders {
  /// What the end of a run that cannot go on does not take away, as the rest of a sentence.
  var remedy: String {
    whole.map { "; \($0) is whole, --resume goes on from there" } ?? ""
  }
}

extension Activity {
  /// Step and phase as messages name them: `the forward and backward pass of step 41`.
  var sentence: String { step > 0 ? "\(phase) of step \(step)" : phase }
}
