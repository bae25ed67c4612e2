import CCRC32C

/// Another rank, as the communication thread sees it: what is on its way there, and what is awaited
/// from it. Payloads leave in the order in which they were asked for, and arrive in it.
final class Peer {
  /// A payload on its way.
  private struct Departing {
    var transfer: Transfer, requests: [TransportRequest], frame: UnsafeMutableRawBufferPointer
  }

  /// A payload that is awaited: first its frame, then its bytes.
  private struct Arriving {
    var transfer: Transfer, place: UnsafeMutableRawBufferPointer?
    /// Whether the place is made here, once the number of bytes is known.
    let isOwned: Bool
    var frame: Frame?
    var requests: [TransportRequest] = []
  }

  let rank: Int
  private let name: String, transport: any Transport, verifies: Bool
  private let frameBytes = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Frame.size, alignment: 8)
  private var sent: UInt64 = 0, received: UInt64 = 0
  private var departing: [Departing] = [], arriving: [Arriving] = []
  private var isReceiving = false

  init(_ rank: Int, name: String, _ transport: any Transport, verifies: Bool) {
    self.rank = rank
    self.name = name
    self.transport = transport
    self.verifies = verifies
  }

  /// Whether something is on its way or awaited.
  var isBusy: Bool { !departing.isEmpty || !arriving.isEmpty }

  /// Whether something is awaited from it.
  var isAwaited: Bool { !arriving.isEmpty }

  /// What is still on its way or awaited.
  var transfers: [Transfer] { departing.map(\.transfer) + arriving.map(\.transfer) }

  /// Begins to send a payload: a frame, then messages of at most the largest size. No bytes, no
  /// message beside the frame.
  func send(_ bytes: UnsafeRawBufferPointer, of transfer: Transfer) throws(RanksError) {
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: Frame.size, alignment: 8)
    Frame(
      number: sent, length: UInt64(bytes.count), label: Frame.mark(of: transfer.label),
      checksum: verifies ? crc32c(0, bytes.baseAddress, bytes.count) : nil
    ).write(to: frame)
    sent += 1
    var requests = [
      try transport.send(UnsafeRawBufferPointer(frame), to: rank, channel: .frames)
    ]
    for piece in Self.pieces(of: bytes.count) {
      requests.append(
        try transport.send(
          UnsafeRawBufferPointer(rebasing: bytes[piece]), to: rank, channel: .payload))
    }
    departing.append(Departing(transfer: transfer, requests: requests, frame: frame))
  }

  /// Awaits a payload.
  func receive(into place: UnsafeMutableRawBufferPointer?, of transfer: Transfer) {
    arriving.append(Arriving(transfer: transfer, place: place, isOwned: place == nil))
  }

  /// Looks at what has gone and come; whether there was anything.
  func advance() throws(RanksError) -> Bool {
    let hasSent = try advanceDepartures()
    var hasReceived = false
    while try advanceArrival() { hasReceived = true }
    return hasSent || hasReceived
  }

  private func advanceDepartures() throws(RanksError) -> Bool {
    var hasMoved = false
    for index in departing.indices {
      let rest = try pending(departing[index].requests)
      hasMoved = hasMoved || rest.count != departing[index].requests.count
      departing[index].requests = rest
      guard rest.isEmpty else { continue }
      departing[index].frame.deallocate()
      departing[index].transfer.finishOne()
    }
    if hasMoved { departing.removeAll { $0.requests.isEmpty } }
    return hasMoved
  }

  /// One step with the first payload that is awaited; false when there is none to be made now.
  private func advanceArrival() throws(RanksError) -> Bool {
    guard !arriving.isEmpty else { return false }
    if !isReceiving {
      isReceiving = true
      arriving[0].requests = [
        try transport.receive(frameBytes, from: rank, channel: .frames)
      ]
    }
    let rest = try pending(arriving[0].requests)
    let hasMoved = rest.count != arriving[0].requests.count
    arriving[0].requests = rest
    guard rest.isEmpty else { return hasMoved }
    if arriving[0].frame == nil {
      try begin()
    } else {
      try finish(arriving[0])
      arriving.removeFirst()
    }
    return true
  }

  /// A frame has come: asks for what follows.
  private func begin() throws(RanksError) {
    let transfer = arriving[0].transfer
    let frame = try checked(Frame(reading: UnsafeRawBufferPointer(frameBytes)), transfer.label)
    let count = Int(frame.length)
    if let place = arriving[0].place, place.count != count {
      throw RanksError(
        .schedule, "\(name) sends \(count) bytes of \(transfer.label), \(place.count) are awaited")
    }
    let place =
      arriving[0].place ?? UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    for piece in Self.pieces(of: count) {
      arriving[0].requests.append(
        try transport.receive(
          UnsafeMutableRawBufferPointer(rebasing: place[piece]), from: rank, channel: .payload))
    }
    arriving[0].place = place
    arriving[0].frame = frame
  }

  /// All bytes of a payload have come.
  private func finish(_ payload: Arriving) throws(RanksError) {
    isReceiving = false
    guard let frame = payload.frame, let place = payload.place else { return }
    defer { received += 1 }
    if let checksum = frame.checksum, checksum != crc32c(0, place.baseAddress, place.count) {
      throw RanksError(
        .corrupt,
        "what \(name) sent of \(payload.transfer.label) is not what has come (\(place.count) bytes, "
          + "CRC-32C differs); a network card, its driver or memory is at fault")
    }
    if payload.isOwned {
      payload.transfer.received[rank] = Array(place)
      place.deallocate()
    }
    payload.transfer.finishOne()
  }

  private func checked(_ frame: Frame?, _ label: String) throws(RanksError) -> Frame {
    guard let frame else {
      throw RanksError(.corrupt, "\(name) sends what is no frame, where \(label) is awaited")
    }
    guard frame.label == Frame.mark(of: label), frame.number == received else {
      throw RanksError(
        .schedule,
        "\(name) sends something else than \(label); ranks do not take the same steps, which is a "
          + "fault of the program, please report it")
    }
    return frame
  }

  private func pending(_ requests: [TransportRequest]) throws(RanksError) -> [TransportRequest] {
    var rest: [TransportRequest] = []
    for request in requests where try !transport.test(request) { rest.append(request) }
    return rest
  }

  private static func pieces(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: Frame.largestMessage).map {
      $0..<min($0 + Frame.largestMessage, count)
    }
  }
}
