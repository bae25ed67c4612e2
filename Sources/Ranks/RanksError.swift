/// Why ranks cannot go on together. The group is over then: the process says why and leaves.
public struct RanksError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of fault it is.
  public enum Kind: Sendable, Equatable {
    /// The transport reports it.
    case transport
    /// Bytes are not those that were sent.
    case corrupt
    /// Ranks do not do the same thing.
    case schedule
    /// A rank no longer answers.
    case silent
    /// Another rank has failed, and leaves with this code.
    case failed(code: Int32)
    /// The ranks cannot work together as they were started; with the exit code.
    case refused(code: Int32)
  }
  /// What kind of fault it is.
  public let kind: Kind
  /// One sentence, with the rank in it that it is about.
  public let message: String

  /// Creates an error.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// What the process ends with.
  public var exitCode: Int32 {
    switch kind {
    case .failed(let code), .refused(let code): code
    case .transport, .corrupt, .schedule, .silent: 1
    }
  }

  /// The message.
  public var description: String { message }
}
