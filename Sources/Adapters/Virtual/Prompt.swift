import Formats
import Layers
import Tensors

/// Rows before every text's embedded tokens (Lester et al. 2021).
final class Prompt: Seated {
  private let embedding: Embedding, rows: Tensor

  /// A prompt of these rows, which are trained.
  init(training rows: Tensor, on embedding: Embedding) {
    self.embedding = embedding
    self.rows = rows.asLeaf()
  }

  private init(_ other: Prompt) {
    embedding = other.embedding
    rows = other.rows.detached.copy()
  }

  var path: String { VirtualTokens.tensor }
  var parameters: [NamedTensor] { [VirtualTokens.named(rows, rows: rows.rows)] }
  func sit() { embedding.prompt = rows }
  func lift() { embedding.prompt = nil }
  func copy() -> any Seated { Prompt(self) }
}
