import TaskKit

extension Completion {
  /// Where the answer stands in the text: behind the last `</think>`, and there between `<answer>`
  /// and `</answer>`, the last of them, as far as the text has these tags. White space at the ends
  /// is none of it.
  var finalAnswer: String {
    var text = Substring(text)
    if let end = text.places(of: "</think>").last { text = text[end.upperBound...] }
    if let start = text.places(of: "<answer>").last {
      text = text[start.upperBound...]
      if let end = text.places(of: "</answer>").first { text = text[..<end.lowerBound] }
    }
    return String(text.trimmed)
  }
}

extension StringProtocol {
  /// Where `tag` stands, byte for byte: a mark that joins its last character does not hide it.
  func places(of tag: String) -> [Range<Index>] { utf8.ranges(of: Array(tag.utf8)) }
}

/// A text of the recipe that names one of few things.
func named<Value: RawRepresentable & CaseIterable>(
  _ text: String, _ key: String, _: Value.Type = Value.self
) throws -> Value where Value.RawValue == String {
  if let value = Value(rawValue: text) { return value }
  let names = Value.allCases.map(\.rawValue)
  let hint = nearestName(to: text, among: names).map { "did you mean '\($0)'?" }
  throw PluginError(
    .configuration,
    "'\(key)' does not know '\(text)'; " + (hint ?? "known: \(names.joined(separator: ", "))"))
}
