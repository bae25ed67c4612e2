/// A web address in the parts that fetching asks for.
struct WebAddress: Sendable, Hashable, CustomStringConvertible {
  /// Scheme, host and port: "https://host:8443". A token is for one origin.
  let origin: String
  /// What stands behind: path and query.
  let path: String

  /// Reads an absolute address; nil for one of another scheme, without a host, or with a user in it.
  init?(_ text: String) {
    guard let colon = text.firstRange(of: "://") else { return nil }
    let scheme = text[..<colon.lowerBound].lowercased()
    let rest = text[colon.upperBound...]
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    var host = rest[..<end].lowercased()
    guard scheme == "https" || scheme == "http", !host.isEmpty, !host.contains("@"),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    let usual = scheme == "https" ? ":443" : ":80"
    if host.hasSuffix(usual) { host.removeLast(usual.count) }
    origin = "\(scheme)://\(host)"
    let below = rest[end...].prefix { $0 != "#" }
    path = below.hasPrefix("/") ? String(below) : "/" + below
  }

  /// Where a Location leads that was said at this address; nil where it leads nowhere.
  func following(_ location: String) -> WebAddress? {
    if location.hasPrefix("/"), !location.hasPrefix("//") { return WebAddress(origin + location) }
    return WebAddress(location)
  }

  /// Whether what is sent there can be read on the way.
  var isOpen: Bool { origin.hasPrefix("http://") }

  /// The whole address, as a request needs it.
  var text: String { origin + path }

  /// The address without its query, which may be signed.
  var description: String { origin + path.prefix { $0 != "?" } }

  /// A text as a part of a path: all but letters, digits and `-._~` as bytes in hexadecimal digits.
  static func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { result, byte in
      let character = Character(Unicode.Scalar(byte))
      let isPlain =
        byte < 0x80
        && (character.isLetter || character.isNumber || "-._~".contains(character)
          || keepingSlashes && character == "/")
      result += isPlain ? "\(character)" : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
  }
}
