import Tensors

/// Multi-head self-attention in which every position sees its whole sequence, without rotation.
public final class EncoderAttention {
  let query: Linear, key: Linear, value: Linear, output: Linear
  let heads: HeadShape

  /// Assembles a layer's attention.
  public init(query: Linear, key: Linear, value: Linear, output: Linear, heads: HeadShape) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.heads = heads
  }

  /// x [positions, features] to the same shape; `asking` says where sequences end.
  public func callAsFunction(_ x: Tensor, _ asking: Asking) -> Tensor {
    let (q, k, v) = readTogether(x) { (query(x), key(x), value(x)) }
    return output(attend(q, k, v, asking, heads: heads))
  }

  /// Its projections, in the files' order.
  public var linears: [Linear] { [key, value, query, output] }
}
