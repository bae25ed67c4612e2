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
  /// Ranks and αs of projections that differ from the rest, by path ending.
  public var rankPattern: [String: Int], alphaPattern: [String: Double]

  /// Names or path endings of the adapted projections; `["all-linear"]` for all but the head.
  public var targetModules: [String] { targets.names }

  /// Describes a new adapter.
  public init(
    r: Int, alpha: Double, dropout: Double, targetModules: [String], usesRSLoRA: Bool,
    baseModel: String?
  ) {
    self.r = r
    self.alpha = alpha
    self.dropout = dropout
    targets = AdapterTargets(targetModules)
    self.usesRSLoRA = usesRSLoRA
    self.baseModel = baseModel
    rankPattern = [:]
    alphaPattern = [:]
  }

  /// The rank of the adapter on the projection at `path`.
  public func rank(of path: String) -> Int { Self.match(rankPattern, path) ?? r }

  /// What the product B · A is multiplied with on the projection at `path`.
  public func scale(of path: String) -> Float {
    let alpha = Self.match(alphaPattern, path) ?? alpha, rank = Double(rank(of: path))
    return Float(alpha / (usesRSLoRA ? rank.squareRoot() : rank))
  }

  private static func match<Value>(_ patterns: [String: Value], _ path: String) -> Value? {
    patterns.first { ModulePath.matches(path, $0.key) }?.value
  }
}
