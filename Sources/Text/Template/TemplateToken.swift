/// What the lexer cuts a template into.
struct TemplateToken: Sendable {
  enum Kind: Sendable, Equatable {
    /// Literal text between tags, whitespace control already applied.
    case text(String)
    case beginOutput, endOutput
    case beginBlock, endBlock
    case name(String)
    case string(String)
    case int(Int)
    case double(Double)
    case symbol(String)
    case end
  }

  let kind: Kind
  let line: Int

  /// How an error names the token.
  var description: String {
    switch kind {
    case .text: "text"
    case .beginOutput: "'{{'"
    case .endOutput: "'}}'"
    case .beginBlock: "'{%'"
    case .endBlock: "'%}'"
    case .name(let name): "'\(name)'"
    case .string(let text): "the string '\(text.prefix(40))'"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the template"
    }
  }
}
