/// Why a run's record could not be written or read.
public struct TrackingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What went wrong with it.
  public let reason: String

  /// The file, then the reason.
  public var description: String { "\(path): \(reason)" }
}
