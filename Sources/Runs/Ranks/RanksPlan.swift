import Formats
import Tensors
import Training

/// What a run would need and take on several ranks, stage by stage: a model, not a measurement.
public struct RanksPlan: Sendable {
  /// One stage.
  public struct Line: Sendable {
    /// What is spread.
    public let stage: StepShare.Stage
    /// What a rank has in use at most; what it sends in a step.
    public let memory: Int, sent: Int
    /// Whether that is within the limit.
    public let fits: Bool
    /// Tokens of a second where ranks do nothing but multiply and send; nil where the network is not
    /// known.
    public let tokensPerSecond: Double?
    /// That, as a share of what as many machines would do that need not talk.
    public let efficiency: Double?
  }

  /// Ranks, micro-batches of a step.
  public let ranks: Int, batches: Int
  /// Stages in order.
  public let lines: [Line]
  /// The least stage that fits.
  public var least: StepShare.Stage? { lines.first { $0.fits && $0.stage != .nothing }?.stage }

  /// The share of a network's rate that arrives.
  private static let usable = 0.9

  /// A plan for the budget's run. `line`: bits of a second between two ranks; `rate`: operations of a second
  /// of one rank.
  public init(_ budget: MemoryBudget, ranks: Int, line: Double?, rate: Double) {
    self.ranks = ranks
    batches = budget.batches
    let trained = budget.trainedParameters, flops = budget.work.flops
    let batches = batches, tokens = Double(budget.stepTokens)
    lines = StepShare.Stage.allCases.map { stage in
      let spread = budget.spread(ranks: ranks, stage: stage)
      let memory = budget.plan(spread: spread).total, sent = spread.sent(trained)
      // The rank with the most micro-batches is awaited.
      let most = Double((batches + ranks - 1) / ranks)
      let computing = flops / rate * most / Double(batches)
      let seconds = line.map { computing + 8 * Double(sent) / (Self.usable * $0) }
      return Line(
        stage: stage, memory: memory, sent: sent, fits: memory <= budget.limit,
        tokensPerSecond: seconds.map { tokens / $0 },
        efficiency: seconds.map { flops / rate / Double(ranks) / $0 })
    }
  }
}
