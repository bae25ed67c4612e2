import CHostSupport
import CPluginABI
import Glibc
import Tasks

/// Calls into plugins, named: should the process crash within one, the crash guard prints the name.
final class Guard: @unchecked Sendable {
  // Unchecked: the text is written once and freed with this object.
  private let what: UnsafeMutablePointer<CChar>

  init(_ what: String) { self.what = strdup(what) }

  deinit { free(what) }

  func run<R, Failure: Error>(_ body: () throws(Failure) -> R) throws(Failure) -> R {
    let outer = hs_guard_enter(what)
    defer { hs_guard_leave(outer) }
    return try body()
  }
}

/// Runs a plugin function with a buffer for its error text; a negative status becomes an error.
/// `subject` says who speaks: `hri_dialogue: dataset 'hri.dialogues', row 12`.
@discardableResult
func checked(
  _ subject: @autoclosure () -> String, _ body: (UnsafeMutablePointer<tk_error>) -> tk_status
) throws(TaskError) -> tk_status {
  var status = tk_status(TK_OK)
  var text = ""
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
    buffer.initialize(repeating: 0)
    var error = tk_error(text: buffer.baseAddress, capacity: buffer.count)
    status = body(&error)
    buffer[buffer.count - 1] = 0
    if status < 0 { text = String(cString: buffer.baseAddress!).printable }
  }
  guard status < 0 else { return status }
  let message = text.isEmpty ? "no message given (status \(status))" : text
  throw TaskError(kind(of: status), "\(subject()): \(message)", reason: text.isEmpty ? nil : text)
}

/// Whose fault a status says it is.
func kind(of status: tk_status) -> TaskError.Kind {
  switch Int(status) {
  case Int(TK_E_CONFIG): .configuration
  case Int(TK_E_DATA): .data
  case Int(TK_E_UNSUPPORTED): .unsupported
  case Int(TK_E_CANCELLED): .cancelled
  default: .internal
  }
}
