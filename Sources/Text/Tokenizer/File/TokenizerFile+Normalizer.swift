import JSON

extension TokenizerFile {
  /// The normalizer that the member `normalizer` describes.
  static func normalizer(_ json: JSONValue, name: String) throws(TokenizerError) -> Normalizer {
    Normalizer(steps: json.isNull ? [] : try normalizerSteps(json, name: name))
  }

  private static func normalizerSteps(_ json: JSONValue, name: String) throws(TokenizerError)
    -> [Normalizer.Step]
  {
    let type = try type(json, "normalizer", name: name), place = "normalizer \(type)"
    func fault(_ message: String) -> TokenizerError { TokenizerError(file: name, message: message) }
    func check(_ known: String...) throws(TokenizerError) {
      for key in json.object?.keys ?? [] where key != "type" && !known.contains(key) {
        throw fault("\(place) has the member \"\(key)\", which is not known")
      }
    }
    switch type {
    case "Sequence":
      try check("normalizers")
      guard let parts = json["normalizers"]?.array else { throw fault("\(place) has no parts") }
      var steps: [Normalizer.Step] = []
      for part in parts { steps += try normalizerSteps(part, name: name) }
      return steps
    case "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "ByteLevel":
      try check()
      return [try simpleStep(type)]
    case "Strip":
      try check("strip_left", "strip_right")
      return [
        .strip(
          left: try flag(json, "strip_left", place, name: name) ?? false,
          right: try flag(json, "strip_right", place, name: name) ?? false)
      ]
    case "Prepend":
      try check("prepend")
      guard let prefix = json["prepend"]?.string else { throw fault("\(place) lacks \"prepend\"") }
      return prefix.isEmpty ? [] : [.prepend(Array(prefix.utf8))]
    case "Replace":
      try check("pattern", "content")
      guard let content = json["content"]?.string else { throw fault("\(place) lacks \"content\"") }
      return [.replace(try pattern(json, place, name: name), Array(content.utf8))]
    default:
      throw fault(
        "normalizer \"\(type)\" is not supported; NFC, NFD, NFKC, NFKD, Lowercase, Strip, "
          + "StripAccents, Prepend, Replace, ByteLevel and a Sequence of them are")
    }
  }

  private static func simpleStep(_ type: String) throws(TokenizerError) -> Normalizer.Step {
    switch type {
    case "NFC": .form(.nfc)
    case "NFD": .form(.nfd)
    case "NFKC": .form(.nfkc)
    case "NFKD": .form(.nfkd)
    case "Lowercase": .lowercase
    case "StripAccents": .stripAccents
    default: .bytes
    }
  }

  /// The member `pattern`: {"String": …} or {"Regex": …}.
  static func pattern(_ json: JSONValue, _ place: String, name: String) throws(TokenizerError)
    -> TextPattern
  {
    guard let pattern = json["pattern"], pattern.object?.count == 1,
      let text = pattern["Regex"]?.string ?? pattern["String"]?.string
    else {
      throw TokenizerError(
        file: name, message: "\(place): \"pattern\" is not {\"Regex\": …} or {\"String\": …}")
    }
    if pattern["String"] != nil, !text.isEmpty { return .literal(Array(text.utf8)) }
    do throws(RegularExpressionError) { return .expression(try RegularExpression(text)) } catch {
      throw TokenizerError(
        file: name, message: "\(place): the expression \"\(text)\" is not read: \(error.message)")
    }
  }
}
