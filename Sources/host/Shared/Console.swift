import CHostSupport
import FoundationEssentials
import Synchronization
import Tracking

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The two streams a user reads. Results go to `output`, everything else to `error`.
enum Console {
  /// Standard output, kept out of reach of plugins: what they print goes to standard error.
  static let output: TextStream = {
    let own = hs_protect_stdout()
    return TextStream(descriptor: own < 0 ? STDOUT_FILENO : own)
  }()
  /// Standard error.
  static let error = TextStream(descriptor: STDERR_FILENO)

  /// To be called before anything else: a plugin may print as soon as it is loaded, and a reader
  /// that closes its end of a pipe must not end a training run.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    _ = output
  }

  private static let isSilent = Atomic<Bool>(false)

  /// From now on nothing is printed: another process speaks for this one.
  static func silence() { isSilent.store(true, ordering: .relaxed) }

  /// From now on this process speaks again.
  static func speak() { isSilent.store(false, ordering: .relaxed) }

  /// Whether another process speaks.
  fileprivate static var leavesWordToOthers: Bool { isSilent.load(ordering: .relaxed) }

  /// The lines that have been printed, where somebody keeps them.
  static let lines = PrintedLines()

  /// Prints a line of results.
  static func print(_ text: String) { output.write(line: text) }

  /// Prints a line that is no result: progress, a note. A terminal sees it cut between words.
  static func note(_ text: String) {
    let fits = error.isTerminal ? wrapped(text, indent: 10, width: error.width) : text
    StatusLine.shared.write(line: fits)
  }

  /// The text in lines that a terminal's width holds, cut between words; lines after the first are
  /// indented. What is not written to a terminal stays in one line.
  static func wrapped(_ text: String, indent: Int, width: Int? = nil) -> String {
    guard let width = width ?? (output.isTerminal ? output.width : nil) else { return text }
    let margin = String(repeating: " ", count: indent)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var lines: [String] = [], current = "", isFirst = true
      for word in line.split(separator: " ", omittingEmptySubsequences: false) {
        let longer = isFirst ? String(word) : current + " " + word
        if !isFirst, longer.count >= width, !current.allSatisfy({ $0 == " " }) {
          lines.append(current)
          current = margin + word
        } else {
          current = longer
        }
        isFirst = false
      }
      return (lines + [current]).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Ends the program.
  static func leave(_ code: Int32) -> Never { exit(code) }
}

/// A descriptor that takes text.
struct TextStream: Sendable {
  let descriptor: Int32

  /// Whether a person reads along.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Whether lines may be drawn again: on a terminal that is no dumb one.
  var redraws: Bool { isTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb" }

  /// Whether color is welcome: there, unless `NO_COLOR` is set (no-color.org).
  var usesColor: Bool {
    redraws && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Columns of the terminal; 80 where it does not say.
  var width: Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes a line, which is kept where somebody wants that.
  func write(line text: String) {
    write(text + "\n")
    if !Console.leavesWordToOthers {
      Console.lines.add(text, isError: descriptor == STDERR_FILENO)
    }
  }

  /// Writes all of `text`. When the reader of standard output has gone (`| head`), the program is
  /// done; when that of standard error has, only its lines are lost.
  func write(_ text: String) {
    if Console.leavesWordToOthers { return }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { bytes.removeFirst(count) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count <= 0 else { continue }
      if descriptor == STDERR_FILENO { return }
      if errno == EPIPE { exit(0) }
      Console.note(
        "host: standard output cannot be written: \(String(cString: strerror(errno)))")
      Console.leave(1)
    }
  }
}

/// Text styles of a terminal.
enum Style: String {
  case bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36"

  /// `text` in this style where `stream` shows styles.
  func callAsFunction(_ text: String, on stream: TextStream = Console.output) -> String {
    stream.usesColor ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
  }
}
