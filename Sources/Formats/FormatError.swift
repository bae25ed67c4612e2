/// Why a file could not be read or written.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Whose fault it is, which decides the exit code.
  public enum Kind: Sendable {
    /// A file, folder or entry that should be there is not.
    case missing
    /// The content breaks its format's rules.
    case malformed
    /// The content is sound but asks for something this program cannot do.
    case unsupported
    /// A value given on the command line is wrong.
    case usage
    /// The system refused to write.
    case unwritable
  }
  /// Whose fault it is, which decides the exit code.
  public let kind: Kind
  /// The file, with the line where one is known (`recipe.yaml:12`).
  public let place: String
  /// One sentence that names the tensor or key and says what to do.
  public let message: String

  /// Creates an error.
  public init(_ kind: Kind, _ place: String, _ message: String) {
    self.kind = kind
    self.place = place
    self.message = message
  }

  /// The place, then the sentence.
  public var description: String { "\(place): \(message)" }
}
