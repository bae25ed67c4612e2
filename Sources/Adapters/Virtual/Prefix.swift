import Formats
import Layers
import Tensors

/// Keys and values before those of every text, in every layer (Li & Liang 2021), trained themselves or
/// made by a projection that is.
final class Prefix: Seated {
  private let attentions: [SelfAttention]
  private let numbers: any PrefixNumbers
  let count: Int

  init(of count: Int, on attentions: [SelfAttention], _ numbers: any PrefixNumbers) {
    self.count = count
    self.attentions = attentions
    self.numbers = numbers
  }

  var path: String { VirtualTokens.tensor }
  var parameters: [NamedTensor] { numbers.parameters }
  func copy() -> any Seated { Prefix(of: count, on: attentions, numbers.copy()) }

  func sit() {
    for (layer, attention) in attentions.enumerated() {
      attention.prefix = LayerPrefix(count: count, layer: layer, numbers: numbers)
    }
  }

  func lift() {
    for attention in attentions { attention.prefix = nil }
  }

  var state: [NamedTensor] { numbers.isTable ? [] : parameters }

  /// All keys and values, whatever makes them.
  var published: [NamedTensor] {
    if numbers.isTable { return parameters }
    let table = Recording.off {
      VirtualTokens.table(attentions.indices.map { numbers.keysAndValues(of: $0) })
    }
    return [VirtualTokens.named(table, rows: count)]
  }
}

/// One layer's part of a prefix.
private final class LayerPrefix: AttentionPrefix {
  let count: Int, layer: Int, numbers: any PrefixNumbers

  init(count: Int, layer: Int, numbers: any PrefixNumbers) {
    self.count = count
    self.layer = layer
    self.numbers = numbers
  }

  func callAsFunction() -> (keys: Tensor, values: Tensor) { numbers.keysAndValues(of: layer) }
}

/// What a prefix is made of.
protocol PrefixNumbers {
  /// Whether the keys and values themselves are trained.
  var isTable: Bool { get }
  /// What is trained, under its names in checkpoints.
  var parameters: [NamedTensor] { get }
  /// A layer's keys and values, [tokens, key heads · width] each.
  func keysAndValues(of layer: Int) -> (keys: Tensor, values: Tensor)
  /// The same numbers in storage of their own, as constants.
  func copy() -> any PrefixNumbers
}

/// Keys and values that are trained themselves.
struct PrefixTable: PrefixNumbers {
  /// [tokens · layers · 2, key heads · width]: a token's keys and values lie together.
  let table: Tensor
  let count: Int

  /// A table whose numbers are trained.
  init(training table: Tensor, of count: Int) { self.init(table.asLeaf(), count) }

  private init(_ table: Tensor, _ count: Int) {
    self.table = table
    self.count = count
  }

  let isTable = true
  var parameters: [NamedTensor] { [VirtualTokens.named(table, rows: count)] }
  func copy() -> any PrefixNumbers { PrefixTable(table.detached.copy(), count) }

  func keysAndValues(of layer: Int) -> (keys: Tensor, values: Tensor) {
    let row = table.rows / count
    func slot(_ index: Int) -> Tensor {
      selectRows(table, (0..<count).map { $0 * row + index })
    }
    return (slot(2 * layer), slot(2 * layer + 1))
  }
}

/// Keys and values that two projections make of trained rows: W₂ tanh(W₁ x + b₁) + b₂.
struct PrefixProjection: PrefixNumbers {
  /// x [tokens, width], W₁ [hidden, width], b₁ [1, hidden], W₂ [layers · 2 · width, hidden] and b₂, of
  /// which each keys or values are a row, [layers · 2, width].
  let rows: Tensor, first: Tensor, firstBias: Tensor, second: Tensor, secondBias: Tensor

  /// Projections whose numbers are trained.
  init(training tensors: [Tensor]) { self.init(tensors.map { $0.asLeaf() }) }

  private init(_ tensors: [Tensor]) {
    (rows, first, firstBias) = (tensors[0], tensors[1], tensors[2])
    (second, secondBias) = (tensors[3], tensors[4])
  }

  let isTable = false
  private var tensors: [Tensor] { [rows, first, firstBias, second, secondBias] }

  /// First values as PEFT draws them: rows of N(0, 1), projections uniform in ±1/√inputs.
  init(fresh seed: UInt64, tokens: Int, width: Int, hidden: Int, layers: Int) {
    let layout = Self.layout(tokens: tokens, width: width, hidden: hidden, layers: layers)
    let inputs = [nil, width, width, hidden, hidden]
    self.init(
      training: zip(layout, inputs).map { place, inputs in
        let random = Random(seed: seed, stream: Random.stream(place.name))
        guard let inputs else { return .normal(place.rows, place.columns, random) }
        return .uniform(
          place.rows, place.columns, bound: 1 / Double(inputs).squareRoot(), random)
      })
  }

  /// The tensors' names in checkpoints and their shapes.
  static func layout(tokens: Int, width: Int, hidden: Int, layers: Int) -> [(
    name: String, rows: Int, columns: Int, shape: [Int]
  )] {
    let outputs = layers * 2 * width, root = "prompt_encoder."
    return [
      (root + "embedding.weight", tokens, width, [tokens, width]),
      (root + "transform.0.weight", hidden, width, [hidden, width]),
      (root + "transform.0.bias", 1, hidden, [hidden]),
      (root + "transform.2.weight", outputs, hidden, [outputs, hidden]),
      (root + "transform.2.bias", layers * 2, width, [outputs]),
    ]
  }

  var parameters: [NamedTensor] {
    let layout = Self.layout(
      tokens: rows.rows, width: rows.columns, hidden: first.rows, layers: secondBias.rows / 2)
    return zip(layout, tensors).map { place, tensor in
      NamedTensor(name: place.name, tensor: tensor, shape: place.shape)
    }
  }

  func copy() -> any PrefixNumbers { PrefixProjection(tensors.map { $0.detached.copy() }) }

  func keysAndValues(of layer: Int) -> (keys: Tensor, values: Tensor) {
    let hidden = tanh(project(rows, .tensor(first), bias: firstBias))
    func slot(_ index: Int) -> Tensor {
      let width = rows.columns
      return project(
        hidden, .tensor(selectRows(second, Array(index * width..<(index + 1) * width))),
        bias: selectRows(secondBias, [index]))
    }
    return (slot(2 * layer), slot(2 * layer + 1))
  }
}
