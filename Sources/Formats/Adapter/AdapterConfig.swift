import JSON
import OrderedCollections

/// A PEFT adapter_config.json for LoRA (peft 0.21).
public struct AdapterConfig: Sendable, Hashable {
  /// Rank, α, and the dropout on the adapter's input.
  public var r: Int, alpha: Double, dropout: Double
  /// The adapted projections.
  public var targets: AdapterTargets
  /// Whether the scale is α / √r instead of α / r.
  public var usesRSLoRA: Bool
  /// The base model, as the adapter's user will look for it.
  public var baseModel: String?
  /// Ranks and αs of projections that differ from the rest.
  public var rankPattern = ModulePattern<Int>(), alphaPattern = ModulePattern<Double>()
  /// What the adapter makes of its base, by PEFT's name of the task.
  public var task = Task.language
  /// Modules whose whole weight lies in the adapter's file and takes the base's place
  /// (`modules_to_save`).
  public var savedModules: [String] = []
  /// Rows of such modules that lie in the file (`trainable_token_indices`): by the module's name, the
  /// tokens they are of.
  public var savedTokens: OrderedDictionary<String, [Int]> = [:]
  /// Whether a head that shares the embedding's weight follows it where that is saved
  /// (`ensure_weight_tying`).
  public var keepsTies = false

  /// PEFT's `task_type`, as far as it decides about the head.
  public enum Task: String, Sendable {
    /// A language model, whatever else PEFT calls it.
    case language = "CAUSAL_LM"
    /// A sequence classifier, whose head lies in the adapter's file.
    case score = "SEQ_CLS"
  }

  /// Describes a new adapter.
  public init(
    r: Int, alpha: Double, dropout: Double, targets: AdapterTargets, usesRSLoRA: Bool,
    baseModel: String?
  ) {
    self.r = r
    self.alpha = alpha
    self.dropout = dropout
    self.targets = targets
    self.usesRSLoRA = usesRSLoRA
    self.baseModel = baseModel
  }

  /// Describes a new adapter on the projections with these names.
  public init(
    r: Int, alpha: Double, dropout: Double, targetModules: [String], usesRSLoRA: Bool,
    baseModel: String?
  ) {
    self.init(
      r: r, alpha: alpha, dropout: dropout, targets: AdapterTargets(targetModules),
      usesRSLoRA: usesRSLoRA, baseModel: baseModel)
  }

  /// Names or path endings of the adapted projections; `["all-linear"]` for all but the head.
  public var targetModules: [String] { targets.names }

  /// Modules of which the file holds weights, whole or in part, that take the base's place.
  public var modulesWithWeights: [String] { savedModules + savedTokens.keys }

  /// Whether the projection at `path` carries an adapter; none does whose weight is saved whole.
  public func adapts(_ path: String) -> Bool { targets.contains(path) && !hides(path) }

  /// This adapter with the head of a score, which is trained and saved whole.
  public var scoring: AdapterConfig {
    var config = self
    config.task = .score
    if !savedModules.contains(AdapterTargets.scoreHead) {
      config.savedModules.append(AdapterTargets.scoreHead)
    }
    return config
  }

  /// The rank of the adapter on the projection at `path`.
  public func rank(of path: String) -> Int { rankPattern.value(for: path) ?? r }

  /// What the product B · A is multiplied with on the projection at `path`.
  public func scale(of path: String) -> Float {
    let alpha = alphaPattern.value(for: path) ?? alpha, rank = Double(rank(of: path))
    return Float(alpha / (usesRSLoRA ? rank.squareRoot() : rank))
  }

  /// Whether a saved module is the one at `path` or holds it, as PEFT searches for its name.
  private func hides(_ path: String) -> Bool {
    savedModules.contains { name in
      guard let pattern = try? PathPattern(#"(^|.*\.)\#(name)($|\..*)"#) else { return false }
      return ModulePath.spellings(of: path).contains(where: pattern.matchesWhole)
    }
  }
}

/// Values that projections have instead of the one for all: PEFT's `rank_pattern` and `alpha_pattern`.
/// A key is a regular expression that matches a whole path or its end after a dot; of several that do,
/// the first in the file's order decides.
public struct ModulePattern<Value: Sendable & Hashable>: Sendable, Hashable {
  /// The keys as they were written, in their order.
  public private(set) var values: OrderedDictionary<String, Value> = [:]
  private var patterns: [PathPattern] = []

  /// No key.
  public init() {}

  /// Keys with their values; the fault says which key cannot be read.
  public init(_ values: OrderedDictionary<String, Value>) throws(PathPatternFault) {
    self.values = values
    for key in values.keys {
      do { patterns.append(try PathPattern(#"(.*\.)?(\#(key))"#)) } catch {
        let fault: String
        // Said of the key alone, without what is put around it here.
        do {
          _ = try PathPattern(key)
          fault = error.description
        } catch let own { fault = own.description }
        throw PathPatternFault(description: "the key '\(key)' has \(fault)")
      }
    }
  }

  /// The first matching key's value; nil where no key matches.
  public func value(for path: String) -> Value? {
    patterns.firstIndex { matches(path, $0) }.map { values.elements[$0].value }
  }

  /// Keys that match none of `paths`.
  public func unused(among paths: [String]) -> [String] {
    zip(values.keys, patterns).filter { _, pattern in
      !paths.contains { matches($0, pattern) }
    }.map(\.0)
  }

  private func matches(_ path: String, _ pattern: PathPattern) -> Bool {
    ModulePath.spellings(of: path).contains(where: pattern.matchesWhole)
  }

  /// The object for PEFT, in the same order.
  func object(_ value: (Value) -> JSONValue) -> JSONValue { .object(values.mapValues(value)) }
}
