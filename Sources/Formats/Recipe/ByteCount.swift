import JSON

/// An amount of memory in a recipe: `6GB`, `5.5 GiB`, `800 MB`, or a number of bytes.
public struct ByteCount: RecipeScalar, Hashable {
  /// The bytes.
  public let bytes: Int
  /// As it was written.
  let text: String

  static var schema: JSONValue { ["type": ["string", "integer"]] }
  static var expectation: String { "an amount of memory like 6GB, 5.5 GiB or a number of bytes" }

  private static let units: [(String, Double)] = [
    ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
    ("b", 1), ("", 1),
  ]

  init?(_ node: RecipeNode) {
    if let bytes = node.int {
      self.init(String(bytes))
    } else {
      guard let text = node.text else { return nil }
      self.init(text)
    }
  }

  /// The amount that `text` says; nil where it says none, or not more than nothing.
  public init?(_ text: String) {
    let lower = text.lowercased()
    guard let (unit, size) = Self.units.first(where: { lower.hasSuffix($0.0) }) else { return nil }
    let number = lower.dropLast(unit.count).filter { $0 != " " && $0 != "_" }
    guard let value = Double(number), value > 0, value * size < 0x1p60 else { return nil }
    bytes = Int(value * size)
    self.text = text
  }

  var json: JSONValue { .string(text) }
}
