/// Why a benchmark cannot be run: one sentence with its place.
public struct BenchmarkError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file, with the row where one is known.
  public let place: String
  /// What is wrong and what to do.
  public let message: String

  /// Creates an error.
  public init(_ place: String, _ message: String) {
    self.place = place
    self.message = message
  }

  /// The place, then the sentence.
  public var description: String { "\(place): \(message)" }
}
