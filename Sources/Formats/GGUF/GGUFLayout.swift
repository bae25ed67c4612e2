import Tensors

/// What llama.cpp calls a family and its tensors, and how their rows are ordered there.
public struct GGUFLayout: Sendable {
  /// `general.architecture`
  public let architecture: String
  private let heads: Int, keyHeads: Int

  /// Names of a block's modules, in transformers and in llama.cpp.
  private static let modules = [
    ("input_layernorm", "attn_norm"), ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"), ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"), ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
  ]
  private static let others = [
    ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
  ]

  /// The layout of models of `config`, which errors call `path`. What llama.cpp would compute otherwise is
  /// refused.
  public init(_ config: ModelConfig, path: String) throws(FormatError) {
    func refuse(_ what: String) -> FormatError {
      FormatError(.unsupported, path, what + "; GGUF files of it would be computed otherwise")
    }
    switch config.architecture {
    case .llama, .mistral: architecture = "llama"
    case .qwen2, .qwen2Audio: architecture = "qwen2"
    case .qwen3: architecture = "qwen3"
    case .smolLM3: throw refuse("SmolLM3 has layers that do not rotate")
    }
    guard config.head == .language else {
      throw FormatError(
        .unsupported, path, "is a reward model, whose head of a score no GGUF file holds")
    }
    if config.attention.contains(where: { $0.window != nil }) {
      throw refuse("the model has a sliding window")
    }
    if architecture == "qwen3", config.hasAttentionBias {
      throw refuse("attention_bias is true, which llama.cpp does not read of a Qwen3")
    }
    heads = config.attentionHeads
    keyHeads = config.keyValueHeads
  }

  /// The layout of a file of this architecture; nil where it is not read.
  init?(architecture: String, heads: Int, keyHeads: Int) {
    guard ["llama", "qwen2", "qwen3"].contains(architecture) else { return nil }
    self.architecture = architecture
    self.heads = heads
    self.keyHeads = keyHeads
  }

  /// llama.cpp's name of the tensor that files call `name`; nil where it has none.
  public func name(of name: String) -> String? {
    let path = ModulePath.inMemory(name).replacing("model.language_model.", with: "model.")
    return Self.translated(path, Self.others, Self.modules, from: "model.layers.", to: "blk.")
  }

  /// The name in transformers' files of the tensor that llama.cpp calls `name`.
  func original(of name: String) -> String? {
    Self.translated(
      name, Self.others.map { ($1, $0) }, Self.modules.map { ($1, $0) }, from: "blk.",
      to: "model.layers.")
  }

  private static func translated(
    _ name: String, _ whole: [(String, String)], _ inBlock: [(String, String)], from: String,
    to: String
  ) -> String? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let module = name[..<dot], part = name[dot...]
    guard part == ".weight" || part == ".bias" else { return nil }
    if let other = whole.first(where: { $0.0 == module }) { return other.1 + part }
    guard module.hasPrefix(from) else { return nil }
    let rest = module.dropFirst(from.count)
    guard let point = rest.firstIndex(of: "."), let layer = Int(rest[..<point]) else { return nil }
    let below = rest[rest.index(after: point)...]
    return inBlock.first { $0.0 == below }.map { "\(to)\(layer).\($0.1)\(part)" }
  }

  /// How many heads the rows of a tensor belong to, where they are ordered otherwise in GGUF files: llama's
  /// queries and keys, whose rotated pairs stand beside each other there.
  private func reorderedHeads(_ name: String) -> Int? {
    guard architecture == "llama" else { return nil }
    if name.contains(".attn_q.") { return heads }
    return name.contains(".attn_k.") ? keyHeads : nil
  }

  /// For each row of the tensor that llama.cpp calls `name` the row in transformers' order; nil where the
  /// orders are the same.
  public func rows(of name: String, count: Int) -> [Int]? {
    guard let heads = reorderedHeads(name), heads > 0, count % (2 * heads) == 0 else { return nil }
    let width = count / heads
    return (0..<count).map { row in
      let (head, place) = (row / width, row % width)
      return head * width + place % 2 * (width / 2) + place / 2
    }
  }

  /// A tensor in llama.cpp's order.
  public func ordered(_ tensor: Tensor, as name: String) -> Tensor {
    // A bias lies in one row.
    let isRow = tensor.rows == 1,
      matrix = isRow ? tensor.reshaped(rows: tensor.count, columns: 1) : tensor
    guard let rows = rows(of: name, count: matrix.rows) else { return tensor }
    let result = selectRows(matrix, rows)
    return isRow ? result.reshaped(rows: 1, columns: tensor.count) : result
  }

  /// A tensor of a GGUF file in transformers' order.
  func original(_ tensor: Tensor, of name: String) -> Tensor {
    let isRow = tensor.rows == 1,
      matrix = isRow ? tensor.reshaped(rows: tensor.count, columns: 1) : tensor
    guard let rows = rows(of: name, count: matrix.rows) else { return tensor }
    var inverse = [Int](repeating: 0, count: rows.count)
    for (place, row) in rows.enumerated() { inverse[row] = place }
    let result = selectRows(matrix, inverse)
    return isRow ? result.reshaped(rows: 1, columns: tensor.count) : result
  }

  /// Whether the rows of a tensor stand in another order here.
  func reorders(_ name: String) -> Bool { reorderedHeads(name) != nil }
}
