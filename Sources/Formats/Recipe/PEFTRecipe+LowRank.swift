public import JSON
public import OrderedCollections

// What low-rank adapters have beside rank, α and targets.
extension PEFTRecipe {
  static let lowRankKeys: [RecipeKey<PEFTRecipe>] = [
    RecipeKey("r", \.rank, "rank of the adapters", .positive),
    RecipeKey(
      "lora_alpha", \.alpha, "an adapter's output is scaled by lora_alpha / r", .positive),
    RecipeKey("lora_dropout", \.dropout, "dropout on an adapter's input", .belowOne),
    RecipeKey("target_modules", \.targets, "the projections that get an adapter"),
    RecipeKey("exclude_modules", \.excluded, "projections that get none though they are targets"),
    RecipeKey("layers_to_transform", \.layers, "the layers that get adapters; null: all"),
    RecipeKey(
      "rank_pattern", \.rankPattern,
      "ranks by the end of a path, a regular expression; the first that matches counts"),
    RecipeKey("alpha_pattern", \.alphaPattern, "lora_alpha likewise"),
    RecipeKey("bias", \.bias, "the model's biases that are trained"),
    RecipeKey("lora_bias", \.hasLoRABias, "whether each lora_B has a bias of its own"),
    RecipeKey("use_rslora", \.usesRSLoRA, "scale by lora_alpha / √r instead"),
    RecipeKey("use_dora", \.usesDoRA, "magnitudes of their own for the columns (DoRA)"),
    RecipeKey(
      "init_lora_weights", \.beginning,
      "what adapters begin as; pissa and olora begin as parts of the base's matrices"),
    RecipeKey(
      "modules_to_save", \.savedModules,
      "modules that are trained whole, by the ends of their paths: [lm_head], [embed_tokens], [norm]"
    ),
    RecipeKey(
      "trainable_token_indices", \.savedTokens,
      "tokens whose rows are trained whole: a list for embed_tokens, or lists by module"),
    RecipeKey(
      "ensure_weight_tying", \.keepsTies,
      "whether a head that shares the embedding's weight follows it where that is trained whole"),
    RecipeKey(
      "loraplus_lr_ratio", \.rateRatio,
      "how much faster lora_B learns than lora_A, biases and magnitudes too (LoRA+); null: alike",
      .positive),
    RecipeKey(
      "loraplus_lr_embedding", \.embeddingRate,
      "with loraplus_lr_ratio, the learning rate of adapters on the embedding", .positive),
  ]

  static let rankKeys: [RecipeKey<PEFTRecipe>] = [
    RecipeKey("init_r", \.initialRank, "adalora: rank of every adapter at first", .positive),
    RecipeKey("target_r", \.targetRank, "adalora: rank on average in the end", .positive),
    RecipeKey("tinit", \.pruningStart, "adalora: steps before ranks fall", .notNegative),
    RecipeKey(
      "tfinal", \.pruningEnd, "adalora: steps at the end, in which they stand", .notNegative),
    RecipeKey(
      "deltaT", \.pruningInterval, "adalora: steps from one pruning to the next", .positive),
    RecipeKey("beta1", \.beta1, "adalora: smoothing of sensitivities", .share),
    RecipeKey("beta2", \.beta2, "adalora: smoothing of their deviations", .share),
    RecipeKey(
      "orth_reg_weight", \.orthogonality,
      "adalora: weight of the penalty on A and B that are not orthonormal", .notNegative),
    RecipeKey(
      "total_step", \.totalSteps, "adalora: steps of the schedule; null: all of the run", .positive),
    RecipeKey(
      "feedforward_modules", \.feedForward,
      "ia3: those of target_modules whose inputs have factors, and not their outputs"),
  ]
}

/// What adapters begin as: PEFT's `init_lora_weights`.
public struct FirstValues: RecipeScalar, Hashable {
  /// The word; nil for `true`, the usual numbers.
  public let word: String?
  static let words = ["gaussian", "orthogonal", "pissa", "olora"]
  static var expectation: String {
    "true or one of \(words.joined(separator: ", ")), pissa_niter_N with a number N"
  }

  init(_ word: String?) { self.word = word }

  init?(_ node: RecipeNode) {
    if node.bool == true {
      self.init(nil as String?)
      return
    }
    guard let word = node.text?.lowercased() else { return nil }
    let count = word.hasPrefix("pissa_niter_") ? Int(word.dropFirst("pissa_niter_".count)) : nil
    guard Self.words.contains(word) || count ?? 0 > 0 else { return nil }
    self.init(word)
  }

  /// PEFT's value.
  public var json: JSONValue { word.map(JSONValue.string) ?? true }
}

/// Names of modules.
public struct ModuleNames: RecipeScalar, Hashable {
  /// The names.
  public var names: [String] = []
  static var expectation: String { "a list of names" }

  init() {}

  init?(_ node: RecipeNode) {
    guard case .list(let nodes) = node.content else { return nil }
    names = nodes.compactMap(\.text)
    guard names.count == nodes.count, !names.contains("") else { return nil }
  }

  var json: JSONValue { .array(names.map(JSONValue.string)) }
}

/// Tokens, by the module whose rows of them are meant.
public struct TokenLists: RecipeScalar, Hashable {
  /// Each module's tokens.
  public var lists: OrderedDictionary<String, [Int]> = [:]
  static var expectation: String { "a list of tokens' ids, or a mapping of modules to such lists" }

  init() {}

  init?(_ node: RecipeNode) {
    func ids(_ node: RecipeNode) -> [Int]? {
      guard case .list(let nodes) = node.content else { return nil }
      let ids = nodes.compactMap(\.int)
      let isSound = !ids.isEmpty && ids.count == nodes.count && ids.allSatisfy { $0 >= 0 }
      return isSound && Set(ids).count == ids.count ? ids : nil
    }
    if case .mapping(let members) = node.content {
      for member in members {
        guard let ids = ids(member.value) else { return nil }
        lists[member.key] = ids
      }
    } else {
      guard let ids = ids(node) else { return nil }
      lists["embed_tokens"] = ids
    }
  }

  var json: JSONValue { .object(lists.mapValues { .array($0.map(JSONValue.int)) }) }
}
