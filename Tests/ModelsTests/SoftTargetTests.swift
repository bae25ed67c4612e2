import Layers
import Objectives
import Tensors
import TestSupport
import Testing

/// A target that is a distribution: Σ p · −log softmax, and (softmax − p) on the way back.
@Suite struct SoftTargetTests {
  private typealias Batch = SupervisedFineTuning.Batch

  /// The loss and the gradients of the hidden states and of the head, for targets as `wanted`.
  private func loss(_ wanted: [Int: SupervisedFineTuning.Distribution], trainsHead: Bool)
    -> (loss: SupervisedFineTuning.Loss, dx: [Float], dw: [Float])
  {
    let random = Random(seed: 3)
    func tensor(_ rows: Int, _ columns: Int, _ salt: Int) -> Tensor {
      Tensor(
        rows: rows, columns: columns,
        values: (0..<rows * columns).map { Float(random.bits(salt + $0) % 1000) / 500 - 1 })
    }
    let x = Slot(), w = Slot()
    let head = trainsHead ? tensor(9, 5, 1 << 20).asLeaf(w) : tensor(9, 5, 1 << 20)
    let batch = Batch(
      ids: [1, 2, 3, 4], lengths: [4], isTarget: [false, true, true, true], distributions: wanted)
    let result = SupervisedFineTuning.loss(
      tensor(3, 5, 7).asLeaf(x), batch, head: .tensor(head))
    var gradients = Gradients()
    result.sum.backward(into: &gradients)
    return (result, gradients[x]?.values ?? [], gradients[w]?.values ?? [])
  }

  @Test(arguments: [false, true]) func isTheMeanOfHardTargets(_ trainsHead: Bool) {
    // Target 2 is 3 with probability 0.75 and 6 with 0.25: the loss is the mixture of the two.
    let soft = loss([2: .init(ids: [3, 6, 7], weights: [0.75, 0.25, 0])], trainsHead: trainsHead)
    let three = loss([2: .init(ids: [3], weights: [1])], trainsHead: trainsHead)
    let six = loss([2: .init(ids: [6], weights: [1])], trainsHead: trainsHead)
    func mixed(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { 0.75 * $0 + 0.25 * $1 } }
    expectClose(
      soft.loss.tokens, mixed(three.loss.tokens, six.loss.tokens), atol: 1e-5, rtol: 0)
    #expect(abs(soft.loss.sum.scalar - soft.loss.tokens.reduce(0, +)) < 1e-5)
    #expect(!soft.dx.isEmpty)
    expectClose(soft.dx, mixed(three.dx, six.dx), atol: 1e-5, rtol: 0)
    #expect(soft.dw.isEmpty != trainsHead)
    expectClose(soft.dw, mixed(three.dw, six.dw), atol: 1e-5, rtol: 0)
  }

  @Test func hardTargetsNeedNoDistribution() {
    let plain = loss([:], trainsHead: true)
    let named = loss([2: .init(ids: [3], weights: [1])], trainsHead: true)
    #expect(plain.loss.tokens == named.loss.tokens && plain.dx == named.dx && plain.dw == named.dw)
    #expect(plain.loss.hits == named.loss.hits)
  }
}
