import Formats

extension AdapterConfig {
  /// The settings of the same adapter as products of one rank, whose scales are in their numbers: alpha is
  /// the rank, and nothing differs from module to module.
  public func baked(rank: Int) -> AdapterConfig {
    var config = AdapterConfig(
      LoRAConfig(r: rank, alpha: Double(rank), targets: targets), baseModel: baseModel)
    config.task = task
    return config
  }
}
