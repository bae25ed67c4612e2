/// Numbers on the tape that an objective makes one number of.
public protocol ObjectiveInput {
  /// The numbers.
  var values: [Float] { get }
  /// The number that an objective computes from them, on the tape: `derivative` is its derivative with
  /// respect to each of them. To be used once.
  func objective(_ value: Double, derivative: [Float]) -> Tensor
}

extension LogProbabilities: ObjectiveInput {}

/// A column: one number for each text.
extension Tensor: ObjectiveInput {
  /// The number that an objective computes from this column.
  public func objective(_ value: Double, derivative: [Float]) -> Tensor {
    precondition(
      columns == 1 && derivative.count == rows,
      "objective: \(derivative.count) derivatives of \(shape)")
    return Tensor(rows: 1, columns: 1, values: [Float(value)]).recorded(
      ColumnValue(column: slot, derivative: derivative), from: slot)
  }
}

/// A function of a column, whose derivative is known.
struct ColumnValue: Operation {
  let column: Slot?, derivative: [Float]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let scale = dy.scalar
    g.add(column, derivative.count, 1) { sum, beta in
      axpby(sum, derivative, scale, beta, derivative.count)
    }
  }
}
