import Tensors
import TestSupport

/// Texts behind one another, some of whose tokens are to be predicted.
struct PackedTexts {
  var ids: [Int32], lengths: [Int], isTarget: [Bool]

  /// Places of the targets; a text's first token is never one.
  var targetPlaces: [Int] {
    var start = 0
    return lengths.flatMap { length -> [Int] in
      defer { start += length }
      return (start + 1..<max(start + length, start + 1)).filter { isTarget[$0] }
    }
  }

  var predictingRows: [Int] { targetPlaces.map { $0 - 1 } }
  var targets: [Int32] { targetPlaces.map { ids[$0] } }

  /// The summed cross-entropy of the targets, on the tape, and each one's own; `hidden` are the states
  /// of the predicting rows.
  func loss(_ hidden: Tensor, head: Weight) -> (sum: Tensor, tokens: [Float]) {
    crossEntropy(hidden, head, targets: targets)
  }
}
