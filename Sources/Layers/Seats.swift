public import Tensors

/// A projection's seat: what sits there decides how the base projection is used.
public protocol LinearAdapter {
  /// The projection's output with the adapter's part.
  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor
  /// The matrix that the projection then is, on the tape: the loss multiplies by a head's itself. nil
  /// where there is none, so that it cannot sit on a head.
  func weight(of linear: Linear) -> Weight?
}

extension LinearAdapter {
  /// None.
  public func weight(of linear: Linear) -> Weight? { nil }
}

/// The embedding's seat: what sits there decides what rows tokens become.
public protocol EmbeddingAdapter {
  /// The rows of `ids` with the adapter's part.
  func callAsFunction(_ ids: [Int32], through embedding: Embedding) -> Tensor
}

/// What an adapter on a projection costs, said before it sits there.
public protocol AdapterCost: Sendable {
  /// Whether its gradients need what the projection reads.
  var readsInput: Bool { get }
  /// How many numbers it trains on a projection of these sizes.
  func parameters(inputs: Int, outputs: Int) -> Int
  /// What it adds to a pass of `rows` rows; with `wantsInput`, its part of dx among it. `keepsOutput`:
  /// whether whoever reads the projection's output keeps it, or the way to it, for the way back.
  func cost(_ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool) -> Cost
}

extension AdapterCost {
  /// They do.
  public var readsInput: Bool { true }
}

/// The cost of a low-rank part s · x · Aᵀ · Bᵀ: both products, and the gradients of A, B and of what lies
/// between, which is kept.
public struct LowRankCost: AdapterCost {
  let rank: Int

  /// The cost of a part of this rank.
  public init(rank: Int) { self.rank = rank }

  /// The numbers of A and B.
  public func parameters(inputs: Int, outputs: Int) -> Int { rank * (inputs + outputs) }

  /// Both products, forward and on the way back.
  public func cost(
    _ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool
  ) -> Cost {
    let reading = 2 * Double(rows * rank * inputs), writing = 2 * Double(rows * rank * outputs)
    return Cost(
      forward: reading + writing, backward: 2 * writing + reading * (wantsInput ? 2 : 1),
      kept: Buffer.bytes(rows * rank))
  }
}
