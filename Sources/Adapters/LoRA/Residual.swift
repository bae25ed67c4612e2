import Layers
import Tensors

/// What an adapter's start leaves of a base's matrix, W − s · B₀ · A₀, in the codes that the base is
/// stored in: a base whose greatest part the adapter holds in f32 loses less to its codes.
struct Residual {
  /// How it is stored.
  let quantization: Quantization
  /// The codes.
  let weight: Weight
  /// ‖residual − codes‖², and ‖W − codes of W‖², which is what the base alone loses.
  let error: Double, plainError: Double

  /// That of `linear`, where its matrix was quantized as `wanted` says, or any way, and is known as it
  /// was before; nil elsewhere.
  init?(of linear: Linear, without factors: LowRankFactors, as wanted: Quantization?) {
    guard let start = factors.start, let original = linear.original,
      let quantization = linear.weight.quantization, wanted ?? quantization == quantization
    else { return nil }
    let left = original.adding(start.b, start.a, scale: -factors.scale)
    self.quantization = quantization
    weight = Weight.tensor(left).quantized(quantization)
    error = Weight.tensor(left).squaredDistance(to: weight)
    plainError = original.squaredDistance(to: linear.weight)
    original.release()
  }
}
