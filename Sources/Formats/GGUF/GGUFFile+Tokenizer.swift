import JSON

extension GGUFFile {
  /// The file's tokenizer as tokenizer.json spells it. Texts of tokens may be canonically equivalent, so
  /// that the text is written and no object of them is made.
  public func tokenizerText() throws(FormatError) -> String {
    let prefix = "tokenizer.ggml."
    let model: String = try value(prefix + "model", "text", \.string)
    let name = metadata[prefix + "pre"]?.string ?? "none"
    guard model == "gpt2", let pre = GGUFPreTokenizer(name: name) else {
      throw FormatError(
        .unsupported, path,
        "has the tokenizer '\(model)' with the pre-tokenizer '\(name)'; gpt2 is read with "
          + GGUFPreTokenizer.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let tokens = try texts(prefix + "tokens"), merges = try texts(prefix + "merges")
    let types = try numbers(prefix + "token_type", count: tokens.count)
    var vocabulary: [String] = [], added: [JSONValue] = []
    for (id, token) in tokens.enumerated() {
      if types[id] == 5 { continue }
      // Added tokens keep their ids where these stand before others.
      vocabulary.append("\(JSONValue.string(token).text()):\(id)")
      if [3, 4].contains(types[id]) {
        added.append(Self.added(token, id, isSpecial: types[id] == 3))
      }
    }
    let members = pre.members
    let pairs = merges.map { JSONValue.string($0).text() }
    let bytes: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
    ]
    return """
      {"version":"1.0","truncation":null,"padding":null,
      "added_tokens":\(JSONValue.array(added).text()),
      "normalizer":\(members.normalizer.text()),
      "pre_tokenizer":\(members.preTokenizer.text()),
      "post_processor":\(postProcessor(tokens).text()),
      "decoder":\(bytes.text()),
      "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,\
      "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,\
      "ignore_merges":\(pre.ignoresMerges),
      "vocab":{\(vocabulary.joined(separator: ","))},
      "merges":[\(pairs.joined(separator: ","))]}}

      """
  }

  private static func added(_ token: String, _ id: Int, isSpecial: Bool) -> JSONValue {
    [
      "id": .int(id), "content": .string(token), "single_word": false, "lstrip": false,
      "rstrip": false, "normalized": false, "special": .bool(isSpecial),
    ]
  }

  /// The token of a role; nil where the file names none.
  private func token(_ role: String, _ tokens: [String]) -> String? {
    guard let id = metadata["tokenizer.ggml.\(role)_token_id"]?.int, tokens.indices.contains(id)
    else { return nil }
    return tokens[id]
  }

  /// What sets the token that begins texts in front of one.
  private func postProcessor(_ tokens: [String]) -> JSONValue {
    let adds =
      metadata["tokenizer.ggml.add_bos_token"]?.bool
      ?? (metadata["tokenizer.ggml.pre"]?.string.flatMap(GGUFPreTokenizer.init(name:)) == .llama3)
    guard adds, let bos = token("bos", tokens),
      let id = metadata["tokenizer.ggml.bos_token_id"]?.int
    else { return .null }
    let text: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]
    let special: JSONValue = ["SpecialToken": ["id": .string(bos), "type_id": 0]]
    return [
      "type": "TemplateProcessing", "single": [special, text],
      "pair": [special, text, ["Sequence": ["id": "B", "type_id": 0]]],
      "special_tokens": .object([
        bos: ["id": .string(bos), "ids": [.int(id)], "tokens": [.string(bos)]]
      ]),
    ]
  }

  /// tokenizer_config.json
  public func tokenizerConfig() throws(FormatError) -> JSONValue {
    let tokens = try texts("tokenizer.ggml.tokens")
    var config: JSONValue = ["tokenizer_class": "PreTrainedTokenizerFast"]
    for (name, role) in [
      ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"),
      ("pad_token", "padding"),
    ] {
      guard let token = token(role, tokens) else { continue }
      config = config.setting(name, .string(token))
    }
    return config
  }

  /// The chat template; nil where the file has none.
  public var chatTemplate: String? { metadata["tokenizer.chat_template"]?.string }

  private func texts(_ key: String) throws(FormatError) -> [String] {
    let values: [GGUFValue] = try value(key, "list of texts", \.array)
    let texts = values.compactMap(\.string)
    guard texts.count == values.count else {
      throw FormatError(.malformed, path, "the key '\(key)' is no list of texts")
    }
    return texts
  }

  private func numbers(_ key: String, count: Int) throws(FormatError) -> [Int] {
    guard metadata[key] != nil else { return Array(repeating: 1, count: count) }
    let values: [GGUFValue] = try value(key, "list of numbers", \.array)
    let numbers = values.compactMap(\.int)
    guard numbers.count == count, values.count == count else {
      throw FormatError(.malformed, path, "the key '\(key)' is no list of \(count) numbers")
    }
    return numbers
  }
}
