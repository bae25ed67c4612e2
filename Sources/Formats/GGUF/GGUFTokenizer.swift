import JSON
import OrderedCollections
import Tensors

/// What a GGUF file says of a tokenizer: `tokenizer.ggml.*` and the chat template.
public struct GGUFTokenizer {
  private let json: JSONValue, config: JSONValue, path: String
  private let pre: GGUFPreTokenizer
  private var tokens: [String?] = []
  private var types: [Int32] = []

  private enum TokenType: Int32 {
    case normal = 1, control = 3, userDefined = 4, unused = 5
  }

  /// Reads tokenizer.json and tokenizer_config.json of a model's folder, whose embedding has `rows` rows.
  public init(folder: String, rows: Int) throws(FormatError) {
    path = folder + "/tokenizer.json"
    do {
      json = try JSONValue(
        parsing: try readFile(path), listingPairsAt: ["model", "vocab"])
    } catch let error as FormatError { throw error } catch {
      throw FormatError(.malformed, path, "not JSON: \(error)")
    }
    let name = folder + "/tokenizer_config.json"
    config = FileSystem.exists(name) ? try JSONValue(readingFile: name) : .emptyObject
    pre = try GGUFPreTokenizer(tokenizer: json, path: path)
    tokens = Array(repeating: nil, count: rows)
    types = Array(repeating: TokenType.unused.rawValue, count: rows)
    try readVocabulary()
    try readAdded()
  }

  private func fault(_ message: String) -> FormatError { FormatError(.malformed, path, message) }

  private mutating func readVocabulary() throws(FormatError) {
    let pairs = json["model"]?["vocab"]?.array ?? []
    for index in stride(from: 0, to: pairs.count - 1, by: 2) {
      guard let token = pairs[index].string, let id = pairs[index + 1].int else {
        throw fault("model.vocab is no object of ids")
      }
      try set(id, token, .normal)
    }
  }

  private mutating func readAdded() throws(FormatError) {
    var added = json["added_tokens"]?.array ?? []
    for (id, token) in config["added_tokens_decoder"]?.object ?? [:] {
      if let id = Int(id) { added.append(token.setting("id", .int(id))) }
    }
    for token in added {
      guard let id = token["id"]?.int, let text = token["content"]?.string else { continue }
      let isControl = token["special"] == true || Self.looksSpecial(text)
      try set(id, text, isControl ? .control : .userDefined)
    }
  }

  private mutating func set(_ id: Int, _ token: String, _ type: TokenType) throws(FormatError) {
    guard tokens.indices.contains(id) else {
      throw fault("the token '\(token)' has the id \(id), the embedding \(tokens.count) rows")
    }
    tokens[id] = token
    types[id] = type.rawValue
  }

  /// What llama.cpp's converter takes for a control token whatever its flags say.
  private static func looksSpecial(_ text: String) -> Bool {
    (text.hasPrefix("<|") && text.hasSuffix("|>")) || (text.hasPrefix("<｜") && text.hasSuffix("｜>"))
      || (text.hasPrefix("<unused") && text.hasSuffix(">"))
      || ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].contains(text)
  }

  /// The id of a token that a name of tokenizer_config.json gives: a text, or an object that holds it.
  private func id(_ name: String) -> Int? {
    guard let text = config[name]?.string ?? config[name]?["content"]?.string else { return nil }
    return tokens.firstIndex { $0 == text }
  }

  /// Whether a text by itself gets the token that begins texts in front.
  private var setsBOS: Bool {
    func first(_ processor: JSONValue) -> String? {
      if let parts = processor["processors"]?.array { return parts.compactMap(first).first }
      return processor["single"]?[0]?["SpecialToken"]?["id"]?.string
    }
    guard let token = first(json["post_processor"] ?? .null) else { return false }
    return token == config["bos_token"]?.string || token == config["bos_token"]?["content"]?.string
  }

  /// The keys in the order of llama.cpp's converter. `template` is the chat template, `stops` the tokens
  /// that end an answer.
  public func metadata(template: String?, stops: [Int]) throws(FormatError)
    -> OrderedDictionary<String, GGUFValue>
  {
    let prefix = "tokenizer.ggml."
    var keys: OrderedDictionary<String, GGUFValue> = [
      prefix + "model": .string("gpt2"), prefix + "pre": .string(pre.rawValue),
      prefix + "tokens": .strings(tokens.enumerated().map { $1 ?? "[PAD\($0)]" }),
      prefix + "token_type": .int32s(types), prefix + "merges": .strings(try merges()),
    ]
    func token(_ key: String, _ id: Int?) {
      if let id { keys[prefix + key] = .uint32(UInt32(id)) }
    }
    let eos = id("eos_token") ?? stops.first
    token("bos_token_id", id("bos_token"))
    token("eos_token_id", eos)
    token("eot_token_id", stops.first { $0 != eos })
    token("unknown_token_id", id("unk_token"))
    token("padding_token_id", id("pad_token"))
    // A template that writes the token itself must not get a second one.
    let bos = config["bos_token"]?.string ?? config["bos_token"]?["content"]?.string
    let templateWritesIt =
      template.map { text in text.contains("bos_token") || bos.map(text.contains) ?? false }
      ?? false
    keys[prefix + "add_bos_token"] = .bool(setsBOS && !templateWritesIt)
    keys[prefix + "add_eos_token"] = .bool(false)
    if let template { keys["tokenizer.chat_template"] = .string(template) }
    return keys
  }

  private func merges() throws(FormatError) -> [String] {
    var merges: [String] = []
    for merge in json["model"]?["merges"]?.array ?? [] {
      if let text = merge.string {
        if !text.hasPrefix("#version") { merges.append(text) }
      } else if let pair = merge.array, pair.count == 2, let left = pair[0].string,
        let right = pair[1].string
      {
        merges.append(left + " " + right)
      } else {
        throw fault("a merge is neither \"a b\" nor [\"a\", \"b\"]")
      }
    }
    return merges
  }
}
