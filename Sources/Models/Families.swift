import Formats
import Layers
import Tensors

/// What a family's blocks have beside the common equations.
struct Family {
  /// Whether q, k and v add a bias; whether the attention's output does.
  var hasQueryKeyValueBias: Bool, hasOutputBias: Bool
  /// Whether the feed-forward projections add a bias.
  var hasMLPBias: Bool
  /// Whether each head of q and k is normalized before its rotation.
  var normalizesHeads: Bool

  /// The family that a configuration names.
  init(_ config: ModelConfig) {
    switch config.architecture {
    case .llama:
      // Touvron et al. 2023; biases only where config.json asks for them.
      self.init(
        hasQueryKeyValueBias: config.hasAttentionBias, hasOutputBias: config.hasAttentionBias,
        hasMLPBias: config.hasMLPBias, normalizesHeads: false)
    case .qwen2:
      // Yang et al. 2024: q, k and v have biases, the output has none.
      self.init(
        hasQueryKeyValueBias: true, hasOutputBias: false, hasMLPBias: false,
        normalizesHeads: false)
    case .qwen3:
      // Qwen team 2025: no biases unless asked for; RMSNorm on each head of q and k.
      self.init(
        hasQueryKeyValueBias: config.hasAttentionBias, hasOutputBias: config.hasAttentionBias,
        hasMLPBias: false, normalizesHeads: true)
    }
  }

  private init(
    hasQueryKeyValueBias: Bool, hasOutputBias: Bool, hasMLPBias: Bool, normalizesHeads: Bool
  ) {
    self.hasQueryKeyValueBias = hasQueryKeyValueBias
    self.hasOutputBias = hasOutputBias
    self.hasMLPBias = hasMLPBias
    self.normalizesHeads = normalizesHeads
  }
}

extension CausalLanguageModel {
  /// Opens the model in a Hugging Face folder: config.json and *.safetensors. Weights are mapped.
  public convenience init(folder: String) throws(FormatError) {
    try self.init(
      config: try ModelConfig(folder: folder),
      weights: .folder(try SafeTensorsFolder(path: folder)))
  }

  /// Assembles the model that `config` describes from `weights`; every tensor's shape is checked.
  public convenience init(config: ModelConfig, weights: WeightOrigin) throws(FormatError) {
    let root = WeightPath(origin: weights, path: ""), model = root["model"]
    let family = Family(config)
    let tokens = model["embed_tokens"]
    let embedding = Embedding(
      path: tokens.path, weight: try tokens.matrix(config.vocabularySize, config.hiddenSize))
    var blocks: [DecoderBlock] = []
    for layer in 0..<config.layers {
      blocks.append(
        try DecoderBlock(model["layers"][layer], layer: layer, config: config, family: family))
    }
    let head = root["lm_head"]
    let headWeight =
      config.tiesWordEmbeddings
      ? embedding.weight : try head.matrix(config.vocabularySize, config.hiddenSize)
    self.init(
      config: config, embedding: embedding, blocks: blocks,
      norm: try RMSNorm(model["norm"], config.hiddenSize, config),
      head: Linear(path: head.path, weight: headWeight))
  }
}

extension DecoderBlock {
  fileprivate convenience init(
    _ at: WeightPath, layer: Int, config: ModelConfig, family: Family
  ) throws(FormatError) {
    let attention = at["self_attn"], mlp = at["mlp"], heads = config.heads
    let q = heads.queries * heads.width, kv = heads.keys * heads.width
    let hidden = config.hiddenSize, inner = config.intermediateSize, bias = family.hasMLPBias
    let inputBias = family.hasQueryKeyValueBias, perHead = family.normalizesHeads
    try self.init(
      attentionNorm: RMSNorm(at["input_layernorm"], hidden, config),
      attention: SelfAttention(
        query: Linear(attention["q_proj"], q, hidden, bias: inputBias),
        key: Linear(attention["k_proj"], kv, hidden, bias: inputBias),
        value: Linear(attention["v_proj"], kv, hidden, bias: inputBias),
        output: Linear(attention["o_proj"], hidden, q, bias: family.hasOutputBias),
        queryNorm: perHead ? RMSNorm(attention["q_norm"], heads.width, config) : nil,
        keyNorm: perHead ? RMSNorm(attention["k_norm"], heads.width, config) : nil,
        heads: heads, layer: layer),
      mlpNorm: RMSNorm(at["post_attention_layernorm"], hidden, config),
      mlp: GatedMLP(
        gate: Linear(mlp["gate_proj"], inner, hidden, bias: bias),
        up: Linear(mlp["up_proj"], inner, hidden, bias: bias),
        down: Linear(mlp["down_proj"], hidden, inner, bias: bias)))
  }
}

extension Linear {
  fileprivate convenience init(_ at: WeightPath, _ outputs: Int, _ inputs: Int, bias: Bool)
    throws(FormatError)
  {
    self.init(
      path: at.path, weight: try at.matrix(outputs, inputs),
      bias: bias ? try at.vector("bias", outputs) : nil)
  }
}

extension RMSNorm {
  fileprivate convenience init(_ at: WeightPath, _ width: Int, _ config: ModelConfig)
    throws(FormatError)
  {
    self.init(path: at.path, weight: try at.vector("weight", width), eps: Float(config.rmsNormEps))
  }
}
