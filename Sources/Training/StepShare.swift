public import Ranks
import Tensors

/// Which part of a step each rank of a group computes. What comes of the step does not depend on it.
public struct StepShare: Sendable {
  /// The ranks.
  public let group: Group
  /// What is spread over them.
  public let stage: Stage
  /// Leaves of the sum of a step's gradients, each of micro-batches that are summed in place; nil: each
  /// micro-batch is a leaf.
  public let lanes: Int?

  /// What is spread over ranks, as DeepSpeed counts it.
  public enum Stage: Int, Sendable, CaseIterable {
    /// Nothing: every rank updates everything.
    case nothing
    /// The optimizer's moments and the update.
    case moments
    /// Sums of gradients, too.
    case gradients
    /// Trained weights, too, where all of the model's are trained: they are gathered while a pass needs
    /// them. Adapters, which are small, are spread as at the stage before.
    case weights
  }

  /// A share in `group`.
  public init(_ group: Group, stage: Stage = .moments, lanes: Int? = nil) {
    self.group = group
    self.stage = stage
    self.lanes = lanes
  }

  /// All of a step.
  public static let alone = StepShare(.alone)

  /// Whether leaves go one after the other to rank 0, 1, … and are sent as soon as they are computed;
  /// else each rank has neighbours, of which it sends the sums.
  var isDealt: Bool { stage == .gradients || stage == .weights }

  /// Whether a model's trained weights are here only while a pass needs them.
  var shardsWeights: Bool { stage == .weights && !group.isAlone }

  /// The leaves of a rank, of a step of `count` leaves.
  func leaves(_ count: Int, of rank: Int) -> [Int] {
    isDealt
      ? Array(stride(from: rank, to: count, by: group.count))
      : Array(count * rank / group.count..<count * (rank + 1) / group.count)
  }

  /// The micro-batches of this rank, of a step of `count`.
  func batches(_ count: Int) -> [Int] {
    let all = StepLeaves(batches: count, lanes: lanes).ranges
    return leaves(all.count, of: group.rank).flatMap { Array(all[$0]) }
  }

  /// The rounds in which gradients are sent, of a step of `count` leaves: each rank's nodes of the sum,
  /// which lie in order over all ranks and rounds.
  func rounds(_ count: Int) -> [[[SumNode]]] {
    let ranks = 0..<group.count
    guard isDealt else {
      return [
        ranks.map {
          SumNode.greatest(of: count * $0 / group.count..<count * ($0 + 1) / group.count)
        }
      ]
    }
    return stride(from: 0, to: count, by: group.count).map { first in
      ranks.map { first + $0 < count ? [SumNode(first: first + $0, level: 0)] : [] }
    }
  }
}

extension StepShare {
  /// Why `batches` micro-batches of `rows` rows cannot be shared out; nil where they can. Each rank needs a
  /// leaf.
  public func refusal(batches: Int, rows: Int) -> String? {
    let ranks = group.count
    if let lanes, lanes < ranks, batches >= ranks {
      return
        "\(ranks) ranks, but training_args.gradient_lanes is \(lanes), and each rank computes a "
        + "lane at least; set \(ranks) or more, or start fewer ranks"
    }
    guard batches < ranks else { return nil }
    let all = batches * rows
    let fitting = (ranks...max(ranks, all)).first { all % $0 == 0 && $0 >= ranks }
    let remedy =
      all < ranks
      ? "start at most \(all) ranks, or give a step more rows"
      : "set training_args.gradient_accumulation_steps: \(fitting ?? all) and "
        + "per_device_train_batch_size: \(all / (fitting ?? all)) for the same rows per step"
    let count = "\(batches) micro-batch" + (batches == 1 ? "" : "es")
    return "\(ranks) ranks, but a step has \(count); \(remedy)"
  }

  /// What is to be said of a step of `batches` micro-batches whose sums go over the wire several times;
  /// nil where each goes once.
  public func unevenness(batches: Int) -> String? {
    guard !group.isAlone, !isDealt else { return nil }
    let leaves = StepLeaves(batches: batches, lanes: lanes).ranges.count, ranks = group.count
    let most = rounds(leaves)[0].map(\.count).max() ?? 1
    guard most > 1 else { return nil }
    var less = ranks
    while 2 * less < leaves { less *= 2 }
    let often = most == 2 ? "twice" : "\(most) times"
    return "\(leaves) micro-batches on \(ranks) ranks send each gradient \(often); \(less) or "
      + "\(2 * less) would send it once"
  }
}
