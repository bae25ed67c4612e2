import Formats
import Layers
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension AudioEncoder {
  /// Assembles the encoder that `config` describes from `weights`, under the names of a Qwen2-Audio
  /// model (`audio_tower.…`); every tensor's shape is checked. `stored` says what config.json says of
  /// quantized tensors; with `quantization` the layers' projections are quantized in memory.
  public convenience init(
    config: AudioConfig, weights: WeightOrigin, stored: Quantization? = nil,
    quantization: Quantization? = nil
  ) throws(FormatError) {
    let onLoad = quantization.map {
      QuantizationOnLoad($0, total: Self.projections(config)) { _, _ in }
    }
    let root = WeightPath(origin: weights, stored: stored, quantization: onLoad)
    try self.init(root["audio_tower"], config)
  }

  /// Assembles the encoder whose tensors lie below `at`.
  convenience init(_ at: WeightPath, _ config: AudioConfig) throws(FormatError) {
    let width = config.width, place = at["embed_positions"]
    try config.check(place.origin.file(of: place.path))
    let first = try Convolution(at["conv1"], width, config.melBins)
    let second = try Convolution(at["conv2"], width, width)
    let positions = Embedding(
      path: place.path, weight: try place.positions(config.maximumPositions, width))
    var blocks: [EncoderBlock] = []
    for layer in 0..<config.layers {
      blocks.append(try EncoderBlock(at["layers"][layer], config))
    }
    self.init(
      config: config, convolutions: (first, second), positions: positions, blocks: blocks,
      norm: try LayerNorm(at["layer_norm"], width))
  }

  /// Projections that `config` describes: six in a layer.
  static func projections(_ config: AudioConfig) -> Int { config.layers * 6 }
}

extension AudioProjector {
  /// Opens the projection below `multi_modal_projector` of `weights`, from the encoder's width to the
  /// language model's.
  public convenience init(
    from inputs: Int, to outputs: Int, weights: WeightOrigin, stored: Quantization? = nil
  ) throws(FormatError) {
    let root = WeightPath(origin: weights, stored: stored, quantization: nil)
    try self.init(root["multi_modal_projector"], from: inputs, to: outputs)
  }

  /// Opens the projection below `at`.
  convenience init(_ at: WeightPath, from inputs: Int, to outputs: Int) throws(FormatError) {
    self.init(linear: try at["linear"].projection(outputs, inputs, hasBias: true))
  }
}

extension AudioConfig {
  /// Refuses what the encoder cannot be; `place` is what errors name.
  fileprivate func check(_ place: String) throws(FormatError) {
    guard activation == "gelu" else {
      throw FormatError(
        .unsupported, place, "audio_config asks for the activation '\(activation)'; 'gelu' is known"
      )
    }
    guard heads > 0, width % heads == 0 else {
      throw FormatError(
        .malformed, place, "audio_config: d_model \(width) cannot be cut into \(heads) heads")
    }
    guard 2 * maximumPositions >= AudioClip.maximumFrames else {
      throw FormatError(
        .unsupported, place,
        "audio_config has \(maximumPositions) positions; clips of 30 s need "
          + "\(AudioClip.maximumFrames / 2)")
    }
  }
}

extension EncoderBlock {
  fileprivate convenience init(_ at: WeightPath, _ config: AudioConfig) throws(FormatError) {
    let attention = at["self_attn"], width = config.width, inner = config.feedForward
    let heads = HeadShape(
      queries: config.heads, keys: config.heads, width: width / config.heads)
    try self.init(
      attentionNorm: LayerNorm(at["self_attn_layer_norm"], width),
      attention: EncoderAttention(
        query: attention["q_proj"].projection(width, width, hasBias: true),
        key: attention["k_proj"].projection(width, width, hasBias: false),
        value: attention["v_proj"].projection(width, width, hasBias: true),
        output: attention["out_proj"].projection(width, width, hasBias: true), heads: heads),
      feedForwardNorm: LayerNorm(at["final_layer_norm"], width),
      expand: at["fc1"].projection(inner, width, hasBias: true),
      contract: at["fc2"].projection(width, inner, hasBias: true))
  }
}

extension LayerNorm {
  /// torch's default eps: transformers' encoder sets none.
  fileprivate convenience init(_ at: WeightPath, _ width: Int) throws(FormatError) {
    self.init(
      path: at.path, weight: try at.vector("weight", width), bias: try at.vector("bias", width),
      eps: 1e-5)
  }
}

extension Convolution {
  fileprivate convenience init(_ at: WeightPath, _ outputs: Int, _ channels: Int)
    throws(FormatError)
  {
    self.init(
      path: at.path, weight: try at.kernel(outputs, channels),
      bias: try at.vector("bias", outputs))
  }
}

extension WeightPath {
  /// The encoder's positions, [count, width]. They are never trained, so a new model has Whisper's
  /// (Radford et al. 2022): sines, then cosines, of wavelengths from 2π to 20,000π.
  fileprivate func positions(_ count: Int, _ width: Int) throws(FormatError) -> Weight {
    guard case .random = origin else { return try matrix(count, width) }
    let half = width / 2, step = log(10_000) / Double(max(1, half - 1))
    let values = (0..<count).flatMap { position in
      (0..<width).map { column in
        let angle = Double(position) * exp(-step * Double(column % half))
        return Float(column < half ? sin(angle) : cos(angle))
      }
    }
    return .tensor(Tensor(rows: count, columns: width, values: values))
  }

  /// A convolution's `path.weight`, stored [outputs, channels, 3], as the matrix
  /// [outputs, channels · 3] that it is in memory.
  fileprivate func kernel(_ outputs: Int, _ channels: Int) throws(FormatError) -> Weight {
    let columns = channels * Windows.width
    guard case .folder(let folder) = origin else { return try matrix(outputs, columns) }
    let name = path + ".weight", shape = [outputs, channels, Windows.width]
    let (file, entry) = try folder.entry(name)
    guard entry.shape == shape else {
      throw FormatError(
        .malformed, file.path,
        "tensor '\(name)' has shape \(entry.shape), config.json asks for \(shape)")
    }
    guard let type = ElementType(rawValue: entry.type.rawValue) else {
      throw FormatError(
        .unsupported, file.path,
        "tensor '\(name)' has type \(entry.type.rawValue); weights are read from "
          + ElementType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return .dense(
      DenseWeight(
        file: file, offset: entry.bytes.lowerBound, rows: outputs, columns: columns, type: type))
  }
}
