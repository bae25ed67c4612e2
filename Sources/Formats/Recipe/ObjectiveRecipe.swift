import JSON
import Names

/// `objective`: what is minimized, by TRL's names.
public struct ObjectiveRecipe: Sendable, Hashable {
  /// The family of objectives.
  public enum Kind: String, Sendable, CaseIterable {
    case sft, dpo, kto, simpo, orpo, cpo, grpo
    case expectedReward = "expected_reward"
    case rewardModel = "reward_model"
  }

  /// Which one.
  public var type = Kind.sft
  /// The functions of `dpo`, `kto` or `grpo`; more than one of `dpo` are added up. nil: the type's own.
  public var lossTypes: RecipeNames?
  /// What each of them is multiplied by; nil: 1.
  public var lossWeights: RecipeNumbers?
  /// β; nil: 0.1, of simpo 2, of grpo 0.
  public var beta: Double?
  /// The share of pairs taken the other way round.
  public var labelSmoothing = 0.0
  /// discopop's temperature, SimPO's γ, the weight of CPO's cross-entropy.
  public var discopopTemperature = 0.05, simpoGamma = 0.5, cpoAlpha = 1.0
  /// What reward_model adds of a pair's squared sum of scores; nil: nothing.
  public var centerRewardsCoefficient: Double?
  /// The weights of KTO's wanted and unwanted rows.
  public var desirableWeight = 1.0, undesirableWeight = 1.0
  /// Whether adapters' dropout is off, as preference training wants it.
  public var disablesDropout = true
  /// What speaks of sampled completions.
  public var grpo = GRPORecipe()

  init() {}
}

extension ObjectiveRecipe.Kind: RecipeChoice {}
extension ObjectiveRecipe: RecipeSection {
  static let keys = pairKeys + samplingKeys + advantageKeys

  private static let pairKeys: [RecipeKey<ObjectiveRecipe>] = [
    RecipeKey(
      "type", \.type,
      "sft: cross-entropy of the assistant's tokens; of pairs dpo, cpo, simpo, orpo, reward_model; of "
        + "labeled answers kto; of prompts whose answers are rewarded grpo, or expected_reward where "
        + "answers are choices"),
    RecipeKey(
      "loss_type", \.lossTypes,
      "dpo: sigmoid, sigmoid_norm, hinge, ipo, robust, exo_pair, nca_pair, apo_zero, apo_down, "
        + "sppo_hard, bco_pair, discopop, sft, or a list of them; kto: kto, apo_zero_unpaired; "
        + "grpo: dapo, grpo, dr_grpo, bnpo, cispo, sapo; expected_reward: expected_reward, sft"),
    RecipeKey("loss_weights", \.lossWeights, "what each of loss_type is multiplied by"),
    RecipeKey(
      "beta", \.beta,
      "what log-ratios are multiplied by, or the divergence of grpo; null: 0.1, of simpo 2, of grpo 0",
      .notNegative),
    RecipeKey(
      "label_smoothing", \.labelSmoothing, "share of pairs taken the other way round", .belowHalf),
    RecipeKey("discopop_tau", \.discopopTemperature, "discopop's temperature", .positive),
    RecipeKey("simpo_gamma", \.simpoGamma, "simpo: how far the rewards are to lie apart"),
    RecipeKey("cpo_alpha", \.cpoAlpha, "cpo: weight of the cross-entropy", .notNegative),
    RecipeKey(
      "center_rewards_coefficient", \.centerRewardsCoefficient,
      "reward_model: weight of the squared sum of a pair's scores, which holds their mean at 0; 0.01 "
        + "is usual", .notNegative),
    RecipeKey("desirable_weight", \.desirableWeight, "kto: weight of wanted rows", .notNegative),
    RecipeKey(
      "undesirable_weight", \.undesirableWeight, "kto: weight of unwanted rows", .notNegative),
    RecipeKey(
      "disable_dropout", \.disablesDropout,
      "preference training: true leaves lora_dropout without effect"),
  ]
}

extension ObjectiveRecipe {
  /// The functions that are minimized, by name.
  public var losses: [String] {
    if let lossTypes { return lossTypes.names }
    return switch type {
    case .dpo: ["sigmoid"]
    case .kto: ["kto"]
    case .grpo: ["dapo"]
    case .expectedReward: ["expected_reward"]
    case .sft, .simpo, .orpo, .cpo, .rewardModel: []
    }
  }

  /// The keys that a type reads beside `type`.
  private var read: Set<String> {
    let common: Set = ["beta", "disable_dropout"]
    return switch type {
    case .sft: []
    case .dpo: common.union(["loss_type", "loss_weights", "label_smoothing", "discopop_tau"])
    case .kto: common.union(["loss_type", "desirable_weight", "undesirable_weight"])
    case .simpo: common.union(["simpo_gamma", "label_smoothing"])
    case .orpo: common
    case .cpo: common.union(["cpo_alpha", "label_smoothing"])
    case .grpo:
      common.union(["loss_type"]).union((Self.samplingKeys + Self.advantageKeys).map(\.name))
    case .expectedReward: ["loss_type", "loss_weights", "disable_dropout", "reward_weights"]
    case .rewardModel: ["center_rewards_coefficient", "disable_dropout"]
    }
  }

  /// Refuses keys that would have no effect, and values that do not go together. `isSet` says whether
  /// the user set a key.
  func check(
    isSet: (_ key: String) -> Bool, _ fault: (_ key: String, _ message: String) -> FormatError
  ) throws(FormatError) {
    let read = read.union(["type"]), plain = Self()
    for key in Self.keys where isSet(key.name) && key.json(self) != key.json(plain) {
      if read.contains(key.name) { continue }
      let others = Kind.allCases.filter { kind in
        var other = self
        other.type = kind
        return other.read.contains(key.name)
      }
      throw fault(
        key.name,
        "has no effect on objective.type \(type.rawValue); it belongs to "
          + others.map(\.rawValue).joined(separator: ", "))
    }
    try checkLosses(fault)
    try checkSmoothing(isSet: isSet("label_smoothing"), fault)
  }

  private func checkLosses(
    _ fault: (_ key: String, _ message: String) -> FormatError
  ) throws(FormatError) {
    let known: [String] =
      switch type {
      case .dpo: Self.pairLosses + ["sft"]
      case .kto: ["kto", "apo_zero_unpaired"]
      case .grpo: GRPORecipe.Loss.allCases.map(\.rawValue)
      case .expectedReward: ["expected_reward", "sft"]
      default: []
      }
    for name in losses where !known.contains(name) {
      let hint = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw fault(
        "loss_type",
        "names '\(name)', which \(type.rawValue) does not know; there are "
          + known.joined(separator: ", ") + hint)
    }
    let repeated = losses.first { name in losses.count { $0 == name } > 1 }
    if let repeated { throw fault("loss_type", "names '\(repeated)' twice; give it one weight") }
    if type == .kto || type == .grpo, losses.count > 1 {
      throw fault(
        "loss_type", "names several losses, of which \(type.rawValue) has one; choose one")
    }
    if type == .expectedReward, losses == ["sft"] {
      throw fault("loss_type", "is sft alone, which rewards nothing; set objective.type: sft")
    }
    if beta == 0, type != .grpo {
      throw fault("beta", "must be greater than 0, found 0; 0.1 is usual")
    }
    if type == .grpo { try checkSampling(fault) }
    if type == .dpo, losses == ["sft"] {
      throw fault("loss_type", "is sft alone, which compares nothing; set objective.type: sft")
    }
    if let lossWeights, lossWeights.numbers.count != losses.count {
      throw fault(
        "loss_weights",
        "has \(lossWeights.numbers.count) numbers for \(losses.count) of loss_type; give one for each"
      )
    }
  }

  private func checkSmoothing(
    isSet: Bool, _ fault: (_ key: String, _ message: String) -> FormatError
  ) throws(FormatError) {
    guard type == .dpo else { return }
    let names = losses
    let smoothed = ["sigmoid", "robust", "exo_pair"]
    if labelSmoothing > 0, !names.contains(where: smoothed.contains) {
      throw fault(
        "label_smoothing",
        "has no effect on \(names.joined(separator: ", ")); it belongs to "
          + smoothed.joined(separator: ", "))
    }
    if labelSmoothing == 0, names.contains("exo_pair") {
      throw isSet
        ? fault("label_smoothing", "must be greater than 0 for exo_pair; 0.001 is usual")
        : fault(
          "loss_type",
          "names exo_pair, which needs objective.label_smoothing greater than 0; 0.001 is usual")
    }
  }

  /// The rate where the recipe names none: what moves a whole model is too little for adapters, and
  /// preferences are learnt more slowly than texts. A reward model has TRL's.
  func defaultLearningRate(trainsAll: Bool) -> Double {
    switch type {
    case .sft: trainsAll ? 1e-5 : 2e-4
    case .rewardModel: 1e-4
    case .dpo, .kto, .simpo, .orpo, .cpo, .grpo, .expectedReward: trainsAll ? 1e-6 : 5e-5
    }
  }

  private func checkSampling(
    _ fault: (_ key: String, _ message: String) -> FormatError
  ) throws(FormatError) {
    func refuse(_ key: String, _ isSet: Bool, _ message: String) throws(FormatError) {
      if isSet { throw fault(key, message) }
    }
    let loss = losses[0], hasClip = loss != "cispo" && loss != "sapo"
    try refuse(
      "num_generations", grpo.groupSize == 1,
      "is 1, but a completion is good or bad beside others of its prompt; 8 is usual")
    try refuse(
      "delta", grpo.delta != nil && !hasClip,
      "has no effect on loss_type \(loss), which bounds ratios otherwise")
    try refuse(
      "delta", grpo.delta.map { $0 <= 1 + (grpo.epsilonHigh ?? grpo.epsilon) } ?? false,
      "must be greater than 1 + epsilon_high: ratios below that are bounded already")
    try refuse(
      "epsilon_high", grpo.epsilonHigh != nil && loss == "sapo",
      "has no effect on loss_type sapo, which has temperatures in its place")
    let isTruncated = grpo.topP < 1 || grpo.topK > 0 || (grpo.minP ?? 0) > 0
    try refuse(
      grpo.topP < 1 ? "top_p" : grpo.topK > 0 ? "top_k" : "min_p",
      isTruncated && (grpo.iterations > 1 || grpo.stepsPerGeneration != nil),
      "cuts the distribution that tokens are drawn from, which ratios of completions learnt more than "
        + "once would not know; leave it out, or num_iterations and steps_per_generation")
  }

  /// Whether a row's loss depends on other rows of its step.
  var comparesRows: Bool { type == .kto && lossTypes?.names != ["apo_zero_unpaired"] }

  /// The losses of pairs by their names.
  public static let pairLosses = [
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "apo_zero",
    "apo_down", "sppo_hard", "bco_pair", "discopop",
  ]
}

/// One name, or a list of names.
public struct RecipeNames: Sendable, Hashable, RecipeScalar {
  /// The names, at least one.
  public var names: [String]

  static var expectation: String { "a name or a list of names" }

  init?(_ node: RecipeNode) {
    if let name = node.text {
      names = [name]
      return
    }
    guard case .list(let items) = node.content else { return nil }
    names = items.compactMap(\.text)
    guard names.count == items.count, !names.isEmpty else { return nil }
  }

  var json: JSONValue {
    names.count == 1 ? .string(names[0]) : .array(names.map(JSONValue.string))
  }
}

/// A list of numbers.
public struct RecipeNumbers: Sendable, Hashable, RecipeScalar {
  /// The numbers.
  public var numbers: [Double]

  static var expectation: String { "a list of numbers" }

  init?(_ node: RecipeNode) {
    guard case .list(let items) = node.content else { return nil }
    numbers = items.compactMap(\.double)
    guard numbers.count == items.count, numbers.allSatisfy(\.isFinite) else { return nil }
  }

  var json: JSONValue { .array(numbers.map(JSONValue.double)) }
}
