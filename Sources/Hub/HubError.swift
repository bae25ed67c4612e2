/// Why something could not be fetched.
public struct HubError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Whose fault it is.
  public enum Kind: Sendable {
    /// What was asked for cannot be had: it is not there, or not for this user.
    case refused
    /// The network, the server or the disk has failed; the same command may succeed later.
    case failed
    /// The user has stopped it.
    case cancelled
  }
  /// Whose fault it is.
  public let kind: Kind
  /// A sentence: what, why, what to do.
  public let message: String

  /// Creates an error.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The sentence.
  public var description: String { message }
}
