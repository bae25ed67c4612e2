import Formats
import Layers
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

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
    case .llama, .smolLM3:
      // Touvron et al. 2023; biases only where config.json asks for them. SmolLM3 (Hugging Face 2025)
      // has layers that do not rotate: ModelConfig.attention.
      self.init(
        hasQueryKeyValueBias: config.hasAttentionBias, hasOutputBias: config.hasAttentionBias,
        hasMLPBias: config.hasMLPBias, normalizesHeads: false)
    case .mistral:
      // Jiang et al. 2023: Llama's equations, without biases, seen through a window.
      self.init(
        hasQueryKeyValueBias: false, hasOutputBias: false, hasMLPBias: false,
        normalizesHeads: false)
    case .qwen2, .qwen2Audio:
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
  /// Opens the model in a Hugging Face folder: config.json and *.safetensors. Weights are mapped. With
  /// `quantization` the blocks' projections, and those of the audio side, are quantized in memory,
  /// unless the folder stores them so; embeddings, norms and head stay as they are. `progress` is told
  /// how many matrices are done.
  ///
  /// `config` stands in the place of the folder's own: that of a reward model (`ModelConfig.scoring`).
  /// Where the files have no head of a score, `headSeed` draws its first values; without it that is an
  /// error.
  public convenience init(
    folder: String, config: ModelConfig? = nil, headSeed: UInt64? = nil,
    quantization: Quantization? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(FormatError) {
    let own: ModelConfig
    if let config { own = config } else { own = try ModelConfig(folder: folder) }
    try own.check(quantization, of: folder)
    try self.init(
      config: own, weights: .folder(try SafeTensorsFolder(path: folder)), headSeed: headSeed,
      quantization: own.quantization == nil ? quantization : nil, progress: progress)
  }

  /// Assembles the model that `config` describes from `weights`; every tensor's shape is checked.
  public convenience init(
    config: ModelConfig, weights: WeightOrigin, headSeed: UInt64? = nil,
    quantization: Quantization? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(FormatError) {
    // A block projects seven times: q, k, v, o, gate, up, down.
    let hearing = config.audio.map { AudioEncoder.projections($0) + 1 } ?? 0
    let onLoad = quantization.map {
      QuantizationOnLoad($0, total: config.layers * 7 + hearing, progress: progress)
    }
    let root = WeightPath(origin: weights, stored: config.quantization, quantization: onLoad)
    let audio = try AudioSide(root, config)
    let hears = audio != nil
    let model = hears ? root.part("language_model.model", holding: "embed_tokens") : root["model"]
    let family = Family(config)
    let tokens = model["embed_tokens"]
    let embedding = Embedding(
      path: tokens.path, weight: try tokens.matrix(config.vocabularySize, config.hiddenSize))
    var blocks: [DecoderBlock] = []
    for layer in 0..<config.layers {
      blocks.append(
        try DecoderBlock(model["layers"][layer], layer: layer, config: config, family: family))
    }
    self.init(
      config: config, embedding: embedding, blocks: blocks,
      norm: try RMSNorm(model["norm"], config.hiddenSize, config),
      head: try root.head(config, tiedTo: embedding, seed: headSeed), audio: audio)
  }
}

extension AudioSide {
  /// The audio side that `config` describes, under `root`; nil where it describes none.
  fileprivate init?(_ root: WeightPath, _ config: ModelConfig) throws(FormatError) {
    guard let audio = config.audio, let token = config.audioToken else { return nil }
    self.init(
      encoder: try AudioEncoder(root.part("audio_tower", holding: "conv1"), audio),
      projector: try AudioProjector(
        root.part("multi_modal_projector", holding: "linear"), from: audio.width,
        to: config.hiddenSize),
      token: Int32(token))
  }
}

extension ModelConfig {
  /// Refuses to quantize a folder anew: `quantization` must be what it is stored in, if it is stored
  /// quantized.
  public func check(_ quantization: Quantization?, of folder: String) throws(FormatError) {
    guard let stored = self.quantization, let quantization, stored != quantization else { return }
    throw FormatError(
      .usage, folder,
      "is stored in \(stored.name) and cannot be quantized to \(quantization.name); leave the "
        + "quantization out, or name the unquantized model")
  }
}

extension WeightPath {
  /// The head that `config` describes, under this root.
  fileprivate func head(
    _ config: ModelConfig, tiedTo embedding: Embedding, seed: UInt64?
  ) throws(FormatError) -> Linear {
    switch config.head {
    case .language:
      let root = config.audio == nil ? self : part("language_model", holding: "lm_head")
      let head = root["lm_head"]
      return Linear(path: head.path, weight: try head.languageHead(config, tiedTo: embedding))
    case .score:
      let head = self[AdapterTargets.scoreHead]
      return Linear(path: head.path, weight: try head.scoreHead(config, seed: seed))
    }
  }

  /// The row at this path that makes a score of a state; drawn by `seed` where the files have none.
  private func scoreHead(_ config: ModelConfig, seed: UInt64?) throws(FormatError) -> Weight {
    guard case .folder(let folder) = origin, folder[path + ".weight"] == nil, let seed else {
      return try matrix(1, config.hiddenSize)
    }
    return .tensor(
      drawn(1, config.hiddenSize, seed: seed, deviation: config.initializerRange))
  }

  /// The output matrix at this path, or `embedding`'s where config.json ties the two.
  private func languageHead(_ config: ModelConfig, tiedTo embedding: Embedding) throws(FormatError)
    -> Weight
  {
    let shape = (config.vocabularySize, config.hiddenSize), name = path + ".weight"
    guard case .folder(let folder) = origin else {
      return config.tiesWordEmbeddings ? embedding.weight : try matrix(shape.0, shape.1)
    }
    guard config.tiesWordEmbeddings else {
      guard folder[name] != nil else {
        throw FormatError(
          .missing, folder.path,
          "lacks the output matrix '\(name)', and config.json does not say tie_word_embeddings true: "
            + "a model without a head (an embedding model, for instance) cannot predict tokens")
      }
      return try matrix(shape.0, shape.1)
    }
    // A second copy of the embedding is common, another matrix a contradiction.
    guard let stored = folder[name], let tied = folder[embedding.path + ".weight"],
      stored.entry.type != tied.entry.type || !stored.file.isEqual(stored.entry, tied)
    else { return embedding.weight }
    throw FormatError(
      .malformed, stored.file.path,
      "holds '\(name)', which differs from '\(embedding.path).weight', but config.json says "
        + "tie_word_embeddings true; say false to use both")
  }
}

extension MappedFile {
  /// Whether a tensor of this file has the same bytes as `other`.
  fileprivate func isEqual(_ entry: TensorEntry, _ other: (file: MappedFile, entry: TensorEntry))
    -> Bool
  {
    withBytes(entry.bytes) { mine in
      other.file.withBytes(other.entry.bytes) { theirs in
        mine.count == theirs.count
          && memcmp(mine.baseAddress!, theirs.baseAddress!, mine.count) == 0
      }
    }
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
        query: attention["q_proj"].projection(q, hidden, hasBias: inputBias),
        key: attention["k_proj"].projection(kv, hidden, hasBias: inputBias),
        value: attention["v_proj"].projection(kv, hidden, hasBias: inputBias),
        output: attention["o_proj"].projection(hidden, q, hasBias: family.hasOutputBias),
        queryNorm: perHead ? RMSNorm(attention["q_norm"], heads.width, config) : nil,
        keyNorm: perHead ? RMSNorm(attention["k_norm"], heads.width, config) : nil,
        heads: heads, window: config.attention[layer].window,
        rotates: config.attention[layer].rotates, layer: layer),
      mlpNorm: RMSNorm(at["post_attention_layernorm"], hidden, config),
      mlp: GatedMLP(
        gate: mlp["gate_proj"].projection(inner, hidden, hasBias: bias),
        up: mlp["up_proj"].projection(inner, hidden, hasBias: bias),
        down: mlp["down_proj"].projection(hidden, inner, hasBias: bias)))
  }
}

extension RMSNorm {
  fileprivate convenience init(_ at: WeightPath, _ width: Int, _ config: ModelConfig)
    throws(FormatError)
  {
    self.init(path: at.path, weight: try at.vector("weight", width), eps: Float(config.rmsNormEps))
  }
}
