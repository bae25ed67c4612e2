extension JSONValue {
  /// How a document is laid out.
  public struct Style: Sendable {
    /// Spaces per level; nil writes one line.
    public var indent: Int?
    /// Whether members are written in the order of their keys' UTF-8 bytes.
    public var sortsKeys: Bool
    /// What stands between elements and after a key on one line: Python's `json.dumps` writes a
    /// blank after both, compact JSON none.
    public var isSpaced: Bool

    /// `{"a":1,"b":[2,3]}`
    public static let compact = Style(indent: nil, sortsKeys: false, isSpaced: false)
    /// `{"a": 1, "b": [2, 3]}`
    public static let spaced = Style(indent: nil, sortsKeys: false, isSpaced: true)
    /// Two spaces a level, keys in document order.
    public static let pretty = Style(indent: 2, sortsKeys: false, isSpaced: true)

    /// Creates a style from its three choices.
    public init(indent: Int?, sortsKeys: Bool, isSpaced: Bool) {
      self.indent = indent
      self.sortsKeys = sortsKeys
      self.isSpaced = isSpaced
    }
  }

  /// The document as text. A number that is not finite becomes `null`: JSON has no word for it.
  public func text(_ style: Style = .compact) -> String {
    var output = ""
    write(style, level: 0, into: &output)
    return output
  }

  private func write(_ style: Style, level: Int, into output: inout String) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .int(let value): output += String(value)
    case .double(let value): output += value.isFinite ? String(value) : "null"
    case .string(let text): Self.quote(text, into: &output)
    case .array(let elements):
      Self.writeList("[", "]", elements, style, level, into: &output) {
        $0.write(style, level: level + 1, into: &$1)
      }
    case .object(let members):
      let pairs = style.sortsKeys ? members.sorted { $0.key < $1.key } : Array(members)
      Self.writeList("{", "}", pairs.map { ($0.key, $0.value) }, style, level, into: &output) {
        Self.quote($0.0, into: &$1)
        $1 += style.isSpaced ? ": " : ":"
        $0.1.write(style, level: level + 1, into: &$1)
      }
    }
  }

  private static func writeList<Element>(
    _ open: String, _ close: String, _ elements: [Element], _ style: Style, _ level: Int,
    into output: inout String, write: (Element, inout String) -> Void
  ) {
    output += open
    for (index, element) in elements.enumerated() {
      if index > 0 { output += style.indent == nil && style.isSpaced ? ", " : "," }
      newline(style, level + 1, into: &output)
      write(element, &output)
    }
    if !elements.isEmpty { newline(style, level, into: &output) }
    output += close
  }

  private static func newline(_ style: Style, _ level: Int, into output: inout String) {
    guard let indent = style.indent else { return }
    output += "\n" + String(repeating: " ", count: indent * level)
  }

  private static func quote(_ text: String, into output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case "\u{8}": output += "\\b"
      case "\u{C}": output += "\\f"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}
