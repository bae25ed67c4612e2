/// What a rank is doing, as others hear of it.
struct Activity: Equatable {
  var step = 0, phase = "starting"
  var since = ContinuousClock.now
}

/// Signs of life, a few times a second: of each rank to rank 0, of rank 0 to rank 1. Where they stop,
/// the process or its host is stopped; where they go on with an old phase, the rank is slow, and the
/// phase says at what.
final class RollCall {
  /// A rank that is listened to.
  private struct Watched {
    var rank: Int, bytes: UnsafeMutableRawBufferPointer, request: TransportRequest?
    var activity = Activity(), heard = ContinuousClock.now, hasLeft = false
  }

  private static let size = 256, interval = Duration.milliseconds(250)
  private let place: Place, transport: any Transport
  private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
  private var watched: [Watched] = []
  private var sending: TransportRequest?
  private var sent = ContinuousClock.now - interval, hasSaidLast = false
  private var told: [Int: ContinuousClock.Instant] = [:]

  init(_ place: Place, _ transport: any Transport) throws(RanksError) {
    self.place = place
    self.transport = transport
    guard place.count > 1 else { return }
    for rank in place.rank == 0 ? Array(1..<place.count) : place.rank == 1 ? [0] : [] {
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: 8)
      watched.append(
        Watched(
          rank: rank, bytes: bytes,
          request: try transport.receive(bytes, from: rank, channel: .beats)))
    }
  }

  /// Sends and hears what is due. With `isLast` this rank's next beat is its last one.
  func tick(_ activity: Activity, isLast: Bool) throws(RanksError) {
    guard place.count > 1 else { return }
    if let request = sending, try transport.test(request) { sending = nil }
    let now = ContinuousClock.now
    if sending == nil, !hasSaidLast, isLast || now - sent > Self.interval {
      write(activity, isLast: isLast)
      sending = try transport.send(
        UnsafeRawBufferPointer(bytes), to: place.rank == 0 ? 1 : 0, channel: .beats)
      sent = now
      hasSaidLast = isLast
    }
    for index in watched.indices { try hear(index) }
  }

  /// Whether nothing more is to be said or heard.
  var hasEnded: Bool {
    place.count == 1 || hasSaidLast && sending == nil && watched.allSatisfy(\.hasLeft)
  }

  /// The ranks that are listened to and have not left.
  var watching: [Int] { watched.filter { !$0.hasLeft }.map(\.rank) }

  /// The rank that has been silent for longer than that, if there is one.
  func silent(for timeout: Duration) -> (rank: Int, activity: Activity)? {
    let now = ContinuousClock.now
    return watched.first { !$0.hasLeft && now - $0.heard > timeout }.map { ($0.rank, $0.activity) }
  }

  /// Which of the ranks that are awaited since `start` are to be spoken of now: after half a minute,
  /// then each minute; with what they do.
  func late(_ awaited: [Int], since start: ContinuousClock.Instant) -> [(Int, Activity)] {
    let now = ContinuousClock.now
    guard now - start > .seconds(30) else {
      told = [:]
      return []
    }
    return watched.filter { each in
      guard awaited.contains(each.rank), told[each.rank].map({ now - $0 > .seconds(60) }) ?? true
      else { return false }
      told[each.rank] = now
      return true
    }.map { ($0.rank, $0.activity) }
  }

  private func hear(_ index: Int) throws(RanksError) {
    guard let request = watched[index].request, try transport.test(request) else { return }
    let bytes = watched[index].bytes
    watched[index].heard = .now
    watched[index].activity = Self.activity(in: UnsafeRawBufferPointer(bytes))
    watched[index].hasLeft = bytes.load(fromByteOffset: 0, as: UInt32.self) == 1
    watched[index].request =
      watched[index].hasLeft
      ? nil : try transport.receive(bytes, from: watched[index].rank, channel: .beats)
  }

  /// Clocks of hosts differ: it says how long, not when.
  private func write(_ activity: Activity, isLast: Bool) {
    let phase = Array(activity.phase.utf8.prefix(Self.size - 32))
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    bytes.storeBytes(of: isLast ? 1 : 0, toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: UInt32(phase.count), toByteOffset: 4, as: UInt32.self)
    bytes.storeBytes(of: Int64(activity.step), toByteOffset: 8, as: Int64.self)
    let seconds = (ContinuousClock.now - activity.since) / .seconds(1)
    bytes.storeBytes(of: seconds, toByteOffset: 16, as: Double.self)
    UnsafeMutableRawBufferPointer(rebasing: bytes[32...]).copyBytes(from: phase)
  }

  private static func activity(in bytes: UnsafeRawBufferPointer) -> Activity {
    let count = min(Int(bytes.load(fromByteOffset: 4, as: UInt32.self)), size - 32)
    let seconds = bytes.load(fromByteOffset: 16, as: Double.self)
    return Activity(
      step: Int(bytes.load(fromByteOffset: 8, as: Int64.self)),
      phase: String(decoding: bytes[32..<32 + count], as: UTF8.self),
      since: .now - .seconds(seconds))
  }
}
