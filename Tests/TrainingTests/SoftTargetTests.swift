import Objectives
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// A target that is a distribution: Σ p · −log softmax, and (softmax − p) on the way back.
@Suite struct SoftTargetTests {
  private struct Outcome {
    var value: Double, hits: [Metric], dx: [Float], dw: [Float]
  }

  /// The loss and the gradients of the hidden states and of the head, for a text whose token 2 may be
  /// any of `ids`.
  private func loss(_ ids: [Int32], _ weights: [Float], trainsHead: Bool) -> Outcome {
    let random = Random(seed: 3)
    func tensor(_ rows: Int, _ columns: Int, _ salt: Int) -> Tensor {
      Tensor(
        rows: rows, columns: columns,
        values: (0..<rows * columns).map { Float(random.bits(salt + $0) % 1000) / 500 - 1 })
    }
    let likeliest = ids[weights.firstIndex(of: weights.max() ?? 0) ?? 0]
    let sample = Sample(
      ids: [1, 2, likeliest, 4], isTrained: [false, true, true, true], source: "row",
      choices: [.init(place: 2, options: ids.map { "\($0)" }, ids: ids, weights: weights)])
    let texts = ScoredTexts([[sample]]), x = Slot(), w = Slot()
    let head = trainsHead ? tensor(9, 5, 1 << 20).asLeaf(w) : tensor(9, 5, 1 << 20)
    let log = logProbabilities(
      selectRows(tensor(3, 5, 7).asLeaf(x), texts.entries), .tensor(head), targets: texts.targets)
    let loss = SFT()(log.values, nil, texts.batch)
    #expect(SFT().weight(of: texts.batch) == 3)
    var gradients = Gradients()
    log.objective(loss.value, derivative: loss.derivative).backward(into: &gradients)
    return Outcome(
      value: loss.value, hits: texts.accuracy(log.hits), dx: gradients[x]?.values ?? [],
      dw: gradients[w]?.values ?? [])
  }

  @Test(arguments: [false, true]) func isTheMeanOfHardTargets(_ trainsHead: Bool) {
    // Target 2 is 3 with probability 0.75 and 6 with 0.25: the loss is the mixture of the two.
    let soft = loss([3, 6, 7], [0.75, 0.25, 0], trainsHead: trainsHead)
    let three = loss([3], [1], trainsHead: trainsHead)
    let six = loss([6], [1], trainsHead: trainsHead)
    func mixed(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { 0.75 * $0 + 0.25 * $1 } }
    #expect(abs(soft.value - 0.75 * three.value - 0.25 * six.value) < 1e-5)
    #expect(!soft.dx.isEmpty)
    expectClose(soft.dx, mixed(three.dx, six.dx), atol: 1e-5, rtol: 0)
    #expect(soft.dw.isEmpty != trainsHead)
    expectClose(soft.dw, mixed(three.dw, six.dw), atol: 1e-5, rtol: 0)
  }

  /// A place is counted once, however many options it has, as are its hits.
  @Test func placesAreCountedOnce() {
    let soft = loss([3, 6, 7], [0.75, 0.25, 0], trainsHead: false)
    #expect(soft.hits.map(\.name) == ["accuracy", "accuracy_score_3"])
    #expect(soft.hits.map(\.weight) == [3, 1])
  }
}
