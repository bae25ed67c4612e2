import Formats
import JSON
import Layers
import OrderedCollections
import Tensors

/// Tokens without ids before every text: what prefix and prompt tuning have in common.
public struct VirtualTokens: Sendable, Hashable {
  /// How many there are.
  public var count: Int
  /// Whether they are rows before the embedded tokens, which every layer reads, or keys and values that
  /// layers are given.
  public var areEmbedded: Bool
}

// One tensor holds them.
extension VirtualTokens {
  /// The tensor's name in adapter_model.safetensors.
  static let tensor = "prompt_embeddings"
  /// The tensor of `rows` tokens.
  static func named(_ tensor: Tensor, rows: Int) -> NamedTensor {
    NamedTensor(name: Self.tensor, tensor: tensor, shape: [rows, tensor.count / rows])
  }

  /// The keys of adapter_config.json that all such methods have.
  static let keys: [(name: String, meaning: AdapterKey)] = [
    ("num_virtual_tokens", .read), ("token_dim", .read), ("num_layers", .read),
    ("num_attention_heads", .read), ("num_transformer_submodules", .read),
  ]

  /// These keys with their values.
  static func members(
    _ count: Int, _ shape: VirtualTokenShape?
  ) -> OrderedDictionary<String, JSONValue> {
    var members: OrderedDictionary<String, JSONValue> = [
      "num_virtual_tokens": .int(count), "num_transformer_submodules": 1,
    ]
    members["num_layers"] = shape.map { .int($0.layers) } ?? .null
    members["num_attention_heads"] = shape.map { .int($0.heads) } ?? .null
    members["token_dim"] = shape.map { .int($0.width) } ?? .null
    return members
  }

  /// Keys and values of layers as PEFT's file has them: a token's row holds the keys and the values of the
  /// first layer, of the second, and so on. Here each of these is a row.
  static func table(_ layers: [(keys: Tensor, values: Tensor)]) -> Tensor {
    let count = layers.first?.keys.rows ?? 0
    return concatenateRows(
      (0..<count).flatMap { row in
        layers.flatMap { [($0.keys, row..<row + 1), ($0.values, row..<row + 1)] }
      })
  }

  /// `ids` cut or repeated to `count` tokens, as PEFT begins with a text.
  static func fitted(_ ids: [Int32], to count: Int) -> [Int32] {
    (0..<count).map { ids[$0 % ids.count] }
  }
}

/// The sizes of a model that an adapter_config.json of virtual tokens names.
public struct VirtualTokenShape: Sendable, Hashable {
  /// `num_layers`, `num_attention_heads` and `token_dim`.
  public var layers: Int, heads: Int, width: Int

  /// Names the sizes.
  public init(layers: Int, heads: Int, width: Int) {
    self.layers = layers
    self.heads = heads
    self.width = width
  }

  /// What a file says; nil where it leaves the sizes to the model.
  init?(_ reader: AdapterConfigReader) throws(FormatError) {
    let layers = try reader.count("num_layers"), heads = try reader.count("num_attention_heads")
    guard let layers, let heads, let width = try reader.count("token_dim") else { return nil }
    self.init(layers: layers, heads: heads, width: width)
  }

  /// Refuses a model of other sizes.
  func check(against model: VirtualTokenShape) throws(FormatError) {
    guard (layers, width) != (model.layers, model.width) else { return }
    throw FormatError(
      .unsupported, AdapterConfig.fileName,
      "the virtual tokens are for \(layers) layers and token_dim \(width), but this model has "
        + "\(model.layers) and \(model.width); is it an adapter of another model?")
  }
}

extension AdapterConfigReader {
  /// A whole number above 0; nil where the key is absent or null.
  func count(_ key: String) throws(FormatError) -> Int? {
    guard let value = members[key], !value.isNull else { return nil }
    guard let count = value.int, count > 0 else {
      throw refuse(key, "a whole number above 0 is needed")
    }
    return count
  }

  /// `num_virtual_tokens`, of one submodule.
  func virtualTokens() throws(FormatError) -> Int {
    if let parts = try count("num_transformer_submodules"), parts != 1 {
      throw refuse("num_transformer_submodules", "a language model has one, the decoder")
    }
    guard let count = try count("num_virtual_tokens") else {
      throw refuse("num_virtual_tokens", "how many virtual tokens there are must be said")
    }
    return count
  }
}
