import JSON

/// The parts of a `tokenizer.json`, read and checked. Errors name the member at fault.
struct TokenizerFile {
  let name: String
  var encoder: BytePairEncoder
  var preTokenizer = PreTokenizer()
  var normalizer = Normalizer()
  var decoder = TokenDecoder.none
  /// What stands around a text that is encoded by itself.
  var prefix: [Int32] = [], suffix: [Int32] = []
  var added = AddedVocabulary()

  init(_ json: JSONValue, name: String) throws(TokenizerError) {
    self.name = name
    guard json.object != nil else {
      throw TokenizerError(file: name, message: "expected an object, found \(json.kind)")
    }
    try Self.check(
      json, "the file",
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model", name: name)
    let (preTokenizer, isByteLevel) = try Self.preTokenizer(
      json["pre_tokenizer"] ?? .null, name: name)
    self.preTokenizer = preTokenizer
    encoder = try Self.model(
      json["model"] ?? .null, name: name, extra: json["added_tokens"]?.array?.count ?? 0,
      isByteLevel: isByteLevel)
    // Where the model's first symbols are characters, bytes must become such before.
    if isByteLevel, case .characters = encoder.symbols { self.preTokenizer.steps.append(.bytes) }
    normalizer = try Self.normalizer(json["normalizer"] ?? .null, name: name)
    decoder = try Self.decoder(json["decoder"] ?? .null, name: name)
    if case .bytes = decoder, case .characters = encoder.symbols { decoder = .steps([.byteLevel]) }
    try readAddedTokens(json["added_tokens"] ?? .null)
    try readPostProcessor(json["post_processor"] ?? .null)
  }

  private mutating func readAddedTokens(_ json: JSONValue) throws(TokenizerError) {
    guard json.isNull || json.array != nil else { throw fault("added_tokens is not an array") }
    var batch: [AddedVocabulary.Entry] = []
    for (index, entry) in (json.array ?? []).enumerated() {
      let place = "added_tokens[\(index)]"
      guard let id = entry["id"]?.int else { throw fault("\(place) lacks \"id\"") }
      let token = try AddedToken(entry, name: name, place: place)
      batch.append(AddedVocabulary.Entry(token: token, declaredID: id, file: name, place: place))
    }
    try add(batch)
  }

  /// Adds tokens to those of the model; known ones get the flags that are said last.
  mutating func add(_ batch: [AddedVocabulary.Entry]) throws(TokenizerError) {
    for token in try added.add(batch, to: &encoder.vocabulary) where token.isNormalized {
      // The library decodes such a token as it was written into the text that it looks in.
      let written = normalizer(token.content)
      if !written.elementsEqual(token.content.utf8) {
        encoder.vocabulary.setBytes(of: token.id, spelledAs: written)
        added.written[token.id] = written
      }
    }
  }

  // MARK: Checks

  func fault(_ message: String) -> TokenizerError { TokenizerError(file: name, message: message) }

  /// Refuses members that nothing is known of: they may change the ids.
  static func check(_ json: JSONValue, _ place: String, _ known: String..., name: String)
    throws(TokenizerError)
  {
    for key in json.object?.keys ?? [] where !known.contains(key) {
      throw TokenizerError(
        file: name,
        message: "\(place) has the member \"\(key)\", which is not known; "
          + "known are \(known.joined(separator: ", "))")
    }
  }

  /// The "type" of a part.
  static func type(_ json: JSONValue, _ member: String, name: String) throws(TokenizerError)
    -> String
  {
    guard let type = json["type"]?.string else {
      throw TokenizerError(
        file: name, message: "\(member) has no \"type\"; is this a tokenizer.json?")
    }
    return type
  }

  /// A yes or no that may be absent.
  static func flag(_ json: JSONValue, _ key: String, _ place: String, name: String)
    throws(TokenizerError) -> Bool?
  {
    guard let value = json[key], !value.isNull else { return nil }
    guard let flag = value.bool else {
      throw TokenizerError(
        file: name, message: "\(place): \"\(key)\" must be true or false, not \(value.kind)")
    }
    return flag
  }
}
