/// Why tokens could not be generated or scored.
public struct GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of fault it is, which decides the exit code.
  public enum Kind: Sendable {
    /// A setting is outside its range.
    case configuration
    /// A prompt or a choice is empty, too long, or holds ids the model does not have.
    case prompt
    /// The model's numbers left the finite range.
    case diverged
  }
  /// What kind of fault it is.
  public let kind: Kind
  /// One sentence that says what to do.
  public let message: String

  /// Creates an error.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The sentence.
  public var description: String { message }
}
