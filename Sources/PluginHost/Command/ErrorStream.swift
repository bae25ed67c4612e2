import Glibc
import Synchronization
import Tasks
import Threads

/// A program's standard error: passed on to the host's own, its last line kept.
final class ErrorStream: Sendable {
  private let heard = Mutex(Heard())

  private struct Heard {
    var line: [UInt8] = [], lastLine: [UInt8] = [], hasEnded = false
  }

  /// Gives `body` the end that a program is to write to, and reads the other one until all writers
  /// have gone.
  func lending<R>(_ body: (_ end: Int32) throws(TaskError) -> R) throws(TaskError) -> R {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else {
      throw TaskError(
        .internal, "no socket for a program's errors: \(String(cString: strerror(errno)))")
    }
    read(ends[0])
    defer { close(ends[1]) }
    return try body(ends[1])
  }

  /// The last line that says something, once the program has ended; empty where it wrote none.
  var lastLine: String {
    // What the program started may hold the stream open for ever.
    for _ in 0..<200 where !heard.withLock({ $0.hasEnded }) { usleep(1000) }
    let bytes = heard.withLock { Self.saysSomething($0.line) ? $0.line : $0.lastLine }
    return String(String(decoding: bytes, as: UTF8.self).printable.prefix(300))
  }

  /// Reads on a thread of its own.
  private func read(_ descriptor: Int32) {
    StartedThread {
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        _ = write(2, bytes, count)
        self.hear(bytes[..<count])
      }
      close(descriptor)
      self.heard.withLock { $0.hasEnded = true }
    }.detach()
  }

  private static func saysSomething(_ line: [UInt8]) -> Bool { line.contains { $0 > 0x20 } }

  private func hear(_ bytes: ArraySlice<UInt8>) {
    heard.withLock { heard in
      for byte in bytes {
        if byte == UInt8(ascii: "\n") {
          if Self.saysSomething(heard.line) { heard.lastLine = heard.line }
          heard.line = []
        } else if heard.line.count < 4096 {
          heard.line.append(byte)
        }
      }
    }
  }
}
