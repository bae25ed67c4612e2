import JSON
import OrderedCollections

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a GGUF file says of a model beside its tokenizer, in the order of llama.cpp's converter.
public struct GGUFModelKeys {
  private let config: ModelConfig, layout: GGUFLayout, path: String

  /// The keys of the model that `config` describes and errors call `path`.
  public init(_ config: ModelConfig, _ layout: GGUFLayout, path: String) {
    self.config = config
    self.layout = layout
    self.path = path
  }

  /// The keys up to the tokenizer's. `generation` are the members of generation_config.json.
  public func metadata(
    name: String, parameters: Int, type: GGUFFileType,
    generation: OrderedDictionary<String, JSONValue>
  ) throws(FormatError) -> OrderedDictionary<String, GGUFValue> {
    let a = layout.architecture
    var keys: OrderedDictionary<String, GGUFValue> = [
      "general.architecture": .string(a), "general.type": .string("model"),
    ]
    for (key, member) in [
      ("top_k", "top_k"), ("top_p", "top_p"), ("min_p", "min_p"), ("temp", "temperature"),
      ("penalty_repeat", "repetition_penalty"),
    ] {
      guard let value = generation[member]?.double else { continue }
      keys["general.sampling.\(key)"] =
        key == "top_k" ? .int32(Int32(value)) : .float32(Float(value))
    }
    keys["general.name"] = .string(name)
    keys["general.size_label"] = .string(Self.sizeLabel(parameters))
    func number(_ key: String, _ value: Int) {
      keys["\(a).\(key)"] = .uint32(UInt32(clamping: value))
    }
    number("block_count", config.layers)
    number("context_length", config.maximumPositions)
    number("embedding_length", config.hiddenSize)
    number("feed_forward_length", config.intermediateSize)
    number("attention.head_count", config.attentionHeads)
    number("attention.head_count_kv", config.keyValueHeads)
    for (key, value) in try scaling() { keys["\(a).rope.scaling.\(key)"] = value }
    keys["\(a).rope.freq_base"] = .float32(Float(config.ropeTheta))
    keys["\(a).attention.layer_norm_rms_epsilon"] = .float32(Float(config.rmsNormEps))
    if saysHeadWidth {
      number("attention.key_length", config.headDimension)
      number("attention.value_length", config.headDimension)
    }
    keys["general.file_type"] = .uint32(type.code)
    if a == "llama" {
      number("vocab_size", config.vocabularySize)
      number("rope.dimension_count", config.headDimension)
    }
    keys["general.quantization_version"] = .uint32(2)
    return keys
  }

  /// Whether the width of heads is said: where config.json says it, and where it does not follow.
  private var saysHeadWidth: Bool {
    let text = config.source["text_config"]?.object ?? config.source
    let isSaid = text["head_dim"].map { !$0.isNull } ?? false
    return isSaid || config.headDimension * config.attentionHeads != config.hiddenSize
  }

  private func scaling() throws(FormatError) -> [(String, GGUFValue)] {
    switch config.ropeScaling {
    case .none, .llama3: return []
    case .linear(let factor):
      return [("type", .string("linear")), ("factor", .float32(Float(factor)))]
    case .yarn(let yarn):
      guard yarn.attentionFactor == nil, yarn.betaFast == 32, yarn.betaSlow == 1, yarn.mscale == nil
      else { break }
      return [
        ("type", .string("yarn")), ("factor", .float32(Float(yarn.factor))),
        ("original_context_length", .uint32(UInt32(clamping: yarn.originalLength))),
      ]
    case .dynamic, .proportional, .longRope: break
    }
    throw FormatError(
      .unsupported, path,
      "has the rotary scaling '\(config.ropeScaling.kind)' with these settings, which GGUF files of its "
        + "family cannot say")
  }

  /// What divides the rotary frequencies, where a rule asks for it (`rope_freqs.weight`): Llama 3.1's.
  public var rotaryDivisors: [Float]? {
    guard case .llama3(let factor, let low, let high, let original) = config.ropeScaling else {
      return nil
    }
    return Self.divisors(
      width: config.headDimension, theta: config.ropeTheta, factor: factor, low: low, high: high,
      original: original)
  }

  /// The divisors of Llama 3.1's rule: short waves stay, long ones are slowed down, those between blended.
  static func divisors(
    width: Int, theta: Double, factor: Double, low: Double, high: Double, original: Int
  ) -> [Float] {
    (0..<width / 2).map { pair in
      let wave = 2 * Double.pi * pow(theta, 2 * Double(pair) / Double(width))
      let length = Double(original)
      if wave < length / high { return 1 }
      if wave > length / low { return Float(factor) }
      let smooth = (length / wave - low) / (high - low)
      return Float(1 / ((1 - smooth) / factor + smooth))
    }
  }

  /// `135M` for 134515008, as llama.cpp's converter writes it.
  public static func sizeLabel(_ parameters: Int) -> String {
    let units: [(Double, String)] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (0, "K")]
    let (unit, letter) = units.first { Double(parameters) > $0.0 } ?? (0, "K")
    let scaled = Double(parameters) / (unit == 0 ? 1e3 : unit)
    let whole = Int(scaled.rounded(.toNearestOrEven))
    let decimals = max(2 - (whole == 0 ? 0 : String(whole).count), 0)
    let power = decimals == 0 ? 1 : decimals == 1 ? 10 : 100
    let rounded = Int((scaled * Double(power)).rounded(.toNearestOrEven))
    guard decimals > 0 else { return "\(rounded)\(letter)" }
    let fraction = String(rounded % power)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(rounded / power).\(zeros)\(fraction)\(letter)"
  }
}
