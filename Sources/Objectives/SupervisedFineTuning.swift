import Layers
import Tensors

/// Cross-entropy over trained tokens.
public enum SupervisedFineTuning {
  /// What may stand in a target's place, and each one's probability of being right.
  public struct Distribution: Sendable, Hashable {
    /// Tokens; their probabilities, which sum to 1.
    public var ids: [Int32], weights: [Float]

    /// Describes a place.
    public init(ids: [Int32], weights: [Float]) {
      precondition(
        ids.count == weights.count, "distribution: \(ids.count) ids, \(weights.count) weights")
      self.ids = ids
      self.weights = weights
    }
  }

  /// A packed batch: ids, sequence borders, and which tokens are targets. The first token of a
  /// sequence is never one.
  public struct Batch: Sendable {
    /// Token ids of all sequences, one after the other.
    public var ids: [Int32]
    /// The sequences' lengths.
    public var lengths: [Int]
    /// Whether each token is a target.
    public var isTarget: [Bool]
    /// Targets that are learned as a distribution, by place.
    public var distributions: [Int: Distribution]

    /// Packs sequences.
    public init(
      ids: [Int32], lengths: [Int], isTarget: [Bool], distributions: [Int: Distribution] = [:]
    ) {
      precondition(
        ids.count == isTarget.count && lengths.reduce(0, +) == ids.count,
        "batch: \(ids.count) ids, \(isTarget.count) flags, lengths \(lengths)")
      self.ids = ids
      self.lengths = lengths
      self.isTarget = isTarget
      self.distributions = distributions
    }

    /// Rows of the hidden states that predict a target: the row before it.
    public var predictingRows: [Int] { targetPlaces.map { $0 - 1 } }
    /// The targets, in the rows' order.
    public var targets: [Int32] { targetPlaces.map { ids[$0] } }

    /// Places of the targets, rising.
    public var targetPlaces: [Int] {
      var start = 0
      return lengths.flatMap { length -> [Int] in
        defer { start += length }
        return (start + 1..<max(start + length, start + 1)).filter { isTarget[$0] }
      }
    }
  }

  /// A batch's loss.
  public struct Loss {
    /// Σ −Σ p · log p(token) over the batch's targets; on the tape.
    public let sum: Tensor
    /// Each target's own loss; whether the token that stands in the text was the likeliest.
    public let tokens: [Float], hits: [Bool]
  }

  /// The cross-entropy of the batch's targets. `head` is the output matrix [vocabulary, features],
  /// `hidden` the states of the batch's predicting rows.
  public static func loss(_ hidden: Tensor, _ batch: Batch, head: Weight) -> Loss {
    guard !batch.distributions.isEmpty else {
      let result = linearCrossEntropy(hidden, head, targets: batch.targets)
      return Loss(sum: result.sum, tokens: result.rows, hits: result.hits)
    }
    var rows: [Int] = [], targets: [Int32] = [], weights: [Float] = []
    let places = batch.targetPlaces
    for (row, place) in places.enumerated() {
      let one = Distribution(ids: [batch.ids[place]], weights: [1])
      let wanted = batch.distributions[place] ?? one
      for (id, weight) in zip(wanted.ids, wanted.weights) where weight > 0 {
        rows.append(row)
        targets.append(id)
        weights.append(weight)
      }
    }
    let result = linearCrossEntropy(
      selectRows(hidden, rows), head, targets: targets, weights: weights)
    var tokens = places.map { _ in Float(0) }, hits = places.map { _ in false }
    for (index, row) in rows.enumerated() {
      tokens[row] += weights[index] * result.rows[index]
      if targets[index] == batch.ids[places[row]] { hits[row] = result.hits[index] }
    }
    return Loss(sum: result.sum, tokens: tokens, hits: hits)
  }
}
