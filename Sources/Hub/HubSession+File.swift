import Formats

extension HubSession {
  /// Brings what lacks of `part`, and verifies all of it. `told` hears of bytes that have come, of those
  /// that were thrown away as a negative number.
  func complete(
    _ part: PartFile, of file: HubFile, in listing: HubListing, told: (Int) -> Void
  ) throws {
    for attempt in 1...2 {
      try bring(part, file, listing, told)
      let found = part.digest
      if found == file.etag { return }
      told(-part.count)
      try part.startOver()
      guard attempt == 1 else {
        throw HubError(
          .failed,
          "\(file.path) has come damaged twice: its \(file.isLarge ? "SHA-256" : "git SHA-1") is \(found), "
            + "and \(listing.repository.name) says \(file.etag); nothing of it is kept")
      }
    }
  }

  private func bring(
    _ part: PartFile, _ file: HubFile, _ listing: HubListing, _ told: (Int) -> Void
  ) throws {
    let repository = listing.repository
    let address =
      "\(access.endpoint)/\(Self.prefix(repository))\(repository.name)/resolve/\(listing.commit)/"
      + WebAddress.encoded(file.path, keepingSlashes: true)
    var trial = Trial()
    while !part.isComplete {
      let before = part.count
      do { try ask(address, part, file, listing, told) } catch let obstacle as Obstacle {
        if part.count > before { trial.count = 0 }
        try wait(&trial, obstacle)
      }
    }
  }

  private func ask(
    _ address: String, _ part: PartFile, _ file: HubFile, _ listing: HubListing,
    _ told: (Int) -> Void
  ) throws {
    let start = part.count
    var isFirst = true
    let range = start > 0 ? [("Range", "bytes=\(start)-")] : []
    let head = try get(address, headers: range) { head, bytes in
      // A server that ignores the range begins at the beginning.
      if isFirst, start > 0, Self.start(of: head) != start {
        told(-part.count)
        try part.startOver()
      }
      isFirst = false
      try part.append(bytes)
      told(bytes.count)
    }
    switch head.status {
    case 200, 206:
      guard part.isComplete else {
        throw Obstacle("\(file.path) ends after \(part.count) of \(file.size) bytes")
      }
    case 416:
      told(-part.count)
      try part.startOver()
      throw Obstacle("the server has no more than \(start) bytes of \(file.path)")
    case 403 where head.headers["x-error-code"] == nil && head.headers["x-error-message"] == nil:
      // Signed addresses are good for an hour; the next attempt gets a new one.
      throw Obstacle("the address of \(file.path) is no longer good")
    default:
      throw try refusal(
        head, of: listing.repository, revision: listing.commit, path: file.path)
    }
  }

  /// Which byte an answer begins with: `Content-Range: bytes 100-199/200`.
  private static func start(of head: WebLine.Head) -> Int? {
    guard head.status == 206, let range = head.headers["content-range"] else {
      return head.status == 200 ? 0 : nil
    }
    return range.split(whereSeparator: { " -/".contains($0) }).dropFirst().first.flatMap { Int($0) }
  }
}
