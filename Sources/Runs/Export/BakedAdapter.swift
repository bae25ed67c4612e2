import Adapters
import Formats
import JSON
import Layers
import Models
import OrderedCollections
import Tensors

/// An adapter in the form that every reader computes alike: products of one rank, their scales in B, and
/// lora_alpha equal to that rank.
struct BakedAdapter {
  /// The rank of all.
  let rank: Int
  /// By module: A [rank, inputs] and B [outputs, rank].
  let products: [(path: String, a: Tensor, b: Tensor)]

  /// Bakes scale · B · A of several ranks: missing rows of A and columns of B are 0.
  init(_ products: [LowRankProduct]) {
    let rank = products.map(\.a.rows).max() ?? 1
    self.rank = rank
    self.products = products.map { product in
      (
        product.path, Self.padded(product.a, rows: rank, columns: product.a.columns, scale: 1),
        Self.padded(product.b, rows: product.b.rows, columns: rank, scale: product.scale)
      )
    }
  }

  private static func padded(_ x: Tensor, rows: Int, columns: Int, scale: Float) -> Tensor {
    var values = [Float](repeating: 0, count: rows * columns)
    for row in 0..<x.rows {
      for (column, value) in x.row(row).enumerated() {
        values[row * columns + column] = value * scale
      }
    }
    return Tensor(rows: rows, columns: columns, values: values)
  }

  /// adapter_model.safetensors
  var sources: [TensorSource] {
    products.flatMap { path, a, b -> [TensorSource] in
      let name = "base_model.model." + ModulePath.inMemory(path)
      return [
        TensorSource(name: name + ".lora_A.weight", shape: [a.rows, a.columns], values: a.values),
        TensorSource(name: name + ".lora_B.weight", shape: [b.rows, b.columns], values: b.values),
      ]
    }
  }

  /// The same for llama.cpp, as pairs on the tensors of a GGUF file.
  func tensors(_ layout: GGUFLayout) throws(FormatError) -> [GGUFTensor] {
    var tensors: [GGUFTensor] = []
    for (path, a, b) in products {
      guard let name = layout.name(of: path + ".weight") else {
        throw FormatError(
          .unsupported, path,
          "has no counterpart in llama.cpp, so that an adapter on it cannot leave; merge it (host merge)"
        )
      }
      let ordered = layout.ordered(b, as: name)
      tensors.append(
        GGUFTensor(name: name + ".lora_a", shape: [a.rows, a.columns], type: .f32) { a })
      tensors.append(
        GGUFTensor(name: name + ".lora_b", shape: [b.rows, b.columns], type: .f32) { ordered })
    }
    return tensors
  }

  /// What a GGUF file says of it.
  func metadata(_ layout: GGUFLayout, name: String) -> OrderedDictionary<String, GGUFValue> {
    [
      "general.architecture": .string(layout.architecture), "general.type": .string("adapter"),
      "adapter.type": .string("lora"), "adapter.lora.alpha": .float32(Float(rank)),
      "general.name": .string(name), "general.quantization_version": .uint32(2),
    ]
  }
}
