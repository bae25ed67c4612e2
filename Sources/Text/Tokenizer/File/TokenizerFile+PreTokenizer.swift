import JSON

extension TokenizerFile {
  /// The steps of the member `pre_tokenizer`, and whether the pieces are taken byte by byte after them.
  static func preTokenizer(_ json: JSONValue, name: String) throws(TokenizerError)
    -> (PreTokenizer, isByteLevel: Bool)
  {
    guard !json.isNull else { return (PreTokenizer(), false) }
    let parts = try flattened(json, name: name)
    var steps: [PreTokenizer.Step] = []
    for (index, part) in parts.enumerated() {
      steps += try preTokenizerSteps(part, name: name)
      // In the last place bytes need no spelling out.
      if part["type"] == "ByteLevel", index < parts.count - 1 { steps.append(.bytes) }
    }
    return (PreTokenizer(steps: steps), parts.last?["type"] == "ByteLevel")
  }

  /// The parts of a Sequence, those of inner ones in their places.
  private static func flattened(_ json: JSONValue, name: String) throws(TokenizerError)
    -> [JSONValue]
  {
    guard try type(json, "pre_tokenizer", name: name) == "Sequence" else { return [json] }
    try check(json, "pre_tokenizer Sequence", "type", "pretokenizers", name: name)
    guard let inner = json["pretokenizers"]?.array else {
      throw TokenizerError(file: name, message: "pre_tokenizer Sequence has no \"pretokenizers\"")
    }
    var parts: [JSONValue] = []
    for part in inner { parts += try flattened(part, name: name) }
    return parts
  }

  private static func preTokenizerSteps(_ json: JSONValue, name: String) throws(TokenizerError)
    -> [PreTokenizer.Step]
  {
    let type = try type(json, "pre_tokenizer", name: name), place = "pre_tokenizer \(type)"
    func flag(_ key: String) throws(TokenizerError) -> Bool? {
      try self.flag(json, key, place, name: name)
    }
    switch type {
    case "ByteLevel":
      try check(
        json, place, "type", "add_prefix_space", "trim_offsets", "use_regex", name: name)
      return (try flag("add_prefix_space") ?? true ? [.prefixSpace] : [])
        + (try flag("use_regex") ?? true ? [.pattern(.gpt2)] : [])
    case "Split": return [try split(json, place, name: name)]
    case "Digits":
      try check(json, place, "type", "individual_digits", name: name)
      return [.digits(individual: try flag("individual_digits") ?? false)]
    case "Metaspace": return [.metaspace(try metaspace(json, place, name: name))]
    case "Punctuation":
      try check(json, place, "type", "behavior", name: name)
      return [
        .split(
          Splitter(
            pattern: punctuation, behavior: try behavior(json, place, name: name) ?? .isolated))
      ]
    case "Whitespace":
      try check(json, place, "type", name: name)
      // `\w+|[^\w\s]+`
      return [
        .split(Splitter(pattern: .classes(.space), behavior: .removed)),
        .split(Splitter(pattern: .classes(.word), behavior: .contiguous)),
      ]
    case "WhitespaceSplit":
      try check(json, place, "type", name: name)
      return [.split(Splitter(pattern: .classes(.space), behavior: .removed))]
    case "BertPreTokenizer":
      try check(json, place, "type", name: name)
      return [
        .split(Splitter(pattern: .classes(.space), behavior: .removed)),
        .split(Splitter(pattern: punctuation, behavior: .isolated)),
      ]
    default:
      throw TokenizerError(
        file: name,
        message: "pre_tokenizer \"\(type)\" is not supported; ByteLevel, Split, Digits, Metaspace, "
          + "Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer and a Sequence of them are")
    }
  }

  private static let punctuation = TextPattern.scalars(
    ScalarTable(ScalarSet(table: UnicodeTables.punctuation)))

  private static func behavior(_ json: JSONValue, _ place: String, name: String)
    throws(TokenizerError) -> Splitter.Behavior?
  {
    guard let value = json["behavior"] else { return nil }
    guard let behavior = value.string.flatMap(Splitter.Behavior.init) else {
      throw TokenizerError(
        file: name,
        message: "\(place): the behavior \(value.text()) is not known; Removed, Isolated, "
          + "MergedWithPrevious, MergedWithNext and Contiguous are")
    }
    return behavior
  }

  private static func split(_ json: JSONValue, _ place: String, name: String)
    throws(TokenizerError) -> PreTokenizer.Step
  {
    try check(json, place, "type", "pattern", "behavior", "invert", name: name)
    guard let behavior = try behavior(json, place, name: name) else {
      throw TokenizerError(file: name, message: "\(place) lacks \"behavior\"")
    }
    let isInverted = try flag(json, "invert", place, name: name) ?? false
    // These match all of a text, so that the two ways come to the same.
    if behavior == .isolated || behavior == .removed && isInverted,
      let text = json["pattern"]?["Regex"]?.string,
      let known = SplitPattern.known.first(where: { $0.text == text })
    {
      return .pattern(known.pattern)
    }
    return .split(
      Splitter(
        pattern: try pattern(json, place, name: name), behavior: behavior, isInverted: isInverted))
  }

  /// A Metaspace, as a pre-tokenizer or a decoder.
  static func metaspace(_ json: JSONValue, _ place: String, name: String) throws(TokenizerError)
    -> Metaspace
  {
    func fault(_ message: String) -> TokenizerError {
      TokenizerError(file: name, message: "\(place): \(message)")
    }
    try check(
      json, place, "type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep",
      name: name)
    guard let character = json["replacement"]?.string, character.unicodeScalars.count == 1 else {
      throw fault("\"replacement\" must be one character")
    }
    var metaspace = Metaspace(replacement: Array(character.utf8))
    if let scheme = json["prepend_scheme"] {
      guard let prepends = scheme.string.flatMap(Metaspace.Prepending.init) else {
        throw fault("the prepend_scheme \(scheme.text()) is not always, first or never")
      }
      metaspace.prepends = prepends
    }
    if try flag(json, "add_prefix_space", place, name: name) == false {
      // The older files say it this way; the two may not contradict each other.
      guard json["prepend_scheme"] == nil || metaspace.prepends == .never else {
        throw fault("add_prefix_space is false, but prepend_scheme is not \"never\"")
      }
      metaspace.prepends = .never
    }
    metaspace.splits = try flag(json, "split", place, name: name) ?? true
    return metaspace
  }
}
