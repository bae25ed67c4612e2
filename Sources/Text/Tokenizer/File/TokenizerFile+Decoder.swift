import JSON

extension TokenizerFile {
  /// What the member `decoder` describes.
  static func decoder(_ json: JSONValue, name: String) throws(TokenizerError) -> TokenDecoder {
    guard !json.isNull else { return .none }
    let steps = try decoderSteps(json, name: name)
    if steps.count == 1, case .byteLevel = steps[0] { return .bytes }
    return .steps(steps)
  }

  private static func decoderSteps(_ json: JSONValue, name: String) throws(TokenizerError)
    -> [TokenDecoder.Step]
  {
    let type = try type(json, "decoder", name: name), place = "decoder \(type)"
    func fault(_ message: String) -> TokenizerError { TokenizerError(file: name, message: message) }
    switch type {
    case "Sequence":
      try check(json, place, "type", "decoders", name: name)
      guard let parts = json["decoders"]?.array else { throw fault("\(place) has no \"decoders\"") }
      var steps: [TokenDecoder.Step] = []
      for part in parts { steps += try decoderSteps(part, name: name) }
      return steps
    case "ByteLevel":
      try check(
        json, place, "type", "add_prefix_space", "trim_offsets", "use_regex", name: name)
      return [.byteLevel]
    case "ByteFallback":
      try check(json, place, "type", name: name)
      return [.byteFallback]
    case "Fuse":
      try check(json, place, "type", name: name)
      return [.fuse]
    case "Metaspace": return [.metaspace(try metaspace(json, place, name: name))]
    case "Replace":
      try check(json, place, "type", "pattern", "content", name: name)
      guard let content = json["content"]?.string else { throw fault("\(place) lacks \"content\"") }
      return [.replace(try pattern(json, place, name: name), Array(content.utf8))]
    case "Strip":
      try check(json, place, "type", "content", "start", "stop", name: name)
      guard let content = json["content"]?.string, content.unicodeScalars.count == 1,
        let start = json["start"]?.int, let stop = json["stop"]?.int, start >= 0, stop >= 0
      else { throw fault("\(place) lacks \"content\" (one character), \"start\" or \"stop\"") }
      return [.strip(content: Array(content.utf8), start: start, stop: stop)]
    default:
      throw fault(
        "decoder \"\(type)\" is not supported; ByteLevel, ByteFallback, Fuse, Metaspace, Replace, "
          + "Strip and a Sequence of them are")
    }
  }
}
