import CHostSupport
import FoundationEssentials
import Glibc

/// Address and undefined-behavior sanitizers, for plugins that were built with them: their runtime
/// must be the first library of the process.
enum Sanitizer: Sendable {
  case available(Runtime)
  case unavailable(String)

  /// The runtime, and where it writes its report.
  struct Runtime: Sendable {
    let library: String
    let reports: String

    /// What a process needs to run under it. Leaks are not looked for: the host's own would show.
    var environment: [String: String] {
      [
        "LD_PRELOAD": library,
        "ASAN_OPTIONS":
          "abort_on_error=1:detect_leaks=0:allow_user_segv_handler=1:log_path=\(reports)",
        "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1:log_path=\(reports)",
      ]
    }

    /// What the sanitizer said of a process that has ended; nil when it said nothing.
    func takeReport() -> String? {
      let folder = PluginSearchPaths.parent(reports)
      let prefix = (reports.split(separator: "/").last.map(String.init) ?? reports) + "."
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      var text = ""
      for name in names where name.hasPrefix(prefix) {
        let path = folder + "/" + name
        if let data = try? Data(contentsOf: URL(filePath: path)) {
          text += String(decoding: data, as: UTF8.self)
        }
        try? FileManager.default.removeItem(atPath: path)
      }
      return text.isEmpty ? nil : text
    }
  }

  /// The heart of a report: `AddressSanitizer: heap-buffer-overflow (score brevity.c:60)`.
  static func sentence(of report: String) -> String {
    let lines = report.split(separator: "\n").map(String.init)
    let first = lines.first { $0.contains("Sanitizer: ") || $0.contains("runtime error: ") }
    var text = (first ?? report)[...]
    if let mark = text.firstRange(of: "ERROR: ") { text = text[mark.upperBound...] }
    if let mark = text.firstRange(of: " on address ") { text = text[..<mark.lowerBound] }
    // The first frame of a source file that is known: `#1 0x7f… in score /…/brevity.c:60`.
    let frame = lines.first { line in
      line.contains(" in ") && line.contains("/") && !line.contains("(")
        && line.drop { $0 == " " }.hasPrefix("#")
    }
    guard let frame, let mark = frame.firstRange(of: " in ") else { return String(text) }
    return "\(text) (\(frame[mark.upperBound...]))"
  }

  /// The sanitizer that the plugin at `path` was built with; nil for none.
  init?(ofFile path: String) {
    guard let file = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe),
      Self.place(of: "__asan_init", in: file) != nil
    else { return nil }
    // gcc's runtime is named in the file; clang's is the program's business and named nowhere.
    let needed = Self.neededRuntime(file)
    let library = needed ?? "libclang_rt.asan-x86_64.so"
    let compiler = needed == nil ? "clang" : "cc"
    let found = Self.path(of: library, from: compiler)
    guard let found else {
      self = .unavailable(
        "not checked: it was built with AddressSanitizer, and `\(compiler) "
          + "-print-file-name=\(library)` finds no runtime for it")
      return
    }
    let folder = FileManager.default.temporaryDirectory.path
    let reports = "\(folder)/host-sanitizer-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    self = .available(Runtime(library: found, reports: reports))
  }

  /// `libasan.so.8` out of a file's dynamic strings.
  private static func neededRuntime(_ file: Data) -> String? {
    guard let start = place(of: "libasan.so", in: file) else { return nil }
    let bytes = file.dropFirst(start).prefix(32).prefix { $0 != 0 }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Where a text stands in a file of many megabytes.
  private static func place(of text: String, in file: Data) -> Int? {
    file.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress,
        let found = hs_find(start, bytes.count, text)
      else { return nil }
      return found - start
    }
  }

  /// Where the compiler has a library; nil when it, or the compiler, is not there.
  private static func path(of library: String, from compiler: String) -> String? {
    guard library.allSatisfy({ $0.isLetter || $0.isNumber || "._-".contains($0) }) else {
      return nil
    }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    defer { close(ends[0]) }
    let words = ["sh", "-c", "exec \(compiler) -print-file-name=\(library) >&3 2>/dev/null"]
    let status = ProgramRun.start("/bin/sh", words, descriptor: ends[1])
    close(ends[1])
    guard let status else { return nil }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(ends[0], &bytes, bytes.count)
    guard status.wait() == 0, count > 1 else { return nil }
    let path = String(decoding: bytes[..<(count - 1)], as: UTF8.self)
    return path.hasPrefix("/") && FileManager.default.fileExists(atPath: path) ? path : nil
  }
}

/// A program that runs beside the host; its output goes to standard error.
public struct ProgramRun {
  private let process: pid_t

  /// Starts `program`, with the host's environment and `descriptor` as its third.
  static func start(_ program: String, _ words: [String], descriptor: Int32 = 2) -> ProgramRun? {
    let arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var process = pid_t()
    guard hs_spawn(program, arguments, environ, descriptor, &process) == 0 else { return nil }
    return ProgramRun(process: process)
  }

  /// Runs a program that is found in PATH, with its arguments; its exit code, or 127 when it cannot
  /// be started.
  public static func run(_ words: [String]) -> Int32 {
    start("/usr/bin/env", ["env"] + words)?.wait() ?? 127
  }

  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }
}
