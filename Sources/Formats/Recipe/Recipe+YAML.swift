import JSON

extension Recipe {
  /// The resolved recipe as YAML that reads back to the same.
  public var yaml: String { yaml(saying: { _ in nil }) }

  /// The same with what `comment` says of the key at a dotted path behind it.
  public func yaml(saying comment: (_ path: String) -> String?) -> String {
    json.yaml(indent: 0, at: "", comment)
  }
}

extension JSONValue {
  /// Block style, two spaces a level; scalars and what holds no mapping in JSON's style, which is
  /// YAML too.
  fileprivate func yaml(
    indent: Int, at path: String, _ comment: (_ path: String) -> String?
  ) -> String {
    guard let members = object, !members.isEmpty else { return text(.spaced) + "\n" }
    let margin = String(repeating: " ", count: indent)
    return members.map { key, value in
      let isBlock = value.object.map { !$0.isEmpty } ?? false
      let name = margin + Self.plain(key) + ":", below = path.isEmpty ? key : path + "." + key
      if isBlock { return name + "\n" + value.yaml(indent: indent + 2, at: below, comment) }
      let line = name + " " + value.scalar
      return line + (comment(below).map { Self.behind(line, $0) } ?? "") + "\n"
    }.joined()
  }

  /// A comment in a column of its own.
  private static func behind(_ line: String, _ comment: String) -> String {
    let text = comment.split(whereSeparator: \.isNewline).joined(separator: " ")
    return String(repeating: " ", count: max(2, 44 - line.count)) + "# " + text
  }

  /// A scalar or flow value. A number with an exponent gets a point: without one, readers of YAML
  /// 1.1 take `1e-08` for a text.
  private var scalar: String {
    if let string { return Self.plain(string) }
    let text = text(.spaced)
    guard case .double = self, !text.contains("."), let exponent = text.firstIndex(of: "e")
    else { return text }
    return text[..<exponent] + ".0" + text[exponent...]
  }

  /// A text without quotes where nobody could take it for anything else.
  private static func plain(_ text: String) -> String {
    let isSafe =
      text.utf8.first.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 } ?? false
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "_-./".utf8.contains(byte)
        }
      }
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    return isSafe && !words.contains(text.lowercased()) ? text : JSONValue.string(text).text()
  }
}
