import Formats
public import JSON
import OrderedCollections
import Text

/// A row of a task's data, and where it stands.
public struct Document: Sendable, Hashable {
  /// The row's fields, those that the task adds among them.
  public var fields: JSONValue
  /// File and line, or file and row.
  public let place: String

  /// Whether both have the same content.
  public static func == (left: Self, right: Self) -> Bool { left.fields == right.fields }
  /// Follows `==`.
  public func hash(into hasher: inout Hasher) { hasher.combine(fields) }

  /// The text that a rule makes of it.
  func text(_ rule: TextRule) throws(BenchmarkError) -> String {
    var text = ""
    for part in rule.parts {
      if case .literal(let literal) = part {
        text += literal
      } else {
        text += try written(try value(part), rule)
      }
    }
    return text
  }

  /// What a rule makes of it: the field's own value where the rule is one field.
  func value(_ rule: TextRule) throws(BenchmarkError) -> JSONValue {
    guard let part = rule.loneField else { return .string(try text(rule)) }
    return try value(part)
  }

  /// The texts that `choices` are.
  func texts(_ choices: BenchmarkTask.Choices) throws(BenchmarkError) -> [String] {
    switch choices {
    case .texts(let rules):
      var texts: [String] = []
      for rule in rules { texts.append(try text(rule)) }
      return texts
    case .list(let rule):
      guard let list = try value(rule).array else {
        throw BenchmarkError(place, "\(rule.source) is no list of texts")
      }
      guard !list.isEmpty else { throw BenchmarkError(place, "\(rule.source) has no text in it") }
      var texts: [String] = []
      for value in list { texts.append(try written(value, rule)) }
      return texts
    }
  }

  private func written(_ value: JSONValue, _ rule: TextRule) throws(BenchmarkError) -> String {
    switch value {
    case .string(let text): return text
    case .int, .double, .bool: return value.text()
    default: throw BenchmarkError(place, "\(rule.source) is \(value.kind), not a text")
    }
  }

  private func value(_ part: TextRule.Part) throws(BenchmarkError) -> JSONValue {
    guard case .field(let path, let filters) = part else { return .null }
    var value = fields
    for (depth, key) in path.enumerated() {
      let found = Int(key).flatMap { value[$0] } ?? value[key]
      guard let found else {
        let whole = path[...depth].joined(separator: ".")
        let names = fields.object.map { $0.keys.joined(separator: ", ") } ?? "none"
        throw BenchmarkError(place, "the row has no '\(whole)'; its fields are \(names)")
      }
      value = found
    }
    for filter in filters { value = try applied(filter, to: value, path) }
    return value
  }

  /// What a filter makes of a text, or of each text of a list.
  private func applied(
    _ filter: TextRule.Filter, to value: JSONValue, _ path: [String]
  ) throws(BenchmarkError) -> JSONValue {
    if let list = value.array {
      var results: [JSONValue] = []
      for value in list { results.append(try applied(filter, to: value, path)) }
      return .array(results)
    }
    let name = path.joined(separator: ".")
    if filter == .integer {
      if let number = value.int { return .int(number) }
      guard let number = value.string.flatMap({ Int(PythonText.strip($0)) }) else {
        throw BenchmarkError(place, "'\(name)' is \(value.text()), which is no whole number")
      }
      return .int(number)
    }
    guard let text = value.string else {
      throw BenchmarkError(place, "'\(name)' is \(value.kind), not a text")
    }
    return .string(try Self.filtered(filter, text, name: name, place))
  }

  private static func filtered(
    _ filter: TextRule.Filter, _ text: String, name: String, _ place: String
  ) throws(BenchmarkError) -> String {
    switch filter {
    case .strip: return PythonText.strip(text)
    case .leftStrip: return PythonText.strip(text, right: false)
    case .capitalize: return PythonText.capitalize(text)
    case .clean: return WikiHow.cleaned(text)
    case .words: return PythonText.replace("_", with: " ", in: text)
    case .integer: return text
    case .before(let part), .after(let part):
      guard let range = text.firstRange(of: part) else {
        throw BenchmarkError(place, "'\(name)' has no '\(part)' in it")
      }
      if case .before = filter { return String(text[..<range.lowerBound]) }
      return String(text[range.upperBound...])
    }
  }
}

/// Texts of WikiHow, whose articles are marked with brackets.
enum WikiHow {
  /// Without the marks, as the harness cleans HellaSwag.
  static func cleaned(_ text: String) -> String {
    var text = PythonText.strip(text)
    text = PythonText.replace(" [title]", with: ". ", in: text)
    return PythonText.replace("  ", with: " ", in: withoutBrackets(text))
  }

  /// Without every `[` up to the next `]` in the same line.
  private static func withoutBrackets(_ text: String) -> String {
    var kept = String.UnicodeScalarView(), rest = text.unicodeScalars[...]
    while let scalar = rest.first {
      if scalar == "[", let end = rest.firstIndex(where: { $0 == "]" || $0 == "\n" }),
        rest[end] == "]"
      {
        rest = rest[rest.index(after: end)...]
      } else {
        kept.append(scalar)
        rest.removeFirst()
      }
    }
    return String(kept)
  }
}
