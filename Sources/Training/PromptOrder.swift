import Tensors

/// Which prompts each sampling takes: the orders of the epochs behind one another, so that a sampling
/// may begin in one epoch and end in the next, and none is passed over.
public struct PromptOrder: Sendable, Hashable {
  /// Prompts of the dataset, and of a sampling.
  public let rows: Int, perSampling: Int
  let order: DataOrder

  /// An order of `rows` prompts, `perSampling` at once; unshuffled, that of the file in every epoch.
  public init(rows: Int, perSampling: Int, seed: UInt64, isShuffled: Bool) {
    self.rows = rows
    self.perSampling = perSampling
    order = DataOrder(rows: rows, rowsPerStep: perSampling, seed: seed, isShuffled: isShuffled)
  }

  /// The prompts of sampling `number`, from 0: each one's place among all that are ever taken, its
  /// epoch and its row.
  public func prompts(of number: Int) -> [(place: Int, epoch: Int, row: Int)] {
    var epochs: [Int: [Int]] = [:]
    return (number * perSampling..<(number + 1) * perSampling).map { place in
      let epoch = place / rows
      let order = epochs[epoch] ?? order.order(epoch: epoch)
      epochs[epoch] = order
      return (place, epoch, order[place % rows])
    }
  }
}
