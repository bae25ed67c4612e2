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
