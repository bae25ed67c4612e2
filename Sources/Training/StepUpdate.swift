import Adapters
import Ranks
import Tensors

/// What follows a step's backward passes at all ranks together: the norm, the update by the owners, the
/// hand-out of what they have made.
final class StepUpdate {
  private let group: Group, stage: StepShare.Stage
  let optimizer: AdamW
  private let ownership: Ownership?
  /// Where the gradients of ranks come together; nil where there is one.
  let exchange: GradientExchange?
  /// Whether every rank needs every number of the gradient.
  private let needsAll: Bool
  /// The sums as the trained tensors have them, where every rank needs them.
  private(set) var gradients = Gradients()

  /// `parts` are the trained tensors as a way back comes to them (`CausalLanguageModel.parts(of:)`).
  /// `masters`: what is updated, where that is not the tensors themselves.
  init(
    _ share: StepShare, _ optimizer: AdamW, parts: [[Int]], masters: Masters? = nil, needsAll: Bool
  ) {
    (group, stage) = (share.group, share.stage)
    self.optimizer = optimizer
    self.needsAll = needsAll || share.stage == .nothing
    if let masters { optimizer.own(masters.ownership, masters) }
    guard !share.group.isAlone else {
      (ownership, exchange) = (nil, nil)
      return
    }
    let ownership = Ownership(share, of: optimizer.parameters, parts: parts)
    self.ownership = ownership
    exchange = GradientExchange(ownership, of: optimizer.parameters)
    if share.stage != .nothing, masters == nil { optimizer.own(ownership) }
  }

  /// √Σ g²: squares of pieces by their owners, added in order.
  func norm(_ result: StepResult) throws -> Double {
    guard let ownership, let exchange, let values = result.owned else {
      gradients = result.gradients
      return optimizer.norm(gradients)
    }
    let squares = zip(ownership.own, values).map { run, value in
      value?.pieceSquares
        ?? Array(repeating: 0, count: (run.count + Pieces.size - 1) / Pieces.size)
    }
    let all = try group.inOrder("the gradient's norm", of: group.count, [(group.rank, squares)])
    let runs = (0..<group.count).map(ownership.runs)
    var sums = optimizer.parameters.map { _ in 0.0 }
    for (run, squares) in zip(runs.joined(), all.joined()) {
      for square in squares { sums[run.tensor] += square }
    }
    if needsAll { try gatherGradients(values, ownership, exchange) }
    return sums.reduce(0, +).squareRoot()
  }

  private func gatherGradients(
    _ values: [Tensor?], _ ownership: Ownership, _ exchange: GradientExchange
  ) throws {
    let parameters = optimizer.parameters
    let whole = zip(parameters, exchange.reached).map { parameter, isReached in
      isReached
        ? Tensor(rows: parameter.tensor.rows, columns: parameter.tensor.columns, repeating: 0) : nil
    }
    for (run, value) in zip(ownership.own, values) {
      value?.withBytes { whole[run.tensor]?.assign($0, to: run.range) }
    }
    try ownership.handOut(
      "the gradients' sums", moved: exchange.reached,
      own: { index in
        let value = values[index] ?? Tensor(rows: 0, columns: 0, values: [])
        return (value, 0..<value.count)
      },
      others: { run, bytes in whole[run.tensor]?.assign(bytes, to: run.range) })
    gradients = Gradients()
    for (parameter, value) in zip(parameters, whole) {
      if let slot = parameter.tensor.slot, let value { gradients.add(value, for: slot) }
    }
  }

  /// The update, of which all ranks hold the outcome.
  func callAsFunction(
    _ result: StepResult, step: Int, learningRate: Double, scale: Double
  ) throws {
    let missing: AdamW.Missing = result.isSilent ? .zero : .untouched
    guard let ownership, let exchange, let owned = result.owned, stage != .nothing else {
      try optimizer.update(
        optimizer.values(gradients), step: step, learningRate: learningRate, scale: scale,
        missing: missing)
      try optimizer.masters?.publish(moved: optimizer.parameters.map { _ in true })
      return
    }
    try optimizer.update(
      owned, step: step, learningRate: learningRate, scale: scale, missing: missing)
    let parameters = optimizer.parameters
    let moved = missing == .zero ? parameters.map { _ in true } : exchange.reached
    if let masters = optimizer.masters { return try masters.publish(moved: moved) }
    let own = ownership.own
    try ownership.handOut(
      "the weights", moved: moved,
      own: { (parameters[own[$0].tensor].tensor, own[$0].range) },
      others: { run, bytes in parameters[run.tensor].tensor.assign(bytes, to: run.range) })
  }

  /// Refuses to go on where ranks hold other weights.
  func compare(after step: Int) throws {
    gradients = Gradients()
    guard !group.isAlone else { return }
    // Those that are spread are nowhere twice.
    let own = optimizer.parameters.filter(\.tensor.isHeld).reduce(UInt64(0)) {
      ($0 &* 0x9E37_79B9_7F4A_7C15) ^ $1.tensor.fingerprint
    }
    let all = try group.inOrder("the weights' hash", of: group.count, [(group.rank, own)])
    guard let other = all.firstIndex(where: { $0 != all[0] }) else { return }
    throw TrainingError(
      .diverged,
      "\(group.name(of: other)) holds other weights than rank 0 after step \(step); the run ends")
  }
}
