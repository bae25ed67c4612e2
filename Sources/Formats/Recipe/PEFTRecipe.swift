import JSON
import OrderedCollections

/// `peft`: what is trained.
public struct PEFTRecipe: Sendable, Hashable {
  /// Adapters of a kind, or every weight.
  public enum Method: String, Sendable, CaseIterable {
    case lora, adalora, ia3, full
    case prefixTuning = "prefix_tuning"
    case promptTuning = "prompt_tuning"
  }
  /// The model's biases that are trained beside the adapters.
  public enum Bias: String, Sendable, CaseIterable {
    /// None; every one; those of adapted modules.
    case none, all
    case loraOnly = "lora_only"
  }

  /// What a prompt begins as.
  public enum PromptBeginning: String, Sendable, CaseIterable {
    case text = "TEXT"
    case vocabulary = "SAMPLE_VOCAB"
    case random = "RANDOM"
  }

  /// Adapters of a kind, or every weight.
  public var method = Method.lora
  /// Rank r; α; the dropout on an adapter's input.
  public var rank = 16, alpha = 32.0, dropout = 0.0
  /// Which projections get an adapter, and which of them do not.
  public var targets = ModuleChoice.allLinear, excluded: ModuleChoice?
  /// The layers that get adapters; nil for all.
  public var layers: LayerChoice?
  /// Ranks and αs of projections that differ from the rest.
  public var rankPattern = ModulePattern<Int>(), alphaPattern = ModulePattern<Double>()
  /// Biases trained beside the adapters.
  public var bias = Bias.none
  /// Whether the scale is α / √r instead of α / r; whether columns have magnitudes of their own; whether
  /// each B has a bias.
  public var usesRSLoRA = false, usesDoRA = false, hasLoRABias = false
  /// What adapters begin as.
  public var beginning = FirstValues(nil as String?)
  /// Modules and rows of tokens that are trained whole; whether a tied head follows.
  public var savedModules = ModuleNames(), savedTokens = TokenLists(), keepsTies = false
  /// LoRA+: how much faster B learns than A; the rate of adapters on the embedding.
  public var rateRatio: Double?, embeddingRate = 1e-6
  /// AdaLoRA's ranks, at first and in the end; its schedule in steps; its smoothing and its penalty.
  public var initialRank = 12, targetRank = 8
  public var pruningStart = 0, pruningEnd = 0, pruningInterval = 1, totalSteps: Int?
  public var beta1 = 0.85, beta2 = 0.85, orthogonality = 0.5
  /// IA3: the projections whose inputs have factors.
  public var feedForward = ModuleChoice.names(["down_proj"])
  /// A PEFT folder to start from; its own configuration decides the method and its settings.
  public var adapterPath: String?
  /// Virtual tokens of a prefix or a prompt.
  public var virtualTokens = 20
  /// Whether two projections make the prefix, and the width between them; nil: the keys' own.
  public var projectsPrefix = false, encoderWidth: Int?
  /// The text whose keys and values a prefix begins as.
  public var prefixText: String?
  /// What a prompt begins as; nil: the text where there is one, else drawn tokens.
  public var promptBeginning: PromptBeginning?, promptText: String?

  init() {}
}

extension PEFTRecipe.Method: RecipeChoice {}
extension PEFTRecipe.Bias: RecipeChoice {}
extension PEFTRecipe.PromptBeginning: RecipeChoice {}
extension PEFTRecipe: RecipeSection {
  static let keys: [RecipeKey<PEFTRecipe>] =
    [
      RecipeKey(
        "method", \.method,
        "lora trains adapters on projections, adalora such whose ranks are shared out, ia3 factors of "
          + "what projections write or read, prefix_tuning keys and values that every layer is given, "
          + "prompt_tuning rows before every text, full every weight"),
      RecipeKey(
        "adapter_name_or_path", \.adapterPath,
        "PEFT folder to start from; its own configuration decides the method and all its settings"),
    ] + lowRankKeys + rankKeys + virtualKeys
}

extension ModuleChoice: RecipeValue {
  static var expectation: String { "a list of names, all-linear or a regular expression" }

  static func merged(
    _ old: ModuleChoice?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> ModuleChoice {
    origins[path] = node.origin
    if let text = node.text, !text.isEmpty {
      if text.lowercased() == "all-linear" { return .allLinear }
      // Paths have dots, so that a pattern without any sign of its own matches none.
      if text.unicodeScalars.allSatisfy({
        $0.properties.isAlphabetic || "_0123456789".contains(Character($0))
      }) {
        throw node.origin.error(
          "\(path) is a text, and so a regular expression over whole paths, of which '\(text)' matches "
            + "none; write [\(text)] for the name")
      }
      do { return .pattern(try PathPattern(text)) } catch {
        throw node.origin.error("\(path) is a regular expression that has \(error)")
      }
    }
    guard case .list(let nodes) = node.content else {
      throw node.origin.error("\(path) must be \(expectation), found \(node.found)")
    }
    let names = nodes.compactMap(\.text)
    guard !nodes.isEmpty, names.count == nodes.count, !names.contains("") else {
      throw node.origin.error(
        "\(path) must be \(expectation), found " + (nodes.isEmpty ? "an empty list" : node.found))
    }
    return .names(names)
  }
}

extension LayerChoice: RecipeScalar {
  static var expectation: String { "a list of layers' numbers" }

  init?(_ node: RecipeNode) {
    if let index = node.int {
      self.init([index])
      return
    }
    guard case .list(let nodes) = node.content, !nodes.isEmpty else { return nil }
    let indices = nodes.compactMap(\.int)
    guard indices.count == nodes.count else { return nil }
    self.init(indices)
  }

  var json: JSONValue { .array(indices.map(JSONValue.int)) }
}

/// A mapping that is replaced as a whole: its order decides.
extension ModulePattern: RecipeValue where Value: RecipeScalar {
  static var expectation: String { "a mapping of path endings, each to \(Value.expectation)" }

  static func merged(
    _ old: ModulePattern?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> ModulePattern {
    origins[path] = node.origin
    if node.isNull { return ModulePattern() }
    guard case .mapping(let members) = node.content else {
      throw node.origin.error("\(path) must be \(expectation), found \(node.found)")
    }
    var values: OrderedDictionary<String, Value> = [:]
    for member in members {
      guard let value = Value(member.value), (value.json.double ?? 0) > 0 else {
        throw member.origin.error(
          "\(path): '\(member.key)' must be \(Value.expectation) greater than 0, found "
            + member.value.found)
      }
      values[member.key] = value
    }
    do { return try ModulePattern(values) } catch {
      throw node.origin.error("\(path): \(error)")
    }
  }

  var json: JSONValue { object(\.json) }
}
