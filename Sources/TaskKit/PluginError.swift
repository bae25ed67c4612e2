import CPluginABI

/// Why a plugin's code could not do its work; the text reaches the user behind the plugin's name
/// and the row's number.
public struct PluginError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Whose fault it is, which decides the host's exit code.
  public enum Kind: Sendable, Hashable {
    case configuration, data, unsupported, `internal`, cancelled
  }
  /// Whose fault it is.
  public let kind: Kind
  /// One sentence that names the file, line or key and says what to do.
  public let message: String

  /// Creates an error.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The sentence.
  public var description: String { message }

  /// Any error as a plugin's: what is not one already is the plugin's own fault.
  init(_ error: any Error) {
    switch error {
    case let error as PluginError: self = error
    case is CancellationError: self.init(.cancelled, "cancelled")
    default: self.init(.internal, "\(error)")
    }
  }

  var status: tk_status {
    switch kind {
    case .configuration: tk_status(TK_E_CONFIG)
    case .data: tk_status(TK_E_DATA)
    case .unsupported: tk_status(TK_E_UNSUPPORTED)
    case .internal: tk_status(TK_E_INTERNAL)
    case .cancelled: tk_status(TK_E_CANCELLED)
    }
  }
}

extension PluginError.Kind {
  /// Whose fault a negative status says it is.
  init(_ status: tk_status) {
    switch Int(status) {
    case TK_E_CONFIG: self = .configuration
    case TK_E_DATA: self = .data
    case TK_E_UNSUPPORTED: self = .unsupported
    case TK_E_CANCELLED: self = .cancelled
    default: self = .internal
    }
  }
}

/// Runs an author's code and turns what it throws into a status and a text.
func guarded(_ error: UnsafeMutablePointer<tk_error>?, _ body: () throws -> tk_status) -> tk_status
{
  do {
    return try body()
  } catch let failure {
    let failure = PluginError(failure)
    error?.pointee.write(failure.message)
    return failure.status
  }
}

extension tk_error {
  /// Copies `message` into the caller's buffer, cut between characters where it does not fit.
  func write(_ message: String) {
    guard let text, capacity > 0 else { return }
    let all = message.utf8
    var end =
      all.index(all.startIndex, offsetBy: capacity - 1, limitedBy: all.endIndex) ?? all.endIndex
    while end.samePosition(in: message.unicodeScalars) == nil { end = all.index(before: end) }
    let bytes = all[..<end]
    for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
    text[bytes.count] = 0
  }
}

extension tk_str {
  /// A copy; invalid UTF-8 becomes U+FFFD.
  var string: String {
    guard let ptr, len > 0 else { return "" }
    return String(
      decoding: UnsafeRawBufferPointer(start: ptr, count: len), as: UTF8.self)
  }
}

extension String {
  /// Lends the text to `body`.
  func withStr<R>(_ body: (tk_str) throws -> R) rethrows -> R {
    var copy = self
    return try copy.withUTF8 { bytes in
      try bytes.withMemoryRebound(to: CChar.self) {
        try body(tk_str(ptr: $0.baseAddress, len: $0.count))
      }
    }
  }
}
