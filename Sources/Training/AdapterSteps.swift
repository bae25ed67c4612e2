import Objectives
import Tensors

// What methods of adapters do after a step's update.

extension Trainable {
  /// Has the adapters' method do what it does after an update; what the log tells of it.
  func followed(_ number: Int, _ gradients: Gradients, scale: Double) -> [Metric] {
    (adapters?.follow(number, gradients, scale: scale) ?? []).map {
      Metric($0.name, $0.value, over: 1)
    }
  }
}
