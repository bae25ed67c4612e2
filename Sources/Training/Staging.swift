import Tensors

/// Bytes that go to a rank or come from it, as long as a transfer needs them.
final class Staging {
  let bytes: UnsafeMutableRawBufferPointer
  private let type: ElementType
  private var place = 0

  init(numbers count: Int, as type: ElementType = .f32) {
    self.type = type
    bytes = .allocate(byteCount: type.size * count, alignment: 64)
  }

  /// All numbers of a tensor.
  convenience init(_ tensor: Tensor, as type: ElementType) {
    self.init(numbers: tensor.count, as: type)
    append(tensor, 0..<tensor.count)
  }

  deinit { bytes.deallocate() }

  /// All bytes.
  var whole: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }

  /// Appends a run of a tensor's numbers, rounded where they are not f32 here.
  func append(_ tensor: Tensor, _ range: Range<Int>) {
    let part = UnsafeMutableRawBufferPointer(
      rebasing: bytes[place..<place + type.size * range.count])
    place += part.count
    if type == .bf16 { return tensor.roundToBF16(range, into: part) }
    tensor.withBytes(of: range) { part.copyMemory(from: $0) }
  }

  /// The next so many numbers.
  func take(_ count: Int) -> UnsafeRawBufferPointer {
    defer { place += type.size * count }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + type.size * count])
  }
}
