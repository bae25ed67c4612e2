import Formats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The learning rate as a function of the optimizer step alone: neither accumulation nor threads
/// nor a resume can shift it.
public struct LearningRate: Sendable, Hashable {
  /// The curve after warm-up, its peak, the steps it rises and all steps.
  public let schedule: TrainingRecipe.Schedule, peak: Double, warmup: Int, total: Int

  /// A curve over `total` steps.
  public init(_ schedule: TrainingRecipe.Schedule, peak: Double, warmup: Int, total: Int) {
    self.schedule = schedule
    self.peak = peak
    self.warmup = schedule == .constant ? 0 : warmup
    self.total = total
  }

  /// The rate of step `step`, from 1, as transformers' schedules give it: a warm-up's first step has
  /// rate 0.
  public func callAsFunction(_ step: Int) -> Double {
    let done = Double(step - 1)
    if step - 1 < warmup { return peak * done / Double(max(warmup, 1)) }
    let progress = (done - Double(warmup)) / Double(max(total - warmup, 1))
    switch schedule {
    case .constant, .constantWithWarmup: return peak
    case .linear: return peak * max(0, 1 - progress)
    case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
    }
  }
}
