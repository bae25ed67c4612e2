/// What a recipe may say as one path or as a list of paths.
public struct Paths: Decodable, Sendable, Hashable {
  /// The paths, in their order.
  public var paths: [String]

  /// Creates a list.
  public init(_ paths: [String]) { self.paths = paths }

  /// Reads a text or an array of texts.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let path = try? container.decode(String.self) {
      paths = [path]
    } else {
      paths = try container.decode([String].self)
    }
  }
}
