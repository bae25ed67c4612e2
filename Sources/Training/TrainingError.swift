/// Why a run could not start, go on or be saved.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of fault it is, which decides the exit code.
  public enum Kind: Sendable {
    /// The output folder, the recipe or the checkpoint does not allow the run.
    case refused
    /// Numbers left the finite range.
    case diverged
    /// A file could not be written.
    case unwritable
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

  /// The message.
  public var description: String { message }
}
