import Runs

/// How far some work is, with its rate and the time left. A terminal sees a bar from the first moment,
/// which redraws itself; anything else gets a line now and then, and one at the end.
struct ProgressBar {
  private var picture: Picture
  private let stream: TextStream, redraws: Bool
  private var drawn: ContinuousClock.Instant?

  /// A bar over `total` items, on standard error; without a unit no rate is shown, and a total of 0 is
  /// not known yet.
  init(_ label: String, total: Int, unit: String, stream: TextStream = Console.error) {
    picture = Picture(label: label, total: total, unit: unit)
    self.stream = stream
    redraws = stream.redraws
    if redraws { show(isDue: total > 0) }
  }

  /// Says that `done` items are done; `notes` (a loss, a rate) stand behind the bar, as many of them as
  /// there is room for. `left`: seconds that are left, where the caller knows better than a rule of
  /// three; `rest`: those of all that the work is a part of.
  mutating func update(
    _ done: Int, total: Int? = nil, notes: [String] = [], left: Double? = nil, rest: Double? = nil
  ) {
    let now = ContinuousClock.now
    picture.set(done, total: total, notes: notes, left: left, rest: rest, at: now)
    if redraws {
      if let drawn, now - drawn < .milliseconds(60) { return show(isDue: false) }
      drawn = now
      return show()
    }
    // Without a terminal, work that ends within the first pause stays silent.
    if now - (drawn ?? picture.start) < .seconds(10) { return }
    drawn = now
    stream.write(line: picture.text(at: now, width: nil))
  }

  private func show(isDue: Bool = true) {
    let picture = picture
    StatusLine.shared.show(isDue: isDue) { picture.text(at: .now, width: $0) }
  }

  /// Removes the bar, or closes the sparse lines; `summary` remains when given.
  mutating func finish(_ summary: String? = nil) {
    if redraws { StatusLine.shared.hide() }
    drawn = nil
    if let summary { Console.note(summary) }
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

/// What a bar shows, at any moment.
private struct Picture: Sendable {
  let label: String, unit: String
  let start = ContinuousClock.now
  private var total: Int, done = 0, notes: [String] = [], left: Double?, rest: Double?
  private var noted = ContinuousClock.now
  /// The narrowest bar that is worth its room, and the widest.
  private static let narrow = 10, wide = 24

  init(label: String, total: Int, unit: String) {
    self.label = label
    self.total = total
    self.unit = unit
  }

  mutating func set(
    _ done: Int, total: Int?, notes: [String], left: Double?, rest: Double?,
    at now: ContinuousClock.Instant
  ) {
    self.done = done
    if let total { self.total = total }
    self.notes = notes
    noted = now
    let rate = Double(done) / max((now - start) / .seconds(1), 1e-9)
    self.left = left ?? (done > 0 ? Double(self.total - done) / rate : nil)
    self.rest = rest
  }

  /// The line; where it must fit into a width, what matters least is left out.
  func text(at now: ContinuousClock.Instant, width: Int?) -> String {
    let elapsed = (now - start) / .seconds(1), since = (now - noted) / .seconds(1)
    func remaining(_ seconds: Double) -> String { Format.duration(max(0, seconds - since)) }
    let share = total > 0 ? Double(done) / Double(total) : 0
    var text = label
    if total > 0 { text += "  \(done)/\(total)  \(Format.fixed(100 * share, 0)) %" }
    var parts = [Format.duration(elapsed) + (left.map { ", \(remaining($0)) left" } ?? "")]
    if let rest { parts.append("\(remaining(rest)) of the run") }
    parts += notes
    let rate = Double(done) / max(elapsed, 1e-9)
    if !unit.isEmpty, done > 0 {
      parts.append(
        rate < 0.1
          ? "\(Format.duration(1 / rate)) each"
          : "\(Format.fixed(rate, rate < 10 ? 2 : 0)) \(unit)/s")
    }
    guard let width else { return ([text] + parts).joined(separator: "  ") }
    let room = width - 1 - (total > 0 ? Self.narrow + 2 : 0)
    for part in parts where text.count + part.count + 2 <= room { text += "  " + part }
    guard total > 0 else { return text }
    let cells = min(Self.wide, max(0, width - text.count - 3))
    return ProgressBar.bar(share, width: cells) + text
  }
}
