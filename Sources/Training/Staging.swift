import Tensors

/// Bytes that go to a rank or come from it, as long as a transfer needs them.
final class Staging {
  let bytes: UnsafeMutableRawBufferPointer
  private var place = 0

  init(numbers count: Int) {
    bytes = .allocate(byteCount: 4 * count, alignment: 64)
  }

  deinit { bytes.deallocate() }

  /// Appends a run of a tensor's numbers.
  func append(_ tensor: Tensor, _ range: Range<Int>) {
    tensor.withBytes(of: range) { run in
      UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + run.count]).copyMemory(
        from: run)
      place += run.count
    }
  }

  /// The next so many numbers.
  func take(_ count: Int) -> UnsafeRawBufferPointer {
    defer { place += 4 * count }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + 4 * count])
  }
}
