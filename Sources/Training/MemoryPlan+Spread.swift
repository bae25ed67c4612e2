import Tensors

extension MemoryPlan {
  /// How a step's gradients come together, and where the optimizer's moments are.
  public struct Spread: Sendable, Hashable {
    /// Ranks, and what is spread over them.
    public var ranks: Int, stage: StepShare.Stage
    /// Leaves of the gradients' sum.
    public var leaves: Int
    /// Whether moments lie in a scratch file.
    public var isOnDisk: Bool

    /// Describes a step; of one gradient on one rank when left out.
    public init(
      ranks: Int = 1, stage: StepShare.Stage = .moments, leaves: Int = 1, isOnDisk: Bool = false
    ) {
      self.ranks = ranks
      self.stage = stage
      self.leaves = leaves
      self.isOnDisk = isOnDisk
    }

    /// Whether each gradient is sent as soon as it is computed.
    private var isDealt: Bool { ranks > 1 && stage == .gradients }

    /// How often a rank sends sums of all trained numbers in a step, at most.
    public var rounds: Int {
      guard ranks > 1 else { return 0 }
      if isDealt { return (leaves + ranks - 1) / ranks }
      return (0..<ranks).map { SumNode.greatest(of: own($0)).count }.max() ?? 0
    }

    private func own(_ rank: Int) -> Range<Int> {
      leaves * rank / ranks..<leaves * (rank + 1) / ranks
    }

    /// Bytes that a rank sends in a step over `trained` numbers: sums of what others own, and what it owns
    /// to all others.
    public func sent(_ trained: Int) -> Int { (rounds + 1) * 4 * trained * (ranks - 1) / ranks }

    /// Numbers that a rank holds beside `trained` numbers themselves: gradients, moments, what is on its
    /// way.
    func numbers(_ trained: Int) -> Int {
      let part = (trained + ranks - 1) / ranks, portion = min(Ownership.size, part)
      let moments =
        isOnDisk ? 2 * portion : 2 * (ranks > 1 && stage == .nothing ? trained : part)
      guard ranks > 1 else { return moments + StepLeaves.held(0..<leaves) * trained }
      let underWay = 4 * (ranks - 1) * portion * max(isDealt ? 1 : rounds, 1)
      if isDealt { return moments + underWay + trained + StepLeaves.held(0..<leaves) * part }
      let held = (0..<ranks).map { StepLeaves.held(own($0)) }.max() ?? 1
      let sums = stage == .nothing ? part + trained : part
      return moments + underWay + held * trained + sums
    }
  }
}

extension StepLeaves {
  /// Gradients that are held at once while leaves that are neighbours are summed: partial sums, and the
  /// one that is being computed.
  static func held(_ leaves: Range<Int>) -> Int {
    leaves.map { SumNode.greatest(of: leaves.lowerBound..<$0).count + 1 }.max() ?? 1
  }
}
