import Tensors

/// Which rows each optimizer step takes: a pure function of (seed, epoch), so that resuming needs
/// nothing but the step's number.
public struct DataOrder: Sendable, Hashable {
  /// Rows of the dataset, rows per optimizer step.
  public let rows: Int, rowsPerStep: Int
  let seed: UInt64, isShuffled: Bool

  /// The order of `rows` rows; unshuffled, that of the file in every epoch.
  public init(rows: Int, rowsPerStep: Int, seed: UInt64, isShuffled: Bool) {
    self.rows = rows
    self.rowsPerStep = rowsPerStep
    self.seed = seed
    self.isShuffled = isShuffled
  }

  /// The order in which a run with `options` takes `rows` rows.
  public init(rows: Int, _ options: TrainingOptions) {
    self.init(
      rows: rows, rowsPerStep: options.batchSize * options.accumulation, seed: options.seed,
      isShuffled: options.isShuffled)
  }

  /// Optimizer steps of an epoch; the last may take fewer rows.
  public var stepsPerEpoch: Int { (rows + rowsPerStep - 1) / rowsPerStep }

  /// The epoch of step `step`, from 1 and from 0.
  public func epoch(of step: Int) -> Int { (step - 1) / stepsPerEpoch }

  /// The rows of step `step`, from 1.
  public func rows(of step: Int) -> [Int] {
    let first = (step - 1) % stepsPerEpoch * rowsPerStep
    return Array(order(epoch: epoch(of: step))[first..<min(first + rowsPerStep, rows)])
  }

  /// Every row that one of the first `steps` steps takes.
  public func rows(through steps: Int) -> [Int] {
    guard steps < stepsPerEpoch else { return Array(0..<rows) }
    return Array(order(epoch: 0).prefix(steps * rowsPerStep))
  }

  /// Epochs done after step `step`, as `trainer_state.json` counts them.
  public func progress(after step: Int) -> Double {
    let inEpoch = (step - 1) % stepsPerEpoch + 1
    return Double(epoch(of: step)) + min(1, Double(inEpoch * rowsPerStep) / Double(rows))
  }

  /// All rows in the order of an epoch.
  func order(epoch: Int) -> [Int] {
    guard isShuffled else { return Array(0..<rows) }
    return Random(seed: seed, stream: Random.stream("order") &+ UInt64(epoch)).permutation(rows)
  }
}
