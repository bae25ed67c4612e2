/// Last words from and to all others.
final class Farewell {
  private let place: Place, transport: any Transport
  private let heardBytes: [UnsafeMutableRawBufferPointer]
  private let saidBytes = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Words.size, alignment: 8)
  private var hearing: [(rank: Int, request: TransportRequest)] = []
  private var saying: [TransportRequest]?

  /// Begins to listen.
  init(_ place: Place, _ transport: any Transport) throws(RanksError) {
    self.place = place
    self.transport = transport
    heardBytes = (0..<place.count).map { _ in
      UnsafeMutableRawBufferPointer.allocate(byteCount: Words.size, alignment: 8)
    }
    for rank in 0..<place.count where rank != place.rank {
      hearing.append(
        (rank, try transport.receive(heardBytes[rank], from: rank, channel: .words)))
    }
  }

  deinit {
    // What the transport may still write to is left to it.
    if hearing.isEmpty { heardBytes.forEach { $0.deallocate() } }
    if saying?.isEmpty == true { saidBytes.deallocate() }
  }

  /// What others have said since the last look.
  func heard() throws(RanksError) -> [(rank: Int, words: Words)] {
    var news: [(rank: Int, words: Words)] = [], rest: [(rank: Int, request: TransportRequest)] = []
    for (rank, request) in hearing {
      if try transport.test(request) {
        news.append((rank, Words(reading: UnsafeRawBufferPointer(heardBytes[rank]))))
      } else {
        rest.append((rank, request))
      }
    }
    hearing = rest
    return news
  }

  /// Says it to all; only the first words count.
  func say(_ words: Words) throws(RanksError) {
    guard saying == nil else { return }
    words.write(to: saidBytes)
    var requests: [TransportRequest] = []
    for rank in 0..<place.count where rank != place.rank {
      requests.append(
        try transport.send(UnsafeRawBufferPointer(saidBytes), to: rank, channel: .words))
    }
    saying = requests
  }

  /// Whether all have heard what was said here, as far as the transport knows.
  func isSaid() throws(RanksError) -> Bool {
    guard let requests = saying else { return false }
    var rest: [TransportRequest] = []
    for request in requests where try !transport.test(request) { rest.append(request) }
    saying = rest
    return rest.isEmpty
  }

  /// Whether everybody has said his last words.
  var hasHeardAll: Bool { hearing.isEmpty }
}
