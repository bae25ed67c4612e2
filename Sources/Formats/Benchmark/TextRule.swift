/// How a text is made of a row: as it stands, with `{field}` for what the row has under that name.
/// `{a.b}` is a member of a member, `{list.0}` an element, `{field|strip|clean}` what filters make of it;
/// `{{` and `}}` are braces.
public struct TextRule: Sendable, Hashable {
  /// What may be done to a field.
  public enum Filter: Sendable, Hashable {
    /// Without white space at both ends, or at the left one.
    case strip, leftStrip
    /// The first letter a capital, the others small.
    case capitalize
    /// Without the marks of WikiHow: `[title]`, other brackets, doubled blanks.
    case clean
    /// Underscores as blanks.
    case words
    /// A text of digits as a number.
    case integer
    /// What stands before, or behind, the first place of a text.
    case before(String), after(String)

    static let names = [
      "strip", "lstrip", "capitalize", "clean", "words", "int", "before TEXT", "after TEXT",
    ]

    init?(_ text: Substring) {
      let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      switch (parts[0], parts.count) {
      case ("strip", 1): self = .strip
      case ("lstrip", 1): self = .leftStrip
      case ("capitalize", 1): self = .capitalize
      case ("clean", 1): self = .clean
      case ("words", 1): self = .words
      case ("int", 1): self = .integer
      case ("before", 2): self = .before(String(parts[1]))
      case ("after", 2): self = .after(String(parts[1]))
      default: return nil
      }
    }
  }

  /// A piece of the text.
  public enum Part: Sendable, Hashable {
    case literal(String)
    case field(path: [String], filters: [Filter])
  }

  /// The pieces in order.
  public let parts: [Part]
  /// The rule as it was written.
  public let source: String

  /// The field that is all of the rule, whose value need not be a text; nil where it is more.
  public var loneField: Part? {
    guard parts.count == 1, case .field = parts[0] else { return nil }
    return parts[0]
  }

  /// The names of the row's own members that it reads.
  public var fields: [String] {
    parts.compactMap { if case .field(let path, _) = $0 { path[0] } else { nil } }
  }

  /// Reads a rule; the error is a sentence without its place.
  init(_ source: String) throws(Fault) {
    self.source = source
    var parts: [Part] = [], literal = "", rest = Substring(source)
    while let character = rest.popFirst() {
      switch character {
      case "{" where rest.first == "{", "}" where rest.first == "}":
        literal.append(character)
        rest.removeFirst()
      case "{":
        guard let end = rest.firstIndex(of: "}") else {
          throw Fault(message: "has a '{' that no '}' closes; a brace itself is written '{{'")
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        literal = ""
        parts.append(try Self.field(rest[..<end]))
        rest = rest[rest.index(after: end)...]
      case "}":
        throw Fault(message: "has a '}' that closes nothing; a brace itself is written '}}'")
      default: literal.append(character)
      }
    }
    if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
    self.parts = parts
  }

  struct Fault: Error { let message: String }

  private static func field(_ text: Substring) throws(Fault) -> Part {
    let pieces = text.split(separator: "|", omittingEmptySubsequences: false)
    let path = pieces[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard path.allSatisfy({ !$0.isEmpty && !$0.contains(" ") }) else {
      throw Fault(message: "has '{\(text)}', which names no field; write {name}, {name.member}")
    }
    var filters: [Filter] = []
    for piece in pieces.dropFirst() {
      guard let filter = Filter(piece) else {
        throw Fault(
          message: "knows no filter '\(piece)'; there are " + Filter.names.joined(separator: ", "))
      }
      filters.append(filter)
    }
    return .field(path: path, filters: filters)
  }
}
