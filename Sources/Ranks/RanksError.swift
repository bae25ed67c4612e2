/// Why ranks cannot go on together.
public struct RanksError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of fault it is. After all but `shared` the group is over: the process says why and
  /// leaves.
  public enum Kind: Sendable, Equatable {
    /// The transport reports it.
    case transport
    /// Bytes are not those that were sent.
    case corrupt
    /// Ranks do not do the same thing.
    case schedule
    /// A rank no longer answers.
    case silent
    /// A rank's process is no more.
    case gone
    /// Another rank has failed, and leaves with this code.
    case failed(code: Int32)
    /// A rank has failed in its part of what all do together; all throw this, and can still talk.
    case shared(code: Int32)
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
    case .failed(let code), .shared(let code), .refused(let code): code
    case .transport, .corrupt, .schedule, .silent, .gone: 1
    }
  }

  /// Whether all ranks throw it at the same place, so that they can still save what is whole.
  public var isShared: Bool { if case .shared = kind { true } else { false } }

  /// Whether a rank is lost: another start may go on from the last checkpoint.
  public var isLoss: Bool { [.silent, .gone, .transport].contains(kind) }

  /// The message.
  public var description: String { message }
}
