import CKernels

// Runs of a tensor's numbers, as they are sent, summed and updated by whoever owns them.

extension Tensor {
  /// A copy of a run of the numbers, as one row.
  public func copy(_ range: Range<Int>) -> Tensor {
    precondition(range.upperBound <= count, "run: \(range) of \(count) numbers")
    let result = Tensor(1, range.count)
    result.start.update(from: start + range.lowerBound, count: range.count)
    return result
  }

  /// The bytes of a run of the numbers.
  public func withBytes<Result, Failure: Error>(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.upperBound <= count, "run: \(range) of \(count) numbers")
    return try body(
      UnsafeRawBufferPointer(
        start: start + range.lowerBound, count: range.count * MemoryLayout<Float>.stride))
  }

  /// Overwrites a run of the numbers in place, for every holder of this storage.
  public func assign(_ bytes: UnsafeRawBufferPointer, to range: Range<Int>) {
    precondition(
      range.upperBound <= count && bytes.count == range.count * MemoryLayout<Float>.stride,
      "assign: \(bytes.count) bytes to \(range) of \(count) numbers")
    guard let from = bytes.baseAddress else { return }
    UnsafeMutableRawPointer(start + range.lowerBound).copyMemory(
      from: from, byteCount: bytes.count)
  }

  /// A row of numbers that are f32 in `bytes`.
  public init(bytes: UnsafeRawBufferPointer) {
    self.init(1, bytes.count / MemoryLayout<Float>.stride)
    assign(bytes, to: 0..<count)
  }

  /// Eight bytes that tell these numbers from others, a pass of memory; the same on any machine.
  public var fingerprint: UInt64 {
    let grain = Pieces.size
    var parts = [UInt64](repeating: 0, count: (count + grain - 1) / grain)
    parts.withUnsafeMutableBufferPointer { parts in
      let parts = parts
      Parallel.ranges(count, grain: grain) { range in
        parts[range.lowerBound / grain] = k_fingerprint(
          start + range.lowerBound, Int64(range.count))
      }
    }
    return parts.reduce(UInt64(count)) { ($0 &* 0x9E37_79B9_7F4A_7C15 ^ $1) &+ $0 >> 29 }
  }
}

// Weights that are spread over processes come and go; every holder of the storage sees that.
extension Tensor {
  /// Whether the numbers are here.
  public var isHeld: Bool { buffer.isHeld }

  /// Gives the storage back: the numbers are elsewhere.
  public func letGo() { buffer.letGo() }

  /// Has storage for the numbers again, whose values are undefined.
  public func hold() { buffer.hold() }

  /// The storage of a run, to be written to by others.
  public func place(of range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    precondition(range.upperBound <= count, "run: \(range) of \(count) numbers")
    return UnsafeMutableRawBufferPointer(
      start: start + range.lowerBound, count: range.count * MemoryLayout<Float>.stride)
  }

  /// The numbers of a run rounded to bfloat16, nearest even, into `bytes`.
  public func roundToBF16(_ range: Range<Int>, into bytes: UnsafeMutableRawBufferPointer) {
    precondition(
      range.upperBound <= count && bytes.count == 2 * range.count,
      "bf16: \(bytes.count) bytes for \(range) of \(count) numbers")
    guard let to = bytes.baseAddress?.assumingMemoryBound(to: UInt16.self) else { return }
    let from = start + range.lowerBound
    Parallel.ranges(range.count, grain: Pieces.size) { part in
      k_to_bf16_f32(to + part.lowerBound, from + part.lowerBound, Int64(part.count))
    }
  }

  /// Overwrites a run with numbers in bfloat16.
  public func assign(bf16 bytes: UnsafeRawBufferPointer, to range: Range<Int>) {
    precondition(
      range.upperBound <= count && bytes.count == 2 * range.count,
      "bf16: \(bytes.count) bytes for \(range) of \(count) numbers")
    guard let from = bytes.baseAddress, !range.isEmpty else { return }
    var weight = k_weight()
    (weight.rows, weight.columns, weight.type, weight.data) = (
      1, Int64(range.count), K_BF16, from
    )
    let to = start + range.lowerBound, source = weight
    Parallel.ranges(range.count, grain: Pieces.size) { part in
      withUnsafePointer(to: source) {
        k_weight_run_f32(to + part.lowerBound, $0, Int64(part.lowerBound), Int64(part.count))
      }
    }
  }
}

/// Runs of numbers as a summand: of a tensor that nothing has reached there is none.
public struct TensorRuns: Summand {
  /// The numbers of each run, as one row.
  public var values: [Tensor?]

  /// Wraps runs.
  public init(_ values: [Tensor?]) { self.values = values }

  /// Run by run; what only one half has is taken over as it is.
  public mutating func add(_ right: consuming TensorRuns) {
    precondition(values.count == right.values.count, "sum: other runs")
    for (index, added) in right.values.enumerated() {
      guard let added else { continue }
      guard var sum = values[index] else {
        values[index] = added
        continue
      }
      // So that nobody else holds it and it is added to in place.
      values[index] = nil
      sum.accumulate(added)
      values[index] = sum
    }
  }
}
