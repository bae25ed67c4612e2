/// Operations on texts as Python has them: by scalars, with Unicode's full mappings.
public enum PythonText {
  /// Without white space at its ends, or at its left one alone.
  public static func strip(_ text: String, right: Bool = true) -> String {
    text.stripped(right: right)
  }

  /// The first letter a capital, the others small.
  public static func capitalize(_ text: String) -> String { text.capitalizedFirst }

  /// With every `part` replaced in one pass from the left.
  public static func replace(_ part: String, with new: String, in text: String) -> String {
    text.replacing(part, with: new, limit: nil)
  }

  /// How many scalars at the end of a text are white space.
  public static func trailingSpace(of text: String) -> Int {
    text.unicodeScalars.reversed().prefix { $0.isPythonSpace }.count
  }

  /// Whether a text begins, or ends, with white space.
  public static func touchesSpace(_ text: String, atEnd: Bool) -> Bool {
    let scalars = text.unicodeScalars
    return (atEnd ? scalars.last : scalars.first)?.isPythonSpace ?? false
  }
}
