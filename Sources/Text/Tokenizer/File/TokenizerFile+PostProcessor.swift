import JSON

extension TokenizerFile {
  /// Reads what stands before and after a text that is encoded by itself.
  mutating func readPostProcessor(_ json: JSONValue) throws(TokenizerError) {
    guard !json.isNull else { return }
    let type = try Self.type(json, "post_processor", name: name), place = "post_processor \(type)"
    switch type {
    case "Sequence":
      try Self.check(json, place, "type", "processors", name: name)
      guard let parts = json["processors"]?.array else {
        throw fault("\(place) has no \"processors\"")
      }
      for part in parts { try readPostProcessor(part) }
    case "ByteLevel":  // changes offsets alone
      try Self.check(
        json, place, "type", "add_prefix_space", "trim_offsets", "use_regex", name: name)
    case "TemplateProcessing":
      try Self.check(json, place, "type", "single", "pair", "special_tokens", name: name)
      try readTemplate(json, place)
    case "BertProcessing", "RobertaProcessing":
      try Self.check(
        json, place, "type", "sep", "cls", "trim_offsets", "add_prefix_space", name: name)
      try surround(
        prefix: [try pairedID(json["cls"], "\(place) cls")],
        suffix: [try pairedID(json["sep"], "\(place) sep")], place)
    default:
      throw fault(
        "post_processor \"\(type)\" is not supported; TemplateProcessing, ByteLevel, "
          + "BertProcessing, RobertaProcessing and a Sequence of them are")
    }
  }

  private mutating func readTemplate(_ json: JSONValue, _ place: String) throws(TokenizerError) {
    guard let pieces = json["single"]?.array else { throw fault("\(place) has no \"single\"") }
    var before: [Int32] = [], after: [Int32] = []
    var texts = 0
    for piece in pieces {
      if let key = piece["SpecialToken"]?["id"]?.string {
        guard let ids = json["special_tokens"]?[key]?["ids"]?.array else {
          throw fault("\(place): special_tokens does not tell the ids of \"\(key)\"")
        }
        for id in ids {
          let id = try known(id.int, "\(place): \"\(key)\"")
          if texts == 0 { before.append(id) } else { after.append(id) }
        }
      } else if piece["Sequence"]?["id"] == "A" {
        texts += 1
      } else {
        throw fault("\(place): \(piece.text()) is no part of a template for one text")
      }
    }
    guard texts == 1 else { throw fault("\(place): \"single\" does not hold the text once") }
    try surround(prefix: before, suffix: after, place)
  }

  private mutating func surround(prefix: [Int32], suffix: [Int32], _ place: String)
    throws(TokenizerError)
  {
    guard self.prefix.isEmpty, self.suffix.isEmpty else {
      throw fault("\(place) is the second that sets tokens around a text; one alone is supported")
    }
    (self.prefix, self.suffix) = (prefix, suffix)
  }

  /// The id of `["</s>", 2]`.
  private func pairedID(_ json: JSONValue?, _ place: String) throws(TokenizerError) -> Int32 {
    try known(json?[1]?.int, place)
  }

  private func known(_ id: Int?, _ place: String) throws(TokenizerError) -> Int32 {
    guard let id, let small = Int32(exactly: id), encoder.vocabulary.token(of: small) != nil else {
      throw fault("\(place) has an id that is no token's")
    }
    return small
  }
}
