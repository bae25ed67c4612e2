import Glibc
import Synchronization
import Threads

/// The last line of a terminal: how far some work is. It is drawn when something gets done and, since
/// minutes may pass between two steps, twice a second by a thread of its own.
final class StatusLine: Sendable {
  /// What draws the line for a terminal of so many columns.
  typealias Drawing = @Sendable (_ width: Int) -> String

  private struct State {
    var drawing: Drawing?
    var isVisible = false, hasThread = false
  }

  /// That of standard error.
  static let shared = StatusLine(Console.error)

  private let stream: TextStream
  private let state = Mutex(State())

  private init(_ stream: TextStream) { self.stream = stream }

  /// From now on the line is drawn so; at once where `isDue`, else by the clock.
  func show(isDue: Bool = true, _ drawing: @escaping Drawing) {
    guard stream.redraws else { return }
    let needsThread = state.withLock { state in
      state.drawing = drawing
      if isDue { draw(&state) }
      defer { state.hasThread = true }
      return !state.hasThread
    }
    if needsThread { StartedThread { [self] in tick() }.detach() }
  }

  /// Takes the line away.
  func hide() {
    state.withLock { state in
      clear(&state)
      state.drawing = nil
    }
  }

  /// Writes a line above it.
  func write(line: String) {
    state.withLock { state in
      clear(&state)
      stream.write(line: line)
      if state.drawing != nil { draw(&state) }
    }
  }

  private func tick() {
    while true {
      usleep(500_000)
      state.withLock { if $0.drawing != nil { draw(&$0) } }
    }
  }

  private func draw(_ state: inout State) {
    let width = stream.width
    guard let text = state.drawing?(width) else { return }
    stream.write("\r\u{1B}[2K" + String(text.prefix(width - 1)))
    state.isVisible = true
  }

  private func clear(_ state: inout State) {
    if state.isVisible { stream.write("\r\u{1B}[2K") }
    state.isVisible = false
  }
}
