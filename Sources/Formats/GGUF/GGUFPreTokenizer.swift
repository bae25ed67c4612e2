import JSON

/// How a text is cut before its pieces are encoded, under llama.cpp's names (`tokenizer.ggml.pre`).
enum GGUFPreTokenizer: String, CaseIterable {
  case qwen2
  case llama3 = "llama-bpe"
  case smolLM = "smollm"
  case gpt2 = "gpt-2"

  /// The expression of a Split before bytes are spelled out; nil where GPT-2's is used.
  private var expression: String? {
    let digits: String
    switch self {
    case .qwen2: digits = #"\p{N}"#
    case .llama3: digits = #"\p{N}{1,3}"#
    case .smolLM, .gpt2: return nil
    }
    return #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// Whether a piece that is a token stays one, whatever merges say.
  var ignoresMerges: Bool { self == .llama3 }

  /// What normalizers a tokenizer may have that is written so.
  private var normalizers: [JSONValue] { self == .qwen2 ? [.null, ["type": "NFC"]] : [.null] }

  /// Finds out from tokenizer.json, not from a hash of ids that added tokens would change; errors call it
  /// `path`.
  init(tokenizer json: JSONValue, path: String) throws(FormatError) {
    func refuse(_ what: String) -> FormatError {
      FormatError(
        .unsupported, path,
        "\(what), for which llama.cpp has no name that is known here; known are those of Qwen 2 to 3, "
          + "Llama 3, SmolLM and GPT-2")
    }
    guard json["model"]?["type"]?.string ?? "BPE" == "BPE", json["model"]?["byte_fallback"] != true
    else { throw refuse("the tokenizer is not byte-level BPE") }
    let outer = json["pre_tokenizer"] ?? .null
    let parts = outer["pretokenizers"]?.array ?? [outer]
    guard let last = parts.last, last["type"] == "ByteLevel", last["add_prefix_space"] != true
    else { throw refuse("the pre-tokenizer does not end with ByteLevel without a space") }
    let usesGPT2 = last["use_regex"]?.bool ?? true
    let found: GGUFPreTokenizer?
    switch parts.count {
    case 1: found = usesGPT2 ? .gpt2 : nil
    case 2 where parts[0]["type"] == "Digits" && usesGPT2:
      found = parts[0]["individual_digits"] == true ? .smolLM : nil
    case 2 where parts[0]["type"] == "Split" && !usesGPT2:
      let text = parts[0]["pattern"]?["Regex"]?.string
      found =
        parts[0]["behavior"] == "Isolated"
        ? Self.allCases.first { $0.expression != nil && $0.expression == text } : nil
    default: found = nil
    }
    guard let found else { throw refuse("the pre-tokenizer cuts texts in a way") }
    guard found.normalizers.contains(json["normalizer"] ?? .null) else {
      throw refuse("the tokenizer has a normalizer")
    }
    guard (json["model"]?["ignore_merges"]?.bool ?? false) == found.ignoresMerges else {
      throw refuse("ignore_merges is not \(found.ignoresMerges)")
    }
    self = found
  }

  /// The name in a file; some have several.
  init?(name: String) {
    switch name {
    case "qwen2", "deepseek-r1-qwen": self = .qwen2
    case "llama-bpe", "llama3", "llama-v3": self = .llama3
    case "smollm": self = .smolLM
    case "gpt-2": self = .gpt2
    default: return nil
    }
  }

  /// tokenizer.json's members `normalizer` and `pre_tokenizer`.
  var members: (normalizer: JSONValue, preTokenizer: JSONValue) {
    func bytes(usesRegex: Bool) -> JSONValue {
      [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
        "use_regex": .bool(usesRegex),
      ]
    }
    func sequence(_ parts: JSONValue...) -> JSONValue {
      ["type": "Sequence", "pretokenizers": .array(parts)]
    }
    switch self {
    case .gpt2: return (.null, bytes(usesRegex: true))
    case .smolLM:
      return (
        .null, sequence(["type": "Digits", "individual_digits": true], bytes(usesRegex: true))
      )
    case .qwen2, .llama3:
      let split: JSONValue = [
        "type": "Split", "pattern": ["Regex": .string(expression ?? "")], "behavior": "Isolated",
        "invert": false,
      ]
      return (self == .qwen2 ? ["type": "NFC"] : .null, sequence(split, bytes(usesRegex: false)))
    }
  }
}
