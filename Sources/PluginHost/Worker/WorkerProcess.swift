import CHostSupport
import Glibc
import Tasks

/// A process of this very program that serves one plugin on a socket.
final class WorkerProcess {
  /// The connection to it.
  let socket: FrameSocket
  private let process: pid_t
  private var ending: String?

  /// The descriptor at which a worker finds its socket.
  static let descriptor: Int32 = 3
  /// The hidden verb that makes a process of the program a worker.
  static let verb = "worker"

  /// Starts `program`.
  init(program: String) throws(TaskError) {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else { throw Self.fault("its socket cannot be made", errno) }
    socket = FrameSocket(ends[0])
    defer { close(ends[1]) }
    process = try Self.spawn(program, ends[1])
  }

  deinit { _ = stop(within: .milliseconds(500)) }

  private static func spawn(_ program: String, _ end: Int32) throws(TaskError) -> pid_t {
    let words: [UnsafeMutablePointer<CChar>?] = [strdup("host"), strdup(verb), nil]
    defer { words.forEach { free($0) } }
    var process = pid_t()
    let code = hs_spawn(program, words, end, &process)
    guard code == 0 else { throw fault("\(program) cannot be started", code) }
    return process
  }

  private static func fault(_ what: String, _ code: Int32) -> TaskError {
    TaskError(
      .internal, "no worker process for the plugin: \(what): \(String(cString: strerror(code)))")
  }

  /// Lets the process end, and kills it when it has not done so in time. Says how it ended, as in
  /// "died: Segmentation fault".
  func stop(within patience: Duration) -> String {
    if let ending { return ending }
    let deadline = ContinuousClock.now + patience
    var status: Int32 = 0, usage = rusage(), isKilled = false
    while wait4(process, &status, isKilled ? 0 : WNOHANG, &usage) != process {
      if !isKilled, ContinuousClock.now >= deadline {
        kill(process, SIGKILL)
        isKilled = true
      } else {
        usleep(1000)
      }
    }
    let text = Self.text(status, peak: usage.ru_maxrss * 1024)
    ending = text
    return text
  }

  private static func text(_ status: Int32, peak: Int) -> String {
    let signal = status & 0x7F
    let end =
      signal == 0
      ? "left with exit code \((status >> 8) & 0xFF)"
      : "died: \(String(cString: strsignal(signal)))"
    return peak > 1 << 30 ? end + " (it had used \(peak >> 20) MiB of memory)" : end
  }
}
