import Layers
import Models

/// Floating-point operations of a step over its longest rows, as the layers count them; what attention
/// computes of pairs of tokens is left out.
public struct StepWork: Sendable, Hashable {
  /// Those of drawing completions, each as long as it may become; 0 where none are drawn.
  public let sampling: Double
  /// Those of the forward pass and the way back; a reference is not counted.
  public let learning: Double

  /// The work of a step that learns from `count` micro-batches like `batch`, after `sampled` is drawn.
  public init(
    _ setup: TrainingSetup, batch: MemoryPlan.Batch, count: Int, sampled: MemoryPlan.Batch?
  ) {
    learning = setup.cost(batch).flops * Double(count)
    let drawn = sampled.map(setup.cost)
    sampling = drawn.map { ($0.blocks + [$0.head]).reduce(0) { $0 + $1.forward } } ?? 0
  }

  /// Both.
  public var flops: Double { sampling + learning }
}
