import JSON

/// Tokens that have a role by name (`bos_token`, `image_token`, …), and special ones without a name.
struct NamedTokens {
  /// A token that is named somewhere: its text, and its flags where they are said.
  struct Mention {
    var content: String
    var token: AddedToken?
  }

  /// What errors call the file.
  let name: String
  /// By the names that every tokenizer has.
  var plain: [String: Mention] = [:]
  /// By other names, in the order of the file.
  private var own: [(key: String, mention: Mention)] = []
  private var extra: [Mention] = []
  private var hasExtra = false

  /// The names that every tokenizer has, in transformers' order.
  private static let names = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  init(name: String) { self.name = name }

  /// Reads `tokenizer_config.json`.
  mutating func read(_ config: JSONValue) throws(TokenizerError) {
    try readNames(config, name: name, isSpecial: false)
    let lists = ["extra_special_tokens", "additional_special_tokens"].filter {
      !(config[$0] ?? .null).isEmptyOrNull
    }
    guard let key = lists.first else { return }
    if lists.count > 1, config[lists[0]] != config[lists[1]] {
      throw TokenizerError(
        file: name,
        message: "extra_special_tokens and additional_special_tokens say different things; the "
          + "second is the older name of the first: leave one")
    }
    try readExtra(config[key] ?? .null, key, name: name)
    hasExtra = config["extra_special_tokens"].map { $0.object == nil && !$0.isNull } ?? false
  }

  /// Reads `special_tokens_map.json` over it.
  mutating func merge(_ map: JSONValue, name: String) throws(TokenizerError) {
    try readNames(map, name: name, isSpecial: true)
    if let list = map["extra_special_tokens"], !list.isEmptyOrNull {
      try readExtra(list, "extra_special_tokens", name: name)
      hasExtra = true
    }
    if !hasExtra, let list = map["additional_special_tokens"], !list.isEmptyOrNull {
      extra = []
      try readExtra(list, "additional_special_tokens", name: name)
    }
  }

  /// Whether a text is one of these tokens.
  func mentions(_ content: String) -> Bool {
    let all = plain.values.map(\.content) + extra.map(\.content)
    return all.contains { $0.utf8.elementsEqual(content.utf8) }
  }

  private mutating func readNames(_ json: JSONValue, name: String, isSpecial: Bool)
    throws(TokenizerError)
  {
    for (key, value) in json.object ?? [:] where key.hasSuffix("_token") {
      if value.isNull || value.bool != nil { continue }  // add_bos_token and the like
      let mention = try Self.mention(value, key, name: name, isSpecial: isSpecial)
      if Self.names.contains(key) {
        plain[key] = mention
      } else {
        own.removeAll { $0.key == key }
        own.append((key, mention))
      }
    }
  }

  private mutating func readExtra(_ json: JSONValue, _ key: String, name: String)
    throws(TokenizerError)
  {
    if let members = json.object {
      for (key, value) in members {
        own.append((key, try Self.mention(value, key, name: name, isSpecial: false)))
      }
      return
    }
    guard let list = json.array else {
      throw TokenizerError(
        file: name, message: "\(key) must be a list of tokens or an object, not \(json.kind)")
    }
    for (index, value) in list.enumerated() {
      extra.append(try Self.mention(value, "\(key)[\(index)]", name: name, isSpecial: true))
    }
  }

  private static func mention(_ json: JSONValue, _ place: String, name: String, isSpecial: Bool)
    throws(TokenizerError) -> Mention
  {
    if let text = json.string { return Mention(content: text, token: nil) }
    guard json.object != nil else {
      throw TokenizerError(
        file: name, message: "\(place) must be a token's text or an object, not \(json.kind)")
    }
    let token = try AddedToken(json, name: name, place: place, isSpecial: isSpecial)
    return Mention(content: token.content, token: token)
  }

  /// `batch`, which stands in the files by id, and the tokens here that no added token is yet.
  func completed(_ batch: [AddedVocabulary.Entry], _ file: TokenizerFile)
    -> [AddedVocabulary.Entry]
  {
    let named = Self.names.compactMap { key in plain[key].map { (key, $0) } } + own
    var batch = batch
    func isThere(_ content: String) -> Bool {
      if let id = file.encoder.vocabulary.id(of: content), file.added.token(id) != nil {
        return true
      }
      return batch.contains { $0.token.content.utf8.elementsEqual(content.utf8) }
    }
    let lists = named + extra.map { ("special tokens", $0) }
    for (key, mention) in lists where !isThere(mention.content) {
      let token = mention.token ?? AddedToken(id: -1, content: mention.content, isSpecial: true)
      batch.append(
        AddedVocabulary.Entry(token: token, declaredID: nil, file: name, place: key))
    }
    for index in batch.indices
    where named.contains(where: { $1.content.utf8.elementsEqual(batch[index].token.content.utf8) })
    {
      batch[index].token.isSpecial = true
    }
    return batch
  }
}

extension JSONValue {
  /// Whether there is nothing in it.
  fileprivate var isEmptyOrNull: Bool {
    isNull || array?.isEmpty == true || object?.isEmpty == true
  }
}
