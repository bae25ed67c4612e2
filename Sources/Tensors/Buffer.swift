import CKernels

/// Pooled storage for f32 numbers. Contents are undefined until written.
public final class Buffer {
  /// The first number; of a buffer that is not held nobody may read it.
  @exclusivity(unchecked) private(set) var start: UnsafeMutablePointer<Float>
  /// How many numbers there are.
  let count: Int

  /// Whether there is storage now.
  private(set) var isHeld = true

  /// Whether several products read the numbers, and the panels or bands that the first of them packed.
  var isShared = false, panels: Buffer?, bands: Buffer?

  init(_ count: Int) {
    self.count = count
    start = k_buffer_take(max(count, 1) * MemoryLayout<Float>.stride)
      .bindMemory(to: Float.self, capacity: max(count, 1))
  }

  /// Returns memory that no buffer uses to the system: between phases that need other sizes.
  public static func trim() { k_buffer_trim() }

  /// Bytes of memory that a buffer of `count` numbers takes.
  public static func bytes(_ count: Int) -> Int {
    k_buffer_size(max(count, 1) * MemoryLayout<Float>.stride)
  }

  /// Gives the storage back; the numbers are lost.
  func letGo() {
    guard isHeld else { return }
    isHeld = false
    (panels, bands) = (nil, nil)
    k_buffer_give(start, max(count, 1) * MemoryLayout<Float>.stride)
  }

  /// Has storage again, with undefined contents.
  func hold() {
    guard !isHeld else { return }
    isHeld = true
    start = k_buffer_take(max(count, 1) * MemoryLayout<Float>.stride)
      .bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { letGo() }
}

/// Runs `body`, in which several projections read x: it is packed for them once.
public func readTogether<Result>(_ x: Tensor, _ body: () -> Result) -> Result {
  x.buffer.isShared = true
  defer {
    x.buffer.isShared = false
    x.buffer.panels = nil
    x.buffer.bands = nil
  }
  return body()
}
