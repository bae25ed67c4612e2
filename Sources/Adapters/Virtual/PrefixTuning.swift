public import Formats
public import JSON
public import Layers
public import OrderedCollections
import Tensors

/// The settings of prefix tuning (Li & Liang 2021): every layer is given keys and values that stand before
/// those of every text, without positions of their own.
public struct PrefixTuning: AdapterMethod {
  /// PEFT's name of it.
  public static let peftType = "PREFIX_TUNING"
  /// Its name in sentences.
  public var title: String { "prefix tuning" }

  /// How many virtual tokens there are.
  public var count: Int
  /// The width between the two projections that make the prefix; nil: it is trained itself.
  public var hidden: Int?
  /// The sizes of the model; nil where a file leaves them out.
  public var shape: VirtualTokenShape?
  /// Whether the projections are gone: a file holds what they gave, which is then trained itself.
  private var isFlat = false
  /// The text whose keys and values it begins as; nil: numbers of N(0, 1), as in PEFT.
  public var beginning: [Int32]?
  /// Nothing is adapted by name.
  public var targets: AdapterTargets? {
    get { nil }
    set {}
  }

  /// Describes a new prefix.
  public init(
    of count: Int, projectedThrough hidden: Int? = nil, shape: VirtualTokenShape?,
    beginning: [Int32]? = nil
  ) {
    self.count = count
    self.hidden = hidden
    self.shape = shape
    self.beginning = beginning
  }
}

// The file.
extension PrefixTuning {
  /// The keys of peft 0.21.2's configuration beside the common ones.
  public static let keys: [(name: String, meaning: AdapterKey)] =
    VirtualTokens.keys + [
      ("prefix_projection", .read), ("encoder_hidden_size", .read),
      ("init_weights", .idle("says how it began")),
    ]

  /// Reads its own keys.
  public init(_ reader: AdapterConfigReader) throws(FormatError) {
    self.init(of: try reader.virtualTokens(), shape: try VirtualTokenShape(reader))
    if try reader.flag("prefix_projection") { hidden = try reader.count("encoder_hidden_size") }
    isFlat = true
  }

  /// Its own keys with their values.
  public var members: OrderedDictionary<String, JSONValue> {
    var members = VirtualTokens.members(count, shape)
    members["prefix_projection"] = .bool(hidden != nil)
    members["encoder_hidden_size"] = (hidden ?? shape?.width).map(JSONValue.int) ?? .null
    members["init_weights"] = .null
    return members
  }

  /// How many tokens there are, and what they came from.
  public var settings: [(name: String, text: String)] {
    [("virtual tokens", "\(count)")] + (hidden.map { [("projected through", "\($0)")] } ?? [])
  }
}

// The seats.
extension PrefixTuning {
  /// Its tokens.
  public var virtualTokens: VirtualTokens? { VirtualTokens(count: count, areEmbedded: false) }
  /// Virtual tokens change the model from the first.
  public var beginsAsBase: Bool { false }
  /// Tokens of zeros draw attention, too.
  public var restsAtZero: Bool { false }

  /// All that it trains sits on no projection.
  public func parameters(beside config: ModelConfig) -> Int {
    let width = config.keyValueHeads * config.headDimension, outputs = config.layers * 2 * width
    guard let hidden, !isFlat else { return count * outputs }
    return count * width + hidden * (width + 1) + outputs * (hidden + 1)
  }

  /// The projections' products, of a layer's two parts for each layer, and their gradients.
  public func cost(beside config: ModelConfig) -> Cost {
    guard let hidden, !isFlat else { return Cost() }
    let width = config.keyValueHeads * config.headDimension
    let product = 2 * Double(count * hidden * width)
    let forward = 3 * product * Double(config.layers)
    return Cost(forward: forward, backward: 2 * forward)
  }

  /// One thing sits on all attentions.
  public func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    guard let heads = seats.attentions.first?.heads else { return [] }
    let model = VirtualTokenShape(
      layers: seats.attentions.count, heads: heads.keys, width: heads.keys * heads.width)
    try shape?.check(against: model)
    let numbers = try numbers(model, seats, source)
    return [Prefix(of: count, on: seats.attentions, numbers)]
  }

  private func numbers(
    _ model: VirtualTokenShape, _ seats: ModelSeats, _ source: AdapterSource
  ) throws(FormatError) -> any PrefixNumbers {
    let slots = count * model.layers * 2
    switch source {
    case .file(let tensors, _):
      let table = try tensors.table(VirtualTokens.tensor, count, model.layers * 2 * model.width)
      return PrefixTable(training: table.reshaped(rows: slots, columns: model.width), of: count)
    case .fresh(let seed):
      if let beginning, let keysAndValues = seats.keysAndValues {
        let layers = keysAndValues(VirtualTokens.fitted(beginning, to: count))
        return PrefixTable(training: VirtualTokens.table(layers), of: count)
      }
      guard let hidden else {
        let random = Random(seed: seed, stream: Random.stream(VirtualTokens.tensor))
        return PrefixTable(training: .normal(slots, model.width, random), of: count)
      }
      return PrefixProjection(
        fresh: seed, tokens: count, width: model.width, hidden: hidden, layers: model.layers)
    }
  }
}
