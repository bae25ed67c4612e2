public import Formats
public import JSON
public import Layers
public import OrderedCollections
import Tensors

/// The settings of IA³ (Liu et al. 2022): each adapted projection's outputs, or inputs, have factors.
public struct IA3Config: AdapterMethod {
  /// PEFT's name.
  public static let peftType = "IA3"
  /// The paper's.
  public var title: String { "IA3" }

  /// The adapted projections.
  public var targets: AdapterTargets?
  /// Those of them whose inputs have factors, by the end of a path.
  public var feedForward: ModuleChoice

  /// Describes a new adapter.
  public init(targets: AdapterTargets, feedForward: ModuleChoice) {
    self.targets = targets
    self.feedForward = feedForward
  }

  /// The keys of peft 0.21.2's IA3Config beside the common ones.
  public static let keys: [(name: String, meaning: AdapterKey)] = [
    ("target_modules", .read), ("exclude_modules", .read), ("feedforward_modules", .read),
    ("fan_in_fan_out", .idle("PEFT sets it to false for the projections of these models")),
    ("init_ia3_weights", .idle("says how the adapter began")),
  ]

  /// Reads IA3Config's keys.
  public init(_ reader: AdapterConfigReader) throws(FormatError) {
    self.init(
      targets: try reader.targets(),
      feedForward: try reader.choice("feedforward_modules") ?? .names([]))
  }

  /// Every key of IA3Config.
  public var members: OrderedDictionary<String, JSONValue> {
    [
      "target_modules": targets?.json ?? .null,
      "exclude_modules": targets?.excluded?.json ?? .null,
      "feedforward_modules": feedForward.json, "fan_in_fan_out": false, "init_ia3_weights": true,
    ]
  }

  /// Which inputs have factors.
  public var settings: [(name: String, text: String)] {
    [("factors of inputs", feedForward.text)]
  }

  /// What has factors.
  public func settings(at path: String) -> [(name: String, text: String)] {
    [("factors of", scalesInput(path) ? "inputs" : "outputs")]
  }

  /// Whether the inputs of the projection at `path` have factors, and not its outputs: PEFT compares ends
  /// of paths, also within a name.
  public func scalesInput(_ path: String) -> Bool {
    switch feedForward {
    case .names(let names):
      ModulePath.spellings(of: path).contains { spelling in
        names.contains { spelling.hasSuffix($0) }
      }
    case .pattern: feedForward.contains(path)
    }
  }

  /// Factors of 0 silence what they multiply.
  public var restsAtZero: Bool { false }

  /// Refuses a feed-forward name that no adapted projection has.
  public func check(adapting paths: [String]) throws(FormatError) {
    guard case .names(let names) = feedForward else { return }
    for name in names where !paths.contains(where: { $0.hasSuffix(name) }) {
      throw FormatError(
        .unsupported, "feedforward_modules",
        "'\(name)' is none of the projections that get factors; name it in target_modules, too")
    }
  }

  /// That of a row of factors.
  public func cost(at path: String) -> (any AdapterCost)? {
    IA3Cost(scalesInput: scalesInput(path))
  }

  /// New factors are 1, so that nothing changes at first.
  public func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    var seated: [any Seated] = []
    for linear in seats.linears {
      let scalesInput = scalesInput(linear.path)
      let count = scalesInput ? linear.weight.columns : linear.weight.rows
      let factors =
        try source.stored("ia3_l", of: linear.path, count)
        ?? Tensor(rows: 1, columns: count, repeating: 1)
      seated.append(IA3(on: linear, factors, scalesInput: scalesInput))
    }
    return seated
  }
}

/// y = l ∘ (W x + b), or y = W (l ∘ x) + b (Liu et al. 2022, eqs. 2 and 3).
final class IA3: LinearAdapter, Seated {
  let linear: Linear
  let factors: Tensor, scalesInput: Bool

  init(on linear: Linear, _ factors: Tensor, scalesInput: Bool) {
    self.linear = linear
    self.factors = factors.asLeaf()
    self.scalesInput = scalesInput
  }

  private init(_ other: IA3) {
    (linear, scalesInput) = (other.linear, other.scalesInput)
    factors = other.factors.copy()
  }

  var path: String { linear.path }
  func sit() { linear.adapter = self }
  func lift() { linear.adapter = nil }
  func copy() -> any Seated { IA3(self) }

  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    scalesInput
      ? linear.base(scaleColumns(x, by: factors)) : scaleColumns(linear.base(x), by: factors)
  }

  var parameters: [NamedTensor] {
    [
      NamedTensor(
        name: AdapterTensors.name("ia3_l", of: path), tensor: factors,
        shape: scalesInput ? [1, factors.count] : [factors.count, 1], decays: true)
    ]
  }
}

/// The cost of a row of factors: what they multiply is kept, unless it is kept anyway as an input, or in
/// the place of what a reader would keep, which follows from it.
private struct IA3Cost: AdapterCost {
  let scalesInput: Bool

  var readsInput: Bool { scalesInput }

  func parameters(inputs: Int, outputs: Int) -> Int { scalesInput ? inputs : outputs }

  func cost(
    _ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool
  ) -> Cost {
    let buffer = Buffer.bytes(rows * (scalesInput ? inputs : outputs))
    return Cost(kept: scalesInput || keepsOutput ? 0 : buffer, passing: buffer)
  }
}
