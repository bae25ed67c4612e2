/// Small things, awaited at once; nobody need know beforehand how many bytes they have.
extension Group {
  /// To each rank its bytes; from each rank its bytes for this one.
  public func exchange(_ label: String, _ bytes: [[UInt8]]) throws(RanksError) -> [[UInt8]] {
    precondition(bytes.count == count, "\(label): bytes for \(bytes.count) ranks of \(count)")
    return try collect(label, bytes[rank], to: { bytes[$0] }, from: { _ in true })
  }

  /// The bytes of all ranks, at all ranks.
  public func gather(_ label: String, _ bytes: [UInt8]) throws(RanksError) -> [[UInt8]] {
    try collect(label, bytes, to: { _ in bytes }, from: { _ in true })
  }

  /// The bytes of all ranks at `root`; elsewhere only one's own.
  public func gather(_ label: String, _ bytes: [UInt8], at root: Int) throws(RanksError)
    -> [[UInt8]]
  {
    try collect(
      label, bytes, to: { $0 == root ? bytes : nil }, from: { _ in self.rank == root })
  }

  /// The bytes of `root`, at all ranks.
  public func broadcast(_ label: String, _ bytes: @autoclosure () throws -> [UInt8], from root: Int)
    throws -> [UInt8]
  {
    let bytes = rank == root ? try bytes() : []
    return try collect(
      label, bytes, to: { _ in self.rank == root ? bytes : nil }, from: { $0 == root })[root]
  }

  /// The numbers of all ranks, at all ranks.
  public func gather(_ label: String, numbers: [Int]) throws(RanksError) -> [[Int]] {
    guard !isAlone else { return [numbers] }
    let all = try gather(label, numbers.withUnsafeBytes { Array($0) })
    return all.map { bytes in
      bytes.withUnsafeBytes { bytes in
        (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int.self) }
      }
    }
  }

  /// The same number at all ranks, made of those of all in their order.
  public func agree(_ label: String, on number: Int, by combine: (Int, Int) -> Int)
    throws(RanksError) -> Int
  {
    guard !isAlone else { return number }
    let all = try gather(label, numbers: [number]).map { $0[0] }
    return all.dropFirst().reduce(all[0], combine)
  }

  /// Whether it holds at any rank.
  public func any(_ label: String, _ holds: Bool) throws(RanksError) -> Bool {
    try agree(label, on: holds ? 1 : 0, by: max) == 1
  }

  /// Whether it holds at every rank.
  public func all(_ label: String, _ holds: Bool) throws(RanksError) -> Bool {
    try agree(label, on: holds ? 1 : 0, by: min) == 1
  }

  /// Returns once all have come here.
  public func barrier(_ label: String) throws(RanksError) { _ = try any(label, false) }

  /// Sends bytes to one rank, which asks for them with `receive`.
  public func send(_ label: String, _ bytes: [UInt8], to other: Int) throws(RanksError) {
    _ = try collect(
      label, bytes, to: { $0 == other ? bytes : nil }, from: { _ in false })
  }

  /// The bytes that one rank sends with `send`.
  public func receive(_ label: String, from other: Int) throws(RanksError) -> [UInt8] {
    try collect(label, [], to: { _ in nil }, from: { $0 == other })[other]
  }

  /// Sends to each other rank what `bytes` says, and receives from those that `isAwaited`; the answer
  /// has `own` at this rank's place, nothing where nothing came.
  private func collect(
    _ label: String, _ own: [UInt8], to bytes: (Int) -> [UInt8]?, from isAwaited: (Int) -> Bool
  ) throws(RanksError) -> [[UInt8]] {
    guard !isAlone else { return [own] }
    var copies: [UnsafeMutableRawBufferPointer] = [], sendings: [Transfer.Sending] = []
    var receivings: [Transfer.Receiving] = []
    for other in 0..<count where other != rank {
      if let bytes = bytes(other) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        copies.append(copy)
        sendings.append(.init(rank: other, bytes: UnsafeRawBufferPointer(copy)))
      }
      if isAwaited(other) { receivings.append(.init(rank: other, bytes: nil)) }
    }
    let transfer = begin(label, sendings, receivings, nil)
    // After a fault the transport may still look at them.
    try transfer.wait()
    copies.forEach { $0.deallocate() }
    count(received: transfer.received.values.reduce(0) { $0 + $1.count })
    return (0..<count).map { $0 == rank ? own : transfer.received[$0] ?? [] }
  }
}
