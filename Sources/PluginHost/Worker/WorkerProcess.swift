import CHostSupport
import FoundationEssentials
import Glibc
import Ranks
import Tasks

/// A process on the other end of a socket: this very program, which serves one plugin, or somebody's
/// program that scores completions.
final class WorkerProcess {
  /// The connection to it.
  let socket: FrameSocket
  /// What errors call it, as in "its worker process".
  let noun: String
  private let process: pid_t
  private let memoryLimit: Int
  /// The host's greatest use of memory when the process began: the system counts it as the
  /// process's, too.
  private let inheritedPeak: Int
  private var ending: String?

  private static let worker = "worker process"

  /// The descriptor at which a worker finds its socket.
  static let descriptor: Int32 = 3
  /// The hidden verb that makes a process of the program a worker.
  static let verb = "worker"

  /// Starts a process with `spawn`, which gets the other end of the socket.
  init(
    _ noun: String, memoryLimit: Int, spawn: (_ end: Int32) throws(TaskError) -> pid_t
  ) throws(TaskError) {
    self.noun = noun
    self.memoryLimit = memoryLimit
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else { throw Self.fault("its socket cannot be made", errno) }
    socket = FrameSocket(ends[0])
    defer { close(ends[1]) }
    process = try spawn(ends[1])
    inheritedPeak = hs_peak_memory()
  }

  /// Starts `program`, which will keep to `memoryLimit` by itself. `extra` goes into its environment.
  convenience init(
    program: String, memoryLimit: Int, environment extra: [String: String] = [:]
  ) throws(TaskError) {
    try self.init(Self.worker, memoryLimit: memoryLimit) { end throws(TaskError) in
      try Self.spawn(program, end, extra)
    }
  }

  deinit { _ = leave() }

  /// Lets a process that has nothing to do destroy its reward and leave; how it ended.
  func leave() -> String {
    socket.shutDown()
    return stop(within: .milliseconds(500))
  }

  private static func spawn(
    _ program: String, _ end: Int32, _ extra: [String: String]
  ) throws(TaskError) -> pid_t {
    let words = cStrings(["host", verb]), environment = cStrings(environment(adding: extra))
    defer { (words + environment).forEach { free($0) } }
    var process = pid_t()
    let code = hs_spawn(program, words, environment, end, 1, &process)
    guard code == 0 else { throw fault("\(program) cannot be started", code) }
    return process
  }

  /// The host's environment. The host tells how a worker ended; without Swift's backtrace, which
  /// takes a second, unless the user has asked for it; without the marks of a launcher, by which a
  /// worker would take itself for a rank.
  static func environment(adding extra: [String: String]) -> [String] {
    let own = ProcessInfo.processInfo.environment.filter { !Launcher.isMark($0.key) }
      .merging(extra) { $1 }
    return own.merging(["SWIFT_BACKTRACE": "enable=no"]) { own, _ in own }.map { "\($0)=\($1)" }
  }

  /// Copies for C, with a NULL behind the last; the caller frees them.
  static func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { strdup($0) } + [nil]
  }

  private static func fault(_ what: String, _ code: Int32) -> TaskError {
    TaskError(
      .internal, "no worker process for the plugin: \(what): \(String(cString: strerror(code)))")
  }

  /// Whether the process has ended; how is still to be asked.
  var hasEnded: Bool {
    if ending != nil { return true }
    var info = siginfo_t()
    let code = waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
    return code != 0 || info.si_signo == SIGCHLD
  }

  /// Waits for the process's next message; `checkTime` is asked several times a second and may bring
  /// the deadline forward, or throw.
  func waitForMessage(
    by deadline: inout ContinuousClock.Instant,
    checkTime: (inout ContinuousClock.Instant) throws(FrameSocket.Fault) -> Void
  ) throws(FrameSocket.Fault) {
    while !socket.isReadable(by: min(deadline, .now + .milliseconds(250))) {
      try checkTime(&deadline)
      // A process that the plugin has started may hold the connection open for ever.
      if hasEnded, !socket.isReadable(by: .now) { throw .closed }
    }
  }

  /// Lets the process end, and kills it when it has not done so in time. What it has started goes
  /// with it. Says how it ended, as in "died: Segmentation fault".
  func stop(within patience: Duration) -> String {
    if let ending { return ending }
    let deadline = ContinuousClock.now + patience
    while !hasEnded, ContinuousClock.now < deadline { usleep(1000) }
    let isEnded = hasEnded
    kill(-process, SIGKILL)
    var status: Int32 = 0, usage = rusage(), code: pid_t
    repeat { code = wait4(process, &status, 0, &usage) } while code < 0 && errno == EINTR
    let text =
      if !isEnded {
        "did not end by itself and was stopped"
      } else if code < 0 {
        // Whoever started the host lets it ignore SIGCHLD: the system then keeps no record.
        "ended"
      } else { text(status, peak: usage.ru_maxrss * 1024) }
    ending = text
    return text
  }

  private func text(_ status: Int32, peak: Int) -> String {
    let signal = status & 0x7F
    let end =
      signal == 0
      ? "left with exit code \((status >> 8) & 0xFF)"
      : "died: \(String(cString: strsignal(signal)))"
    // Near its limit a process most likely died of it: allocations fail, and few plugins expect that.
    guard peak > memoryLimit / 10 * 9, peak > inheritedPeak else { return end }
    return end + " (it had used \(peak >> 20) MiB, of the \(memoryLimit >> 20) MiB that "
      + "memory_limit allows\(noun == Self.worker ? " beside the program" : ""))"
  }
}

// MARK: Errors

extension WorkerProcess {
  /// Throws when the time is over. Once the user has asked to stop, the process has five seconds to
  /// notice.
  static func checkTime(
    _ deadline: inout ContinuousClock.Instant, _ isCancelled: () -> Bool
  ) throws(FrameSocket.Fault) {
    guard ContinuousClock.now < deadline else { throw .timedOut }
    if isCancelled() { deadline = min(deadline, .now + .seconds(5)) }
  }

  /// Ends the process, which has not answered `subject` while it was `what`, and says so. `words` are
  /// its last ones.
  func failure(
    _ fault: FrameSocket.Fault, of subject: String, while what: String, within timeout: Duration,
    isCancelled: Bool, words: () -> String = { "" }
  ) -> TaskError {
    switch fault {
    case .timedOut:
      _ = stop(within: .zero)
      let end = "while \(what); its \(noun) was stopped" + words()
      return isCancelled
        ? TaskError(.cancelled, "\(subject): asked to stop, it did not, \(end)")
        : TaskError(.internal, "\(subject): no answer within \(timeout) \(end)")
    case .closed:
      let ending = stop(within: .seconds(1))
      return TaskError(.internal, "\(subject): its \(noun) \(ending), while \(what)" + words())
    }
  }
}
