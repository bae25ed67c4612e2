import JSON
import OrderedCollections
import Tensors

/// A language model's config.json, in transformers' older or newer spelling. Of a model that hears,
/// the numbers are its decoder's, and `audio` describes its encoder.
public struct ModelConfig: Sendable, Hashable {
  /// The family.
  public var architecture: Architecture
  /// What its last states go through.
  public internal(set) var head: Head
  /// Features of a token, of the feed-forward layer; number of blocks.
  public var hiddenSize: Int, intermediateSize: Int, layers: Int
  /// Query heads, key/value heads, features of a head.
  public var attentionHeads: Int, keyValueHeads: Int, headDimension: Int
  /// Rows of the embedding; at least the tokenizer's count.
  public var vocabularySize: Int
  /// What RMSNorm adds under the root.
  public var rmsNormEps: Double
  /// Standard deviation of the first values of a new model's matrices.
  public var initializerRange: Double
  /// The base of the rotary frequencies, and their scaling.
  public var ropeTheta: Double, ropeScaling: RopeScaling
  /// `max_position_embeddings`; see `contextLength`.
  public var maximumPositions: Int
  /// What each layer's attention has of its own.
  public var attention: [AttentionRule]
  /// Whether the output matrix is the embedding.
  public var tiesWordEmbeddings: Bool
  /// Whether config.json asks for biases (Llama, Qwen3; Qwen2's are fixed by the family).
  public var hasAttentionBias: Bool, hasMLPBias: Bool
  /// The token that stands behind texts of a batch to make them equally long; a score's head passes over
  /// it.
  public internal(set) var padToken: Int?
  /// Tokens that end a text.
  public var endTokens: [Int]
  /// The type its weights are stored in, as torch names it.
  public var dtype: String
  /// The audio encoder and the token whose embeddings its features replace; nil for text alone.
  public var audio: AudioConfig?, audioToken: Int?
  /// How the blocks' projections are stored, where the folder says that they are quantized.
  public var quantization: Quantization?
  /// What the file says and the user should know: keys that nobody knows, rules that stand in place of
  /// others.
  public private(set) var notes: [String]
  /// The file as it was read, for writing it again.
  public internal(set) var source: OrderedDictionary<String, JSONValue>
}

extension ModelConfig {
  /// Reads a folder's config.json.
  public init(folder: String) throws(FormatError) {
    let path = folder + "/config.json"
    guard FileSystem.isFolder(folder) else {
      throw FormatError(.missing, folder, "there is no such model folder")
    }
    guard FileSystem.exists(path) else {
      guard !FileSystem.exists(folder + "/adapter_config.json") else {
        let base = (try? JSONValue(readingFile: folder + "/adapter_config.json"))?[
          "base_model_name_or_path"]?.string
        throw FormatError(
          .missing, folder,
          "is an adapter, not a model; give it as --adapter \(folder), with --model "
            + (base ?? "and the base it was made for"))
      }
      throw FormatError(.missing, path, "a model folder must hold a config.json")
    }
    try self.init(json: JSONValue(readingFile: path), path: path)
  }

  /// Reads a configuration; `path` is what errors name.
  public init(json: JSONValue, path: String) throws(FormatError) {
    guard let members = json.object else {
      throw FormatError(.malformed, path, "the file holds no JSON object")
    }
    source = members
    let whole = ConfigReader(members: members, path: path)
    architecture = try whole.architecture()
    head = try whole.head(architecture)
    let reader = architecture == .qwen2Audio ? try whole.decoderOfQwen2Audio() : whole
    hiddenSize = try reader.positive("hidden_size")
    intermediateSize = try reader.positive("intermediate_size")
    layers = try reader.positive("num_hidden_layers")
    attentionHeads = try reader.positive("num_attention_heads")
    let defaults = architecture.defaults
    // Null stands for as many as query heads.
    let keys = reader.members["num_key_value_heads"] == nil ? defaults.keyValueHeads : nil
    keyValueHeads = try reader.positive("num_key_value_heads", default: keys ?? attentionHeads)
    headDimension = try reader.positive(
      "head_dim", default: defaults.headDimension ?? hiddenSize / attentionHeads)
    vocabularySize = try reader.positive("vocab_size")
    rmsNormEps = try reader.positiveNumber("rms_norm_eps", default: 1e-6)
    initializerRange = try reader.positiveNumber("initializer_range", default: 0.02)
    maximumPositions = try reader.positive(
      "max_position_embeddings", default: defaults.maximumPositions)
    attention = try reader.attention(architecture, layers: layers)
    let isTied = try reader.flag("tie_word_embeddings", default: defaults.tiesWordEmbeddings)
    tiesWordEmbeddings = isTied && head == .language
    padToken = try reader.tokens("pad_token_id").first
    hasAttentionBias = try reader.flag("attention_bias")
    hasMLPBias = try reader.flag("mlp_bias")
    endTokens = try (reader.members["eos_token_id"] == nil ? whole : reader)
      .tokens("eos_token_id")
    dtype = whole.dtype ?? reader.dtype ?? "float32"
    if let config = members["quantization_config"], !config.isNull {
      quantization = try Quantization(config: config, path: path)
    }
    try reader.refuseWhatIsNotComputed(architecture)
    if architecture == .qwen2Audio { try whole.refuseWhatStandsBesideTheDecoder() }
    let rope = try RopeReader(
      reader, family: architecture, maximumPositions: maximumPositions,
      headDimension: headDimension)
    ropeTheta = try rope.theta()
    ropeScaling = try rope.scaling()
    notes = try rope.notes()
    if !(members["auto_map"]?.isNull ?? true) {
      notes.append("auto_map names code that comes with the model; it is not run")
    }
    let unknown = reader.unknownKeys + (architecture == .qwen2Audio ? whole.unknownKeys : [])
    if !unknown.isEmpty {
      notes.append("keys that are not known and change nothing: " + unknown.joined(separator: ", "))
    }
    guard attentionHeads % keyValueHeads == 0, headDimension % 2 == 0 else {
      throw FormatError(
        .malformed, path,
        "num_attention_heads \(attentionHeads), num_key_value_heads \(keyValueHeads) and head_dim "
          + "\(headDimension) do not fit together")
    }
    if architecture == .qwen2Audio {
      audio = try whole.audio()
      audioToken = try whole.audioToken(below: vocabularySize)
    }
  }

  /// The configuration in today's spelling, whatever else the file held kept.
  public var json: JSONValue {
    var members = source
    members["torch_dtype"] = nil
    members["dtype"] = .string(dtype)
    return .object(members)
  }
}
