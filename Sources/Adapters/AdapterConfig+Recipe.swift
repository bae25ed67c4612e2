public import Formats

extension PEFTRecipe {
  /// The configuration of a new adapter on the model in the folder `base`.
  public func adapter(on base: String) -> AdapterConfig {
    AdapterConfig(lora, baseModel: base)
  }

  private var lora: LoRAConfig {
    var config = LoRAConfig(
      r: rank, alpha: alpha, dropout: dropout, targets: chosen, usesRSLoRA: usesRSLoRA)
    config.rankPattern = rankPattern
    config.alphaPattern = alphaPattern
    return config
  }

  /// The modules that the recipe chooses.
  private var chosen: AdapterTargets {
    var targets = AdapterTargets(targets)
    targets.excluded = excluded
    targets.layers = layers
    return targets
  }
}
