public import Formats

extension PEFTRecipe {
  /// The configuration of a new adapter on the model in the folder `base`, which is as `model` says and
  /// reads a text as the ids that `encode` gives.
  public func adapter(
    on base: String, model: ModelConfig, encode: (String) -> [Int32]
  ) throws(FormatError) -> AdapterConfig {
    let method: any AdapterMethod =
      switch self.method {
      case .lora, .full: lora
      case .adalora: adaLoRA
      case .ia3: IA3Config(targets: chosen, feedForward: feedForward)
      case .prefixTuning: try prefix(model, encode)
      case .promptTuning: try prompt(base, model, encode)
      }
    var config = AdapterConfig(method, baseModel: GGUFModelFolder.source(of: base) ?? base)
    config.savedModules = savedModules.names
    return config
  }

  private func prefix(
    _ model: ModelConfig, _ encode: (String) -> [Int32]
  ) throws(FormatError) -> PrefixTuning {
    let width = model.keyValueHeads * model.headDimension
    return PrefixTuning(
      of: virtualTokens, projectedThrough: projectsPrefix ? encoderWidth ?? width : nil,
      shape: VirtualTokenShape(layers: model.layers, heads: model.keyValueHeads, width: width),
      beginning: try prefixText.map { text throws(FormatError) in
        try ids(of: text, "prefix_init_text", encode)
      })
  }

  private func prompt(
    _ base: String, _ model: ModelConfig, _ encode: (String) -> [Int32]
  ) throws(FormatError) -> PromptTuning {
    var beginning = PromptTuning.Beginning.vocabulary
    if promptBeginning == .random { beginning = .random }
    if let text = promptText {
      beginning = .text(
        text, try ids(of: text, "prompt_tuning_init_text", encode), tokenizer: base)
    }
    return PromptTuning(
      of: virtualTokens, beginning: beginning,
      shape: VirtualTokenShape(
        layers: model.layers, heads: model.attentionHeads, width: model.hiddenSize))
  }

  private func ids(
    of text: String, _ key: String, _ encode: (String) -> [Int32]
  ) throws(FormatError) -> [Int32] {
    let ids = encode(text)
    if ids.isEmpty {
      throw FormatError(
        .unsupported, "peft." + key, "has no tokens in this model; write another text")
    }
    return ids
  }

  private var lora: LoRAConfig {
    var config = LoRAConfig(
      r: rank, alpha: alpha, dropout: dropout, targets: chosen, usesRSLoRA: usesRSLoRA)
    config.rankPattern = rankPattern
    config.alphaPattern = alphaPattern
    config.usesDoRA = usesDoRA
    config.bias = bias
    config.hasLoRABias = hasLoRABias
    config.beginning = LoRAConfig.Beginning(beginning.json) ?? .uniform
    config.savedTokens = savedTokens.lists
    config.keepsTies = keepsTies
    config.rateRatio = rateRatio
    config.embeddingRate = embeddingRate
    return config
  }

  private var adaLoRA: AdaLoRAConfig {
    var config = AdaLoRAConfig(
      initialRank: initialRank, targetRank: targetRank, alpha: alpha, dropout: dropout,
      targets: chosen)
    (config.warmup, config.final, config.interval) = (pruningStart, pruningEnd, pruningInterval)
    (config.beta1, config.beta2, config.orthogonality) = (beta1, beta2, orthogonality)
    config.totalSteps = totalSteps
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
