import JSON

/// The parts of a `tokenizer.json`, read and checked. Errors name the member at fault.
struct TokenizerFile {
  let name: String
  var encoder: BytePairEncoder
  var preTokenizer = PreTokenizer()
  var normalizes = false
  var added: [AddedToken] = []

  init(_ json: JSONValue, name: String) throws(TokenizerError) {
    self.name = name
    guard json.object != nil else {
      throw TokenizerError(file: name, message: "expected an object, found \(json.kind)")
    }
    encoder = try Self.model(json["model"] ?? .null, name: name, added: json["added_tokens"])
    normalizes = try readNormalizer(json["normalizer"] ?? .null)
    try readPreTokenizer(json["pre_tokenizer"] ?? .null)
    try readDecoder(json["decoder"] ?? .null)
    for (index, entry) in (json["added_tokens"]?.array ?? []).enumerated() {
      try readAddedToken(entry, index)
    }
  }

  func fault(_ message: String) -> TokenizerError { TokenizerError(file: name, message: message) }

  private func type(_ json: JSONValue, _ member: String) throws(TokenizerError) -> String {
    guard let type = json["type"]?.string else {
      throw fault("\(member) has no \"type\"; is this a tokenizer.json?")
    }
    return type
  }

  private func readNormalizer(_ json: JSONValue) throws(TokenizerError) -> Bool {
    if json.isNull { return false }
    switch try type(json, "normalizer") {
    case "NFC": return true
    case "Sequence":
      var normalizes = false
      for part in json["normalizers"]?.array ?? [] {
        let changes = try readNormalizer(part)
        normalizes = normalizes || changes
      }
      return normalizes
    case let other: throw fault("normalizer \"\(other)\" is not supported; NFC or none is")
    }
  }

  private mutating func readPreTokenizer(_ json: JSONValue) throws(TokenizerError) {
    let parts: [JSONValue] =
      json["type"] == "Sequence" ? json["pretokenizers"]?.array ?? [] : [json]
    let supported = "Split, Digits and, as the last, ByteLevel are supported"
    guard let last = parts.last, last["type"] == "ByteLevel" else {
      throw fault("pre_tokenizer does not end with ByteLevel; \(supported)")
    }
    for part in parts.dropLast() {
      switch try type(part, "pre_tokenizer") {
      case "Split": preTokenizer.steps.append(.pattern(try splitPattern(part)))
      case "Digits":
        preTokenizer.steps.append(.digits(individual: part["individual_digits"]?.bool ?? false))
      case let other:
        throw fault("pre_tokenizer \"\(other)\" is not supported there; \(supported)")
      }
    }
    if last["add_prefix_space"]?.bool ?? true { preTokenizer.steps.append(.prefixSpace) }
    if last["use_regex"]?.bool ?? true { preTokenizer.steps.append(.pattern(.gpt2)) }
  }

  private func splitPattern(_ json: JSONValue) throws(TokenizerError) -> SplitPattern {
    let text = json["pattern"]?["Regex"]?.string ?? json["pattern"]?["String"]?.string ?? ""
    guard json["pattern"]?["Regex"] != nil,
      let known = SplitPattern.known.first(where: { $0.text == text })
    else {
      let names = SplitPattern.known.map(\.name).joined(separator: ", ")
      throw fault("the pattern \"\(text)\" of a Split is not known; those of \(names) are")
    }
    // All of a text is matched, so these two come to the same.
    let behavior = json["behavior"]?.string ?? ""
    guard behavior == "Isolated" || behavior == "Removed" && json["invert"] == true else {
      throw fault("a Split that is \"\(behavior)\" is not supported; \"Isolated\" is")
    }
    return known.pattern
  }

  private func readDecoder(_ json: JSONValue) throws(TokenizerError) {
    let parts = json["type"] == "Sequence" ? json["decoders"]?.array ?? [] : [json]
    guard parts.count == 1, parts[0]["type"] == "ByteLevel" else {
      let found = json.isNull ? "none" : "\"\(json["type"]?.string ?? "")\""
      throw fault("decoder is \(found); only ByteLevel is supported")
    }
  }

  private mutating func readAddedToken(_ json: JSONValue, _ index: Int) throws(TokenizerError) {
    guard let content = json["content"]?.string, let id = json["id"]?.int else {
      throw fault("added_tokens[\(index)] lacks \"content\" or \"id\"")
    }
    guard (0..<Vocabulary.maximumCount).contains(id), encoder.vocabulary.insert(content, id: id)
    else {
      throw fault(
        "added_tokens[\(index)] \"\(content)\": id \(id) is out of range, or it or the text is "
          + "taken by another token")
    }
    let isSpecial = json["special"]?.bool ?? false
    added.append(
      AddedToken(
        id: Int32(id), content: content, isSpecial: isSpecial,
        stripsLeft: json["lstrip"]?.bool ?? false, stripsRight: json["rstrip"]?.bool ?? false,
        isSingleWord: json["single_word"]?.bool ?? false,
        isNormalized: json["normalized"]?.bool ?? !isSpecial))
  }
}
