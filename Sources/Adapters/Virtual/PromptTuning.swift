public import Formats
public import JSON
public import Layers
public import OrderedCollections
import Tensors

/// The settings of prompt tuning (Lester et al. 2021): rows that stand before every text's embedded tokens.
/// Files of p-tuning (Liu et al. 2021) hold the same, made by a network that they leave out.
public struct PromptTuning: AdapterMethod {
  /// PEFT's name of it.
  public static let peftType = "PROMPT_TUNING"
  /// p-tuning's.
  public static let otherTypes = ["P_TUNING"]
  /// Its name in sentences.
  public var title: String { "prompt tuning" }

  /// What the rows begin as, by PEFT's names.
  public enum Beginning: Sendable, Hashable {
    /// Numbers of N(0, 1): far larger than embedded tokens.
    case random
    /// The rows of tokens drawn from the vocabulary.
    case vocabulary
    /// The rows of a text's tokens.
    case text(String, [Int32], tokenizer: String)
  }

  /// How many virtual tokens there are.
  public var count: Int
  /// What they begin as.
  public var beginning: Beginning
  /// The sizes of the model; nil where a file leaves them out.
  public var shape: VirtualTokenShape?
  /// Nothing is adapted by name.
  public var targets: AdapterTargets? {
    get { nil }
    set {}
  }

  /// Describes a new prompt.
  public init(of count: Int, beginning: Beginning, shape: VirtualTokenShape?) {
    self.count = count
    self.beginning = beginning
    self.shape = shape
  }
}

// The file.
extension PromptTuning {
  /// The keys of peft 0.21.2's configuration beside the common ones.
  public static let keys: [(name: String, meaning: AdapterKey)] =
    VirtualTokens.keys + [
      ("prompt_tuning_init", .read), ("prompt_tuning_init_text", .read),
      ("tokenizer_name_or_path", .read), ("tokenizer_kwargs", .idle("says how it began")),
      ("encoder_reparameterization_type", .idle("says how p-tuning made the rows")),
      ("encoder_hidden_size", .idle("says how p-tuning made the rows")),
      ("encoder_num_layers", .idle("says how p-tuning made the rows")),
      ("encoder_dropout", .idle("says how p-tuning made the rows")),
    ]

  /// Reads its own keys.
  public init(_ reader: AdapterConfigReader) throws(FormatError) {
    var beginning = Beginning.random
    switch reader.members["prompt_tuning_init"]?.string {
    case "SAMPLE_VOCAB": beginning = .vocabulary
    case "TEXT":
      beginning = .text(
        reader.members["prompt_tuning_init_text"]?.string ?? "", [],
        tokenizer: reader.members["tokenizer_name_or_path"]?.string ?? "")
    default: break
    }
    self.init(
      of: try reader.virtualTokens(), beginning: beginning, shape: try VirtualTokenShape(reader))
  }

  /// Its own keys with their values.
  public var members: OrderedDictionary<String, JSONValue> {
    var members = VirtualTokens.members(count, shape)
    members["prompt_tuning_init"] = "RANDOM"
    for key in ["prompt_tuning_init_text", "tokenizer_name_or_path", "tokenizer_kwargs"] {
      members[key] = .null
    }
    switch beginning {
    case .random: break
    case .vocabulary: members["prompt_tuning_init"] = "SAMPLE_VOCAB"
    case .text(let text, _, let tokenizer):
      members["prompt_tuning_init"] = "TEXT"
      members["prompt_tuning_init_text"] = .string(text)
      members["tokenizer_name_or_path"] = .string(tokenizer)
    }
    return members
  }

  /// How many tokens there are, and what they came from.
  public var settings: [(name: String, text: String)] {
    let text =
      switch beginning {
      case .random: "random numbers"
      case .vocabulary: "drawn tokens"
      case .text(let text, _, _): "the text \"\(text)\""
      }
    return [("virtual tokens", "\(count)"), ("began as", text)]
  }
}

// The seat.
extension PromptTuning {
  /// Its tokens.
  public var virtualTokens: VirtualTokens? { VirtualTokens(count: count, areEmbedded: true) }
  /// Virtual tokens change the model from the first.
  public var beginsAsBase: Bool { false }
  /// Tokens of zeros draw attention, too.
  public var restsAtZero: Bool { false }

  /// All that it trains sits on no projection.
  public func parameters(beside config: ModelConfig) -> Int { count * config.hiddenSize }

  /// One thing sits on the embedding.
  public func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    guard let embedding = seats.embedding else { return [] }
    let width = embedding.weight.columns
    try shape?.check(
      against: VirtualTokenShape(
        layers: seats.attentions.count, heads: seats.attentions.first?.heads.queries ?? 0,
        width: width))
    switch source {
    case .file(let tensors, _):
      let rows = try tensors.table(VirtualTokens.tensor, count, width)
      return [Prompt(training: rows, on: embedding)]
    case .fresh(let seed):
      let random = Random(seed: seed, stream: Random.stream(VirtualTokens.tensor))
      return [Prompt(training: rows(of: embedding, random), on: embedding)]
    }
  }

  private func rows(of embedding: Embedding, _ random: Random) -> Tensor {
    switch beginning {
    case .random: return .normal(count, embedding.weight.columns, random)
    case .vocabulary:
      let vocabulary = UInt64(embedding.weight.rows)
      return embedding.base((0..<count).map { Int32(random.bits($0) % vocabulary) })
    case .text(_, let ids, _): return embedding.base(VirtualTokens.fitted(ids, to: count))
    }
  }
}
