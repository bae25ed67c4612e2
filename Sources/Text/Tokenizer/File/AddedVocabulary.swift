import JSON

/// The tokens that stand beside byte-pair encoding's own.
struct AddedVocabulary: Sendable {
  /// A token to add, and where it comes from.
  struct Entry {
    var token: AddedToken
    /// The id that is said of it; nil where it is to get the next one.
    var declaredID: Int?
    var file: String
    var place: String
  }

  /// Without doubles, in the order of their first mention.
  private(set) var tokens: [AddedToken] = []
  /// Tokens that were said to be special anywhere.
  private(set) var specialIDs: Set<Int32> = []
  /// How normalized tokens stand in a normalized text, where that is not their content.
  var written: [Int32: [UInt8]] = [:]
  private var places: [Int32: Int] = [:]

  /// The token of an id.
  func token(_ id: Int32) -> AddedToken? { places[id].map { tokens[$0] } }

  /// Adds tokens as the library numbers them: one that is in the vocabulary keeps its id, the others
  /// follow it. What a token is said to be last counts. The tokens with their ids.
  mutating func add(_ batch: [Entry], to vocabulary: inout Vocabulary) throws(TokenizerError)
    -> [AddedToken]
  {
    var next = max(vocabulary.modelCount, Int(places.keys.max() ?? -1) + 1)
    var result: [AddedToken] = []
    for entry in batch where !entry.token.content.isEmpty {
      var token = entry.token
      let known = vocabulary.id(of: token.content)
      let id = known.map(Int.init) ?? next
      func fault(_ message: String) -> TokenizerError {
        TokenizerError(
          file: entry.file, message: "\(entry.place): the token \"\(token.content)\" \(message)")
      }
      if let declared = entry.declaredID, declared != id {
        throw fault(
          known != nil
            ? "is said to be \(declared), but the vocabulary has it as \(id)"
            : "is said to be \(declared), but would become \(id), the first free id after the "
              + "vocabulary; ids must follow without a gap")
      }
      if known == nil {
        guard id < Vocabulary.maximumCount,
          vocabulary.insert(token.content, id: id, isAdded: true)
        else { throw fault("would become \(id), an id that is taken") }
        next += 1
      }
      token.id = Int32(id)
      if token.isSpecial { specialIDs.insert(token.id) }
      if let place = places[token.id] {
        tokens[place] = token
      } else {
        places[token.id] = tokens.count
        tokens.append(token)
      }
      result.append(token)
    }
    return result
  }
}

extension AddedToken {
  /// A token as the files of a tokenizer spell it. `isSpecial` is what holds where it does not say.
  init(_ json: JSONValue, name: String, place: String, isSpecial: Bool = false)
    throws(TokenizerError)
  {
    guard let content = json["content"]?.string else {
      throw TokenizerError(file: name, message: "\(place) lacks \"content\"")
    }
    try TokenizerFile.check(
      json, place, "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
      "__type", name: name)
    func flag(_ key: String) throws(TokenizerError) -> Bool? {
      try TokenizerFile.flag(json, key, place, name: name)
    }
    let isSpecial = try flag("special") ?? isSpecial
    self.init(
      id: -1, content: content, isSpecial: isSpecial, stripsLeft: try flag("lstrip") ?? false,
      stripsRight: try flag("rstrip") ?? false, isSingleWord: try flag("single_word") ?? false,
      isNormalized: try flag("normalized") ?? !isSpecial)
  }
}
