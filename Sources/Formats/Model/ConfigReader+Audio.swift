import JSON
import OrderedCollections

/// Qwen2-Audio's config.json: a decoder in `text_config`, an encoder in `audio_config`. Published files
/// leave out what equals the defaults of transformers' classes (the same in 4.51 and 5.23).
extension ConfigReader {
  /// Qwen2Config's defaults.
  private static let decoderDefaults: OrderedDictionary<String, JSONValue> = [
    "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
    "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
  ]

  /// A reader of the language model's part.
  func decoderOfQwen2Audio() throws(FormatError) -> ConfigReader {
    let given = try object("text_config", of: "qwen2")
    return ConfigReader(
      members: Self.decoderDefaults.merging(given) { $1 }, path: path, section: "text_config.")
  }

  /// Refuses keys of the decoder that stand beside `text_config`, where nothing reads them.
  func refuseWhatStandsBesideTheDecoder() throws(FormatError) {
    try refuseWhatIsNotComputed(.qwen2Audio)
    let keys = [
      "rope_scaling", "rope_parameters", "rope_theta", "sliding_window", "use_sliding_window",
      "max_window_layers", "layer_types", "max_position_embeddings", "rms_norm_eps",
    ]
    for key in keys where !(members[key]?.isNull ?? true) {
      throw fault(
        key, "stands beside text_config, where nothing reads it; move it into text_config")
    }
  }

  /// The audio encoder's shape.
  func audio() throws(FormatError) -> AudioConfig {
    let members = try object("audio_config", of: "qwen2_audio_encoder")
    let reader = ConfigReader(members: members, path: path, section: "audio_config.")
    for key in ["dropout", "attention_dropout", "activation_dropout", "encoder_layerdrop"] {
      guard let share = members[key]?.double, share != 0 else { continue }
      throw reader.fault(key, "is \(share); the encoder is computed without; 0 evaluates alike")
    }
    let published = AudioConfig()
    let audio = AudioConfig(
      melBins: try reader.positive("num_mel_bins", default: published.melBins),
      layers: try reader.positive("encoder_layers", default: published.layers),
      width: try reader.positive("d_model", default: published.width),
      heads: try reader.positive("encoder_attention_heads", default: published.heads),
      feedForward: try reader.positive("encoder_ffn_dim", default: published.feedForward),
      maximumPositions: try reader.positive(
        "max_source_positions", default: published.maximumPositions),
      activation: members["activation_function"]?.string ?? published.activation)
    guard audio.width % audio.heads == 0 else {
      throw FormatError(
        .malformed, path,
        "audio_config: d_model \(audio.width) cannot be cut into \(audio.heads) heads")
    }
    guard audio.activation == "gelu" else {
      throw FormatError(
        .unsupported, path,
        "audio_config.activation_function is '\(audio.activation)'; only gelu is supported")
    }
    return audio
  }

  /// The id of `<|AUDIO|>`, under its older or its newer name.
  func audioToken(below count: Int) throws(FormatError) -> Int {
    let key = members["audio_token_index"] == nil ? "audio_token_id" : "audio_token_index"
    let token = try positive(key, default: 151_646)
    guard token < count else {
      throw FormatError(
        .malformed, path, "'\(key)' is \(token), but the vocabulary has \(count) tokens")
    }
    return token
  }

  /// The object `key`, empty where it is absent, which must describe a model of type `kind`.
  private func object(_ key: String, of kind: String) throws(FormatError)
    -> OrderedDictionary<String, JSONValue>
  {
    let object = try object(key)
    let found = object["model_type"]?.string ?? kind
    guard found == kind else {
      throw FormatError(
        .unsupported, path, "\(key).model_type is '\(found)'; only \(kind) is supported")
    }
    return object
  }
}
