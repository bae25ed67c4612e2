import Layers
import Tensors

/// Rows of the embedding plus s · Aᵀ Bᵀ of each token, A [rank, vocabulary], B [hidden, rank].
final class EmbeddingLoRA: EmbeddingAdapter, Seated {
  let embedding: Embedding
  let a: Tensor, b: Tensor
  let scale: Float
  private let rates: LoRAConfig.Rates

  init(on embedding: Embedding, a: Tensor, b: Tensor, scale: Float, rates: LoRAConfig.Rates) {
    self.embedding = embedding
    self.a = a.asLeaf()
    self.b = b.asLeaf()
    self.scale = scale
    self.rates = rates
  }

  private init(_ other: EmbeddingLoRA) {
    embedding = other.embedding
    (a, b) = (other.a.copy(), other.b.copy())
    (scale, rates) = (other.scale, other.rates)
  }

  var path: String { embedding.path }
  func sit() { embedding.adapter = self }
  func lift() { embedding.adapter = nil }
  func copy() -> any Seated { EmbeddingLoRA(self) }

  func callAsFunction(_ ids: [Int32], through embedding: Embedding) -> Tensor {
    let hidden = selectColumns(a, ids.map(Int.init))
    return embedding.base(ids) + scale * project(hidden, .tensor(b))
  }

  var parameters: [NamedTensor] {
    [("lora_embedding_A", a), ("lora_embedding_B", b)].map { name, tensor in
      NamedTensor(
        name: AdapterTensors.name(name, of: path), tensor: tensor,
        shape: [tensor.rows, tensor.columns], rateFactor: rates.ofEmbedding)
    }
  }
}
