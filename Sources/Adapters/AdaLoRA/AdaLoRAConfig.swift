public import Formats
import JSON
public import Layers
public import OrderedCollections
public import Tensors

/// The settings of AdaLoRA (Zhang et al. 2023): adapters whose ranks are shared out while they learn.
public struct AdaLoRAConfig: AdapterMethod {
  /// PEFT's name.
  public static let peftType = "ADALORA"
  /// The paper's.
  public var title: String { "AdaLoRA" }

  /// The rank of every adapter at first, and on average in the end.
  public var initialRank: Int, targetRank: Int
  /// What the product is multiplied with, times the first rank; the dropout on the adapter's input.
  public var alpha: Double, dropout: Double
  /// The adapted projections.
  public var targets: AdapterTargets?
  /// Steps before ranks begin to fall; steps at the end, in which they stand; steps from one pruning to
  /// the next.
  public var warmup = 0, final = 0, interval = 1
  /// The smoothing of sensitivities and of their deviations.
  public var beta1 = 0.85, beta2 = 0.85
  /// What the distance of A and B from orthonormal is multiplied with in the loss.
  public var orthogonality = 0.5
  /// All steps; nil: as many as the run has.
  public var totalSteps: Int?
  /// Of a pruned adapter: by each E's name, which of the first ranks are left.
  public var ranksLeft: OrderedDictionary<String, [Bool]> = [:]

  /// Describes a new adapter.
  public init(
    initialRank: Int = 12, targetRank: Int = 8, alpha: Double = 8, dropout: Double = 0,
    targets: AdapterTargets
  ) {
    self.initialRank = initialRank
    self.targetRank = targetRank
    self.alpha = alpha
    self.dropout = dropout
    self.targets = targets
  }

  /// What B · E · A is multiplied with, also where ranks have been taken away.
  var scale: Float { Float(alpha / (Double(initialRank) + 1e-5)) }

  /// Ranks, α and the schedule.
  public var settings: [(name: String, text: String)] {
    let schedule = "\(warmup) steps before, every \(interval), \(final) steps after"
    return [
      ("rank", "\(initialRank) at first, \(targetRank) in the end"),
      ("alpha", JSONValue.number(alpha).text()), ("dropout", "\(dropout)"), ("pruning", schedule),
    ] + (ranksLeft.isEmpty ? [] : [("ranks left", "\(countLeft) in \(ranksLeft.count) adapters")])
  }

  /// That of A, B and E, and of what is known of each number's sensitivity.
  public func cost(at path: String) -> (any AdapterCost)? { AdaLoRACost(rank: rank(of: path)) }

  /// Rank, α and the scale that follows from it and the first rank.
  public func settings(at path: String) -> [(name: String, text: String)] {
    [
      ("rank", "\(rank(of: path))"), ("alpha", JSONValue.number(alpha).text()),
      ("scale", "\(scale)"),
    ]
  }

  /// Whether ranks stand as a pruned adapter's file has them: what decided about them is not in it.
  var stands: Bool { !ranksLeft.isEmpty }

  /// How many ranks are left of a pruned adapter.
  var countLeft: Int { ranksLeft.values.reduce(0) { $0 + $1.count { $0 } } }

  /// The rank of the adapter on the module at `path`.
  func rank(of path: String) -> Int {
    left(of: path).map { $0.count { $0 } } ?? initialRank
  }

  private func left(of path: String) -> [Bool]? {
    ModulePath.spellings(of: path).lazy.compactMap { ranksLeft[$0 + ".lora_E"] }.first
  }

  /// New ones have E 0, A and B of N(0, 0.02²), so that nothing changes at first.
  public func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    var seated: [any Seated] = []
    for linear in seats.linears {
      let path = linear.path, rank = rank(of: path)
      let (outputs, inputs) = (linear.weight.rows, linear.weight.columns)
      seated.append(
        AdaLoRA(
          on: linear,
          a: try source.matrix("lora_A", of: path, rank, inputs) {
            .normal(rank, inputs, $0, deviation: 0.02)
          },
          b: try source.matrix("lora_B", of: path, outputs, rank) {
            .normal(outputs, rank, $0, deviation: 0.02)
          },
          e: try source.matrix("lora_E", of: path, rank, 1) { _ in
            Tensor(rows: rank, columns: 1, repeating: 0)
          }, scale: scale, dropoutRate: Float(dropout)))
    }
    return seated
  }

  /// The mean distance of all A and B from orthonormal, times its weight.
  public func penalty(of seated: [any Seated]) -> Tensor? {
    let terms = adapters(seated).filter { $0.e.rows > 0 }.flatMap(\.distances)
    guard orthogonality > 0, var sum = terms.first else { return nil }
    for term in terms.dropFirst() { sum = sum + term }
    return Float(orthogonality / Double(terms.count)) * sum
  }

  /// The adapters among what is seated.
  func adapters(_ seated: [any Seated]) -> [AdaLoRA] { seated.compactMap { $0 as? AdaLoRA } }
}
