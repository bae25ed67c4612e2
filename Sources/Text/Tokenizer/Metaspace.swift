/// Spaces as a visible character, as SentencePiece has them.
struct Metaspace: Sendable {
  /// Which pieces get the character before them, if they do not begin with it.
  enum Prepending: String, Sendable { case always, first, never }

  /// The character, as UTF-8.
  var replacement: [UInt8]
  var prepends = Prepending.always
  /// Whether each such character begins a piece.
  var splits = true

  /// The changed text; nil if nothing changes. `isFirst` says that it begins the whole text.
  func callAsFunction(_ text: Characters, isFirst: Bool) -> NormalizedText? {
    var edit = TextEdit(text)
    let begins = text.bytes[0] == UInt8(ascii: " ") || text.bytes.starts(with: replacement)
    if !begins, prepends == .always || prepends == .first && isFirst {
      edit.replace(0..<0, with: replacement)
    }
    for index in 0..<text.count where text.bytes[index] == UInt8(ascii: " ") {
      edit.replace(index..<index + 1, with: replacement)
    }
    return edit.finished()
  }

  /// What cuts the changed text.
  var splitter: Splitter {
    Splitter(pattern: .literal(replacement), behavior: .mergedWithNext)
  }
}
