/// How to compute a value again from what the tape keeps anyway: the output of a norm from its
/// input, that of SwiGLU from gate and up. Such values need not be kept for the way back; they are
/// made once more when the first operation asks, and dropped with the last (selective recomputation,
/// Korthikanti et al. 2022). The kernels are the same, so the numbers are too.
final class Recall {
  private let make: () -> Tensor
  private var made: Tensor?

  init(_ make: @escaping () -> Tensor) { self.make = make }

  fileprivate var value: Tensor {
    if let made { return made }
    let value = make().detached
    made = value
    return value
  }
}

/// What an operation keeps of an input whose value its pullback needs: the numbers, or the way to
/// them.
struct Kept {
  /// Where the input's gradient goes.
  let slot: Slot?
  let rows: Int, columns: Int
  private let tensor: Tensor?
  private let recall: Recall?

  init(_ tensor: Tensor) {
    slot = tensor.slot
    rows = tensor.rows
    columns = tensor.columns
    recall = tensor.recall
    self.tensor = tensor.recall == nil ? tensor.detached : nil
  }

  /// The value, a constant. Not inside a parallel piece: it may have to be made.
  var value: Tensor {
    if let tensor { return tensor }
    guard let recall else { preconditionFailure("kept: neither a value nor the way to it") }
    return recall.value.reshaped(rows: rows, columns: columns)
  }
}

extension Tensor {
  /// This value with the way to compute it again. Only values on a tape are kept at all, so
  /// constants stay as they are.
  func recalled(by make: @escaping () -> Tensor) -> Tensor {
    guard slot != nil else { return self }
    var result = self
    result.recall = Recall(make)
    return result
  }
}
