public import Formats
import Layers
public import Tensors

// When ranks are taken away, and how many.
extension AdaLoRAConfig {
  /// With the run's steps where the total is not said. A run in which the ranks would not come down to
  /// the target is refused. Of a pruned adapter no more ranks are taken.
  public func settled(steps: Int, rate: Double) throws(FormatError) -> AdaLoRAConfig {
    var settled = self
    settled.totalSteps = totalSteps ?? steps
    if stands { return settled }
    let total = totalSteps ?? steps
    func fault(_ key: String, _ why: String) -> FormatError {
      FormatError(.usage, "peft." + key, why)
    }
    guard targetRank < initialRank else {
      throw fault(
        "target_r",
        "is \(targetRank), which must be less than init_r (\(initialRank)): nothing would "
          + "be pruned; for a fixed rank take peft.method: lora")
    }
    guard warmup < total - final else {
      throw fault(
        "tinit",
        "is \(warmup) and tfinal \(final), but there are \(total) steps: between them ranks are taken "
          + "away; make them smaller, or train longer")
    }
    guard total - final <= steps else {
      throw fault(
        "total_step",
        "is \(total) with tfinal \(final), but the run has \(steps) steps, so that it would end above "
          + "target_r; leave total_step out, or train longer")
    }
    return settled
  }

  /// How many ranks all adapters have together after step `number`, of `count` adapters.
  func budget(_ number: Int, adapters count: Int) -> Int {
    let total = totalSteps ?? 0, first = count * initialRank, last = count * targetRank
    if number <= warmup { return first }
    if number > total - final { return last }
    let done = Double(number - warmup) / Double(total - final - warmup), left = 1 - done
    return Int(Double(first - last) * (left * left * left) + Double(last))
  }

  /// The budget's curve.
  public func notes(ofRun steps: Int) -> [(name: String, text: String)] {
    if stands {
      return [("ranks", "stand as they are: \(countLeft) in \(ranksLeft.count) adapters")]
    }
    let cells = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], points = min(steps, 60)
    let curve = (0..<points).map { point in
      let number = points == 1 ? 1 : 1 + point * (steps - 1) / (points - 1)
      let share = Double(budget(number, adapters: 1000)) / Double(1000 * initialRank)
      return cells[min(7, Int(share * 7.999))]
    }.joined()
    let total = totalSteps ?? steps
    return [
      ("ranks", curve),
      (
        "",
        "\(initialRank) each to step \(warmup), \(targetRank) on average from \(total - final) on"
      ),
    ]
  }

  /// Sensitivities are gradients times weights.
  public var followsGradients: Bool { true }

  /// Smooths sensitivities, and takes away the ranks that matter least.
  public func follow(
    _ number: Int, _ gradients: Gradients, scale: Double, in seated: [any Seated]
  ) -> [(name: String, value: Double)] {
    let adapters = adapters(seated), last = (totalSteps ?? 0) - final
    if stands { return told(adapters, budget: countLeft) }
    let budget = budget(number, adapters: adapters.count)
    if number < last {
      for adapter in adapters {
        adapter.smooth(gradients, scale: Float(scale), beta1: Float(beta1), beta2: Float(beta2))
      }
    }
    if number == last || number > warmup && number < last && number % interval == 0 {
      prune(adapters, to: budget, isLast: number == last)
    } else if number > last {
      for adapter in adapters { adapter.applyMask() }
    }
    return told(adapters, budget: budget)
  }

  private func told(_ adapters: [AdaLoRA], budget: Int) -> [(name: String, value: Double)] {
    [
      ("rank_budget", Double(budget)),
      ("ranks_in_use", Double(adapters.reduce(0) { $0 + $1.ranksInUse })),
    ]
  }

  /// E becomes 0 wherever a score is not above the least ones that have to go; ties go, too.
  private func prune(_ adapters: [AdaLoRA], to budget: Int, isLast: Bool) {
    let scores = adapters.map(\.scores), all = scores.joined().sorted()
    let gone = all.count - budget
    guard gone > 0 else { return }
    let threshold = all[gone - 1]
    for (adapter, scores) in zip(adapters, scores) {
      adapter.mask(scores.map { $0 > threshold }, isLast: isLast)
    }
  }

  /// Of a pruned run: which ranks are left.
  public func published(_ seated: [any Seated]) -> any AdapterMethod {
    let adapters = adapters(seated)
    guard adapters.contains(where: \.isPruned) else { return self }
    var pruned = self
    for adapter in adapters {
      pruned.ranksLeft[ModulePath.inMemory(adapter.path) + ".lora_E"] = adapter.left
    }
    pruned.ranksLeft.sort { $0.key < $1.key }
    return pruned
  }
}
