import Layers
import Tensors

/// Cross-entropy over trained tokens.
public enum SupervisedFineTuning {
  /// A packed batch: ids, sequence borders, and which tokens are targets. The first token of a
  /// sequence is never one.
  public struct Batch: Sendable {
    /// Token ids of all sequences, one after the other.
    public var ids: [Int32]
    /// The sequences' lengths.
    public var lengths: [Int]
    /// Whether each token is a target.
    public var isTarget: [Bool]

    /// Packs sequences.
    public init(ids: [Int32], lengths: [Int], isTarget: [Bool]) {
      precondition(
        ids.count == isTarget.count && lengths.reduce(0, +) == ids.count,
        "batch: \(ids.count) ids, \(isTarget.count) flags, lengths \(lengths)")
      self.ids = ids
      self.lengths = lengths
      self.isTarget = isTarget
    }

    /// Rows of the hidden states that predict a target: the row before it.
    public var predictingRows: [Int] { targetPlaces.map { $0 - 1 } }
    /// The targets, in the rows' order.
    public var targets: [Int32] { targetPlaces.map { ids[$0] } }

    private var targetPlaces: [Int] {
      var start = 0
      return lengths.flatMap { length -> [Int] in
        defer { start += length }
        return (start + 1..<max(start + length, start + 1)).filter { isTarget[$0] }
      }
    }
  }

  /// Σ −log p(target) over the batch's targets, and each target's own loss. `head` is the output
  /// matrix [vocabulary, features], `hidden` the states of the batch's predicting rows.
  public static func loss(_ hidden: Tensor, _ batch: Batch, head: Weight)
    -> (sum: Tensor, tokens: [Float])
  {
    let result = linearCrossEntropy(hidden, head, targets: batch.targets)
    return (result.sum, result.rows)
  }
}
