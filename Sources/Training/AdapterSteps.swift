import Objectives
import Tensors

// What methods of adapters do beside a step's loss and after its update.

extension StepResult {
  /// Adds a penalty on what is trained to the gradients, once for the step; the loss is told without it.
  mutating func add(_ penalty: Tensor?) {
    guard let penalty else { return }
    metrics.append(Metric("penalty", Double(penalty.scalar), over: 1))
    penalty.backward(into: &gradients)
  }
}

extension Trainable {
  /// Has the adapters' method do what it does after an update; what the log tells of it.
  func followed(_ number: Int, _ gradients: Gradients, scale: Double) -> [Metric] {
    (adapters?.follow(number, gradients, scale: scale) ?? []).map {
      Metric($0.name, $0.value, over: 1)
    }
  }
}
