import Models
import Tensors

extension MemoryPlan {
  /// How a step's gradients come together, and where weights and the optimizer's moments are.
  public struct Spread: Sendable, Hashable {
    /// Ranks, and what is spread over them.
    public var ranks: Int, stage: StepShare.Stage
    /// Leaves of the gradients' sum, and the micro-batches that they are of.
    public var leaves: Int, batches: Int
    /// Whether moments lie in a scratch file; whether weights are rounded to bf16.
    public var isOnDisk: Bool, isRounded: Bool
    /// What is trained of the model's parts.
    public var parts: TrainedParts

    /// Describes a step; of one gradient on one rank when left out.
    public init(
      ranks: Int = 1, stage: StepShare.Stage = .moments, leaves: Int = 1, batches: Int? = nil,
      isOnDisk: Bool = false, isRounded: Bool = false, parts: TrainedParts = TrainedParts()
    ) {
      self.ranks = ranks
      self.stage = stage
      self.leaves = leaves
      self.batches = batches ?? leaves
      self.isOnDisk = isOnDisk
      self.isRounded = isRounded
      self.parts = parts
    }

    /// Whether each gradient is sent as soon as it is computed.
    private var isDealt: Bool { ranks > 1 && (stage == .gradients || stage == .weights) }

    /// Whether weights are gathered while a pass needs them.
    private var isGathered: Bool { ranks > 1 && stage == .weights && parts.areWhole }

    /// How often a rank sends sums of all trained numbers in a step, at most.
    public var rounds: Int {
      guard ranks > 1 else { return 0 }
      if isDealt { return (leaves + ranks - 1) / ranks }
      return (0..<ranks).map { SumNode.greatest(of: own($0)).count }.max() ?? 0
    }

    /// Passes in which a rank takes part in a step.
    private var passes: Int {
      let sizes = StepLeaves(batches: batches, lanes: leaves).ranges.map(\.count)
      return stride(from: 0, to: sizes.count, by: ranks).reduce(0) {
        $0 + (sizes[$1..<min($1 + ranks, sizes.count)].max() ?? 0)
      }
    }

    private func own(_ rank: Int) -> Range<Int> {
      leaves * rank / ranks..<leaves * (rank + 1) / ranks
    }

    /// Bytes that a rank sends in a step over `trained` numbers: sums of what others own, and what it owns
    /// to all others, once a step, or in each pass forward and back.
    public func sent(_ trained: Int) -> Int {
      let width = isRounded ? 2 : 4
      let weights =
        isGathered ? passes * parts.gathered + trained - parts.all : ranks > 1 ? trained : 0
      return (rounds * 4 * trained + width * weights) * (ranks - 1) / ranks
    }

    /// Numbers that a rank holds of trained weights, `trained` in all: what is computed with, and what is
    /// updated where that is something else.
    func weights(_ trained: Int) -> Int {
      let part = (trained + ranks - 1) / ranks
      guard isGathered else {
        return trained + (isRounded ? ranks > 1 && stage == .nothing ? trained : part : 0)
      }
      // One part, and the next one on its way; what is rounded lies apart until it has come.
      let here = max(2 * parts.block, parts.end + parts.block)
      return part + here + (isRounded ? here / 4 : 0)
    }

    /// Numbers that a rank holds beside trained weights: gradients, moments, what is on its way.
    func numbers(_ trained: Int) -> Int {
      let part = (trained + ranks - 1) / ranks, portion = min(Ownership.size, part)
      let moments =
        isOnDisk ? 2 * portion : 2 * (ranks > 1 && stage == .nothing ? trained : part)
      guard ranks > 1 else { return moments + StepLeaves.held(0..<leaves) * trained }
      if isDealt {
        // Rounds end with the sums of the nodes so far.
        let sums =
          stride(from: ranks, to: leaves + ranks, by: ranks).map {
            SumNode.greatest(of: 0..<min($0, leaves)).count
          }.max() ?? 1
        return moments + sums * part + parts.underWay(ranks, others: trained - parts.all)
      }
      // While leaves are computed; while sums come together, then those that every rank needs.
      let held = (0..<ranks).map { StepLeaves.held(own($0)) }.max() ?? 1
      let meeting = (stage == .nothing ? max(rounds, 1) : rounds) * trained + part
      // What goes and what comes, of two parcels at most.
      let underWay = 2 * (ranks - 1) * min(part, 2 * Ownership.size) * max(rounds, 1)
      return moments + max(held * trained, meeting) + underWay
    }
  }

  /// How many numbers are trained of a model's parts.
  public struct TrainedParts: Sendable, Hashable {
    /// Those of the largest block, of all blocks.
    public var block = 0, blocks = 0
    /// Those of the embedding, the last norm, and the head where that is not the embedding.
    public var embedding = 0, norm = 0, head = 0
    /// Whether the head is the embedding; whether all of the parts is trained.
    public var tiesHead = false, areWhole = false

    /// Of nothing.
    public init() {}

    /// All of them.
    var all: Int { blocks + embedding + norm + head }
    /// The larger end.
    var end: Int { max(embedding, head) }
    /// What a pass forward and back gathers: blocks twice, and the embedding where the head is that; the
    /// others once.
    var gathered: Int { 2 * blocks + norm + (tiesHead ? 2 * embedding : embedding + head) }

    /// Gradients that are held while parts leave one by one: that of a block, and of another one what is
    /// sent and what comes; at the ends those of embedding or head, of which portions leave. Those of
    /// other tensors and of a tied embedding stay to the end.
    func underWay(_ ranks: Int, others: Int) -> Int {
      let portion = min(Ownership.size, (max(end, others) + ranks - 1) / ranks)
      let leaving = 2 * (2 * ranks - 1) * portion
      let staying = others + (tiesHead ? embedding : 0)
      return staying + max(3 * block, (tiesHead ? 0 : end) + leaving)
    }
  }
}

extension TrainingSetup {
  /// What is trained of the model's parts.
  public var trainedParts: MemoryPlan.TrainedParts {
    var parts = MemoryPlan.TrainedParts()
    guard trainsAll else {
      // Adapters sit on blocks, which are alike.
      parts.blocks = trainedParameters
      parts.block = trainedParameters / max(model.parts.blocks, 1)
      return parts
    }
    let sizes = model.partSizes, own = model.parts
    let blocks = sizes[1..<own.norm]
    parts.block = blocks.max() ?? 0
    parts.blocks = blocks.reduce(0, +)
    (parts.embedding, parts.norm, parts.head) = (sizes[0], sizes[own.norm], sizes[own.norm + 1])
    (parts.tiesHead, parts.areWhole) = (own.tiesHead, true)
    return parts
  }
}

extension StepLeaves {
  /// Gradients that are held at once while leaves that are neighbours are summed: partial sums, and the
  /// one that is being computed.
  static func held(_ leaves: Range<Int>) -> Int {
    leaves.map { SumNode.greatest(of: leaves.lowerBound..<$0).count + 1 }.max() ?? 1
  }
}
