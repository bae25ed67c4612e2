import CKernels

/// Pooled storage for f32 numbers. Contents are undefined until written.
public final class Buffer {
  /// The first number.
  let start: UnsafeMutablePointer<Float>
  /// How many numbers there are.
  let count: Int

  init(_ count: Int) {
    self.count = count
    start = k_buffer_take(max(count, 1) * MemoryLayout<Float>.stride)
      .bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { k_buffer_give(start, max(count, 1) * MemoryLayout<Float>.stride) }
}

/// What the buffer pool holds.
public struct BufferStatistics: Sendable {
  /// Bytes in use now, at most so far, and kept for reuse.
  public let live: Int, peak: Int, unused: Int

  /// Reads the pool's counters.
  public static var current: BufferStatistics {
    var live = 0, peak = 0, unused = 0
    k_buffer_statistics(&live, &peak, &unused)
    return BufferStatistics(live: live, peak: peak, unused: unused)
  }
}
