import Runs

/// How far some work is, with its rate and the time left. A terminal sees a bar that redraws
/// itself; anything else gets a line now and then, and one at the end.
struct ProgressBar {
  private let label: String, unit: String, total: Int
  private let stream: TextStream, redraws: Bool
  private let start = ContinuousClock.now
  private var done = 0, drawn: ContinuousClock.Instant?

  /// A bar over `total` items, on standard error; without a unit no rate is shown.
  init(_ label: String, total: Int, unit: String, stream: TextStream = Console.error) {
    self.label = label
    self.total = total
    self.unit = unit
    self.stream = stream
    redraws = stream.redraws
  }

  /// Says that `done` items are done; `note` (a loss, a rate) stands behind the bar.
  mutating func update(_ done: Int, note: String = "") {
    self.done = done
    let now = ContinuousClock.now
    let pause: Duration = redraws ? .milliseconds(60) : .seconds(10)
    if let drawn, now - drawn < pause { return }
    // Without a terminal, work that ends within the first pause stays silent.
    if drawn == nil, !redraws, now - start < pause { return }
    drawn = now
    draw(note)
  }

  /// Removes the bar, or closes the sparse lines; `summary` remains when given.
  mutating func finish(_ summary: String? = nil) {
    if redraws, drawn != nil { stream.write("\r\u{1B}[2K") }
    drawn = nil
    if let summary { stream.write(line: summary) }
  }

  /// Writes a line above the bar.
  mutating func interject(_ line: String) {
    finish(line)
  }

  private func draw(_ note: String) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = Double(done) / max(seconds, 1e-9)
    let left = done > 0 ? Format.duration(Double(total - done) / rate) : "?"
    let share = total > 0 ? Double(done) / Double(total) : 1
    var text = "\(label)  \(done)/\(total)  \(Format.fixed(100 * share, 0)) %"
    let pace = unit.isEmpty ? "" : "  \(Format.fixed(rate, rate < 10 ? 2 : 0)) \(unit)/s"
    text += "\(pace)  \(left) left"
    if !note.isEmpty { text += "  " + note }
    guard redraws else { return stream.write(line: text) }
    let bar = Self.bar(share, width: min(24, max(0, stream.width - text.count - 3)))
    stream.write("\r\u{1B}[2K" + String((bar + text).prefix(stream.width - 1)))
  }

  /// `share` of `width` cells, in eighths.
  static func bar(_ share: Double, width: Int) -> String {
    guard width >= 8 else { return "" }
    let eighths = Int((min(max(share, 0), 1) * Double(width) * 8).rounded(.down))
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let filled = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return filled + String(repeating: "·", count: width - filled.count) + "  "
  }
}
