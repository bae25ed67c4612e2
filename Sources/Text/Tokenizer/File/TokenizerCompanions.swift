import FoundationEssentials
public import JSON

/// The files beside `tokenizer.json` that tell of tokens, taken as transformers 5 takes them.
///
/// Where `tokenizer_config.json` has `added_tokens_decoder`, the two older files do not count. Of the
/// class that it names only the tokens are taken over: transformers 5 rebuilds the pipeline of some
/// classes (`LlamaTokenizer`, `Qwen2Tokenizer`, `GemmaTokenizer`, …) from the vocabulary and merges
/// alone, in words that differ from what the model was trained with (a text that begins with a
/// space, for one); here `tokenizer.json` says what is done, as in the tokenizers library itself.
/// `add_bos_token` and `add_eos_token` do not count beside it there either: its `post_processor` does.
public struct TokenizerCompanions: Sendable {
  /// `tokenizer_config.json`
  public var config: JSONValue?
  /// `special_tokens_map.json`
  public var specialTokensMap: JSONValue?
  /// `added_tokens.json`
  public var addedTokens: JSONValue?
  private var folder = ""

  static let files = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"]

  /// Companions that are read already.
  public init(
    config: JSONValue? = nil, specialTokensMap: JSONValue? = nil, addedTokens: JSONValue? = nil
  ) {
    (self.config, self.specialTokensMap) = (config, specialTokensMap)
    self.addedTokens = addedTokens
  }

  /// Those of a model's folder; each may be absent.
  init(folder: String) throws(TokenizerError) {
    func read(_ file: String) throws(TokenizerError) -> JSONValue? {
      let name = "\(folder)/\(file)"
      guard FileManager.default.fileExists(atPath: name) else { return nil }
      let json = try Tokenizer.read(name)
      guard json.object != nil else {
        throw TokenizerError(file: name, message: "expected an object, found \(json.kind)")
      }
      return json
    }
    self.init(
      config: try read(Self.files[0]), specialTokensMap: try read(Self.files[1]),
      addedTokens: try read(Self.files[2]))
    self.folder = folder + "/"
  }

  /// What is known of tokens after all files are read.
  struct Named {
    var bos: String?, eos: String?, pad: String?
    /// Whether special tokens in a text are cut like the rest of it.
    var splitsSpecialTokens: Bool
  }

  /// Adds the tokens that stand here to those of `file`. `padding` is its member of that name.
  func complete(_ file: inout TokenizerFile, padding: JSONValue?) throws(TokenizerError) -> Named {
    let config = config ?? .emptyObject, name = folder + Self.files[0]
    try refuse(config, name)
    var tokens = NamedTokens(name: name)
    var batch: [AddedVocabulary.Entry] = []
    try tokens.read(config)
    if tokens.plain["pad_token"] == nil, config["pad_token"] == nil,
      let pad = padding?["pad_token"]?.string
    {
      tokens.plain["pad_token"] = NamedTokens.Mention(content: pad, token: nil)
    }
    if let decoder = config["added_tokens_decoder"], !decoder.isNull {
      batch = try entries(decoder, name)
    } else {
      if let map = specialTokensMap {
        try tokens.merge(map, name: folder + Self.files[1])
      }
      if let added = addedTokens { batch = try entries(added, tokens, file) }
    }
    batch = batch.filter { entry in
      guard let id = file.encoder.vocabulary.id(of: entry.token.content) else { return true }
      var token = entry.token
      token.id = id
      return file.added.token(id) != token || entry.declaredID.map { $0 != Int(id) } ?? false
    }
    try file.add(tokens.completed(batch, file))
    func content(_ key: String) -> String? { tokens.plain[key]?.content }
    return Named(
      bos: content("bos_token"), eos: content("eos_token"), pad: content("pad_token"),
      splitsSpecialTokens: try TokenizerFile.flag(
        config, "split_special_tokens", "the file", name: name) ?? false)
  }

  /// Members that change the ids and are not computed.
  private func refuse(_ config: JSONValue, _ name: String) throws(TokenizerError) {
    if config["fix_mistral_regex"] == true {
      throw TokenizerError(
        file: name,
        message:
          "fix_mistral_regex asks for another expression than tokenizer.json holds; write it "
          + "there (as transformers saves it) and take the member out")
    }
    if let files = config["fast_tokenizer_files"], files.array?.isEmpty == false {
      throw TokenizerError(
        file: name,
        message:
          "fast_tokenizer_files names other files than tokenizer.json, which is what is read; "
          + "put the wanted one in its place and take the member out")
    }
  }

  /// `added_tokens_decoder`: tokens by their ids.
  private func entries(_ decoder: JSONValue, _ name: String) throws(TokenizerError)
    -> [AddedVocabulary.Entry]
  {
    guard let members = decoder.object else {
      throw TokenizerError(file: name, message: "added_tokens_decoder is not an object")
    }
    var entries: [AddedVocabulary.Entry] = []
    for (key, json) in members {
      let place = "added_tokens_decoder[\"\(key)\"]"
      guard let id = Int(key), id >= 0 else {
        throw TokenizerError(file: name, message: "\(place) is not an id")
      }
      entries.append(
        AddedVocabulary.Entry(
          token: try AddedToken(json, name: name, place: place), declaredID: id, file: name,
          place: place))
    }
    return entries.sorted { ($0.declaredID ?? 0) < ($1.declaredID ?? 0) }
  }

  /// `added_tokens.json`: ids by text; what `tokenizer.json` says of one of them counts more.
  private func entries(_ added: JSONValue, _ tokens: NamedTokens, _ file: TokenizerFile)
    throws(TokenizerError) -> [AddedVocabulary.Entry]
  {
    let name = folder + Self.files[2]
    var entries: [AddedVocabulary.Entry] = []
    for (content, json) in added.object ?? [:] {
      guard let id = json.int, id >= 0 else {
        throw TokenizerError(file: name, message: "\"\(content)\" has no id")
      }
      if let known = file.encoder.vocabulary.id(of: content), file.added.token(known) != nil,
        known == id
      {
        continue
      }
      let isSpecial = tokens.mentions(content)
      entries.append(
        AddedVocabulary.Entry(
          token: AddedToken(
            id: -1, content: content, isSpecial: isSpecial, isNormalized: !isSpecial),
          declaredID: id, file: name, place: "the file"))
    }
    return entries.sorted { ($0.declaredID ?? 0) < ($1.declaredID ?? 0) }
  }
}
