import JSON
import OrderedCollections
import Tensors

/// A decoder's config.json, in transformers' older or newer spelling.
public struct ModelConfig: Sendable, Hashable {
  /// The families this program knows, under transformers' class names.
  public enum Architecture: String, Sendable, CaseIterable {
    case llama = "LlamaForCausalLM"
    case qwen2 = "Qwen2ForCausalLM"
    case qwen3 = "Qwen3ForCausalLM"
  }

  /// How rotary frequencies are changed for longer contexts.
  public enum RopeScaling: Sendable, Hashable {
    case none
    case linear(factor: Double)
    /// Llama 3.1's rule.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalLength: Int)
  }

  /// The family.
  public var architecture: Architecture
  /// Features of a token, of the feed-forward layer; number of blocks.
  public var hiddenSize: Int, intermediateSize: Int, layers: Int
  /// Query heads, key/value heads, features of a head.
  public var attentionHeads: Int, keyValueHeads: Int, headDimension: Int
  /// Rows of the embedding; at least the tokenizer's count.
  public var vocabularySize: Int
  /// What RMSNorm adds under the root.
  public var rmsNormEps: Double
  /// The base of the rotary frequencies, and their scaling.
  public var ropeTheta: Double, ropeScaling: RopeScaling
  /// The longest sequence the model was made for.
  public var maximumPositions: Int
  /// Whether the output matrix is the embedding.
  public var tiesWordEmbeddings: Bool
  /// Whether config.json asks for biases (Llama, Qwen3; Qwen2's are fixed by the family).
  public var hasAttentionBias: Bool, hasMLPBias: Bool
  /// Tokens that end a text, the padding token.
  public var endTokens: [Int], beginToken: Int?, padToken: Int?
  /// The type its weights are stored in, as torch names it.
  public var dtype: String
  /// How the blocks' projections are stored, where the folder says that they are quantized.
  public var quantization: Quantization?
  /// The file as it was read, for writing it again.
  public private(set) var source: OrderedDictionary<String, JSONValue>
}

extension ModelConfig {
  /// Reads a folder's config.json.
  public init(folder: String) throws(FormatError) {
    let path = folder + "/config.json"
    guard FileSystem.isFolder(folder) else {
      throw FormatError(.missing, folder, "there is no such model folder")
    }
    guard FileSystem.exists(path) else {
      throw FormatError(.missing, path, "a model folder must hold a config.json")
    }
    try self.init(json: JSONValue(readingFile: path), path: path)
  }

  /// Reads a configuration; `path` is what errors name.
  public init(json: JSONValue, path: String) throws(FormatError) {
    guard let members = json.object else {
      throw FormatError(.malformed, path, "the file holds no JSON object")
    }
    let reader = ConfigReader(members: members, path: path)
    source = members
    architecture = try reader.architecture()
    hiddenSize = try reader.positive("hidden_size")
    intermediateSize = try reader.positive("intermediate_size")
    layers = try reader.positive("num_hidden_layers")
    attentionHeads = try reader.positive("num_attention_heads")
    keyValueHeads = try reader.positive("num_key_value_heads", default: attentionHeads)
    // Qwen3's class has this default; the others divide.
    headDimension = try reader.positive(
      "head_dim", default: architecture == .qwen3 ? 128 : hiddenSize / attentionHeads)
    vocabularySize = try reader.positive("vocab_size")
    rmsNormEps = try reader.positiveNumber("rms_norm_eps", default: 1e-6)
    (ropeTheta, ropeScaling) = try reader.rope()
    maximumPositions = try reader.positive("max_position_embeddings", default: 2048)
    tiesWordEmbeddings = try reader.flag("tie_word_embeddings")
    hasAttentionBias = try reader.flag("attention_bias")
    hasMLPBias = try reader.flag("mlp_bias")
    endTokens = ConfigReader.tokens(members["eos_token_id"])
    beginToken = members["bos_token_id"]?.int
    padToken = members["pad_token_id"]?.int
    dtype = members["dtype"]?.string ?? members["torch_dtype"]?.string ?? "float32"
    if let config = members["quantization_config"], !config.isNull {
      quantization = try Quantization(config: config, path: path)
    }
    try reader.refuseWhatChangesTheEquations()
    guard attentionHeads % keyValueHeads == 0, headDimension % 2 == 0 else {
      throw FormatError(
        .malformed, path,
        "num_attention_heads \(attentionHeads), num_key_value_heads \(keyValueHeads) and head_dim "
          + "\(headDimension) do not fit together")
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

/// Reads checked values out of config.json.
struct ConfigReader {
  let members: OrderedDictionary<String, JSONValue>
  let path: String

  func architecture() throws(FormatError) -> ModelConfig.Architecture {
    let supported = ModelConfig.Architecture.allCases.map(\.rawValue)
    let name = members["architectures"]?[0]?.string ?? "none"
    if let known = ModelConfig.Architecture(rawValue: name) { return known }
    throw FormatError(
      .unsupported, path,
      "the architecture \(name) is not supported; supported are \(supported.joined(separator: ", "))"
    )
  }

  func positive(_ key: String, default value: Int? = nil) throws(FormatError) -> Int {
    guard let given = members[key], !given.isNull else {
      if let value { return value }
      throw FormatError(.malformed, path, "'\(key)' is missing")
    }
    guard let number = given.int, number > 0 else {
      throw FormatError(
        .malformed, path, "'\(key)' is \(given.text()); a positive whole number is needed")
    }
    return number
  }

  func positiveNumber(_ key: String, default value: Double) throws(FormatError) -> Double {
    guard let given = members[key], !given.isNull else { return value }
    guard let number = given.double, number > 0 else {
      throw FormatError(
        .malformed, path, "'\(key)' is \(given.text()); a positive number is needed")
    }
    return number
  }

  /// False where the key is absent.
  func flag(_ key: String) throws(FormatError) -> Bool {
    guard let given = members[key], !given.isNull else { return false }
    guard let flag = given.bool else {
      throw FormatError(.malformed, path, "'\(key)' is \(given.text()); true or false is needed")
    }
    return flag
  }

  /// Today's `rope_parameters`, or the older `rope_theta` with `rope_scaling`.
  func rope() throws(FormatError) -> (Double, ModelConfig.RopeScaling) {
    var parameters = members["rope_parameters"]?.object
    // The parameters may lie one level down, by the type of layer.
    if let nested = parameters?["full_attention"]?.object { parameters = nested }
    let older = try positiveNumber("rope_theta", default: 10000)
    let theta = parameters?["rope_theta"]?.double ?? older
    guard let rule = parameters ?? members["rope_scaling"]?.object else { return (theta, .none) }
    let kind = rule["rope_type"]?.string ?? rule["type"]?.string ?? "default"
    func number(_ key: String) throws(FormatError) -> Double {
      guard let value = rule[key]?.double else {
        throw FormatError(.malformed, path, "the rope scaling '\(kind)' lacks '\(key)'")
      }
      return value
    }
    switch kind {
    case "default": return (theta, .none)
    case "linear": return (theta, .linear(factor: try number("factor")))
    case "llama3":
      return (
        theta,
        .llama3(
          factor: try number("factor"), lowFrequency: try number("low_freq_factor"),
          highFrequency: try number("high_freq_factor"),
          originalLength: Int(try number("original_max_position_embeddings")))
      )
    default:
      throw FormatError(
        .unsupported, path, "the rope type '\(kind)' is not supported; default, linear, llama3 are")
    }
  }

  func refuseWhatChangesTheEquations() throws(FormatError) {
    if let act = members["hidden_act"]?.string, act != "silu" {
      throw FormatError(.unsupported, path, "hidden_act is '\(act)'; only silu is supported")
    }
    let partial = members["rope_parameters"]?["partial_rotary_factor"]
    if let share = (partial ?? members["partial_rotary_factor"])?.double, share != 1 {
      throw FormatError(
        .unsupported, path, "partial_rotary_factor is \(share); only 1 is supported")
    }
    if members["use_sliding_window"] == true {
      throw FormatError(.unsupported, path, "use_sliding_window is true; it is not supported")
    }
    if let types = members["layer_types"]?.array, types.contains(where: { $0 != "full_attention" })
    {
      throw FormatError(
        .unsupported, path, "layer_types holds other layers than full_attention; not supported")
    }
  }

  static func tokens(_ value: JSONValue?) -> [Int] {
    if let one = value?.int { return [one] }
    return value?.array?.compactMap(\.int) ?? []
  }
}
