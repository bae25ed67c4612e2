/// Why a tokenizer cannot be made from a file: the file, what is wrong in it, what would be right.
public struct TokenizerError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file, as the caller named it.
  public let file: String
  /// One sentence.
  public let message: String

  /// "file: message"
  public var description: String { "\(file): \(message)" }
}
