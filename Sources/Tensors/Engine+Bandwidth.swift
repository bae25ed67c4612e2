import CKernels

extension Engine {
  /// GB/s (10⁹ bytes) of reading memory on all threads, the best of several passes over a buffer that
  /// no cache holds: what decoding cannot exceed. Takes 256 MiB for a moment.
  public static func bandwidth() -> Double {
    defer { k_buffer_trim() }
    return readingRate(Buffer(1 << 26))
  }

  private static func readingRate(_ memory: Buffer) -> Double {
    let part = 1 << 18, parts = memory.count / part, clock = ContinuousClock()
    // Pages are had when they are first written.
    Parallel.run(parts) { (memory.start + $0 * part).update(repeating: 1, count: part) }
    let seconds = (0..<8).map { _ in
      clock.measure {
        Parallel.run(parts) { piece in
          var sum: Float = 0
          k_read_ceiling_f32(&sum, memory.start + piece * part, Int64(part))
        }
      } / .seconds(1)
    }
    return Double(memory.count * 4) / (seconds.min() ?? .infinity) / 1e9
  }
}
