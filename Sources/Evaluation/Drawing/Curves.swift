/// How quantities went over the steps of one run or several, as lines of a page.
public struct Curves: Sendable {
  /// The line of one run.
  public struct Line: Sendable {
    /// What the legend says.
    public let name: String
    /// Steps and values in order; values are finite.
    public let points: [(x: Double, y: Double)]

    /// Creates a line.
    public init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }
  }

  private let title: String, x: String, lines: [Line]

  /// Describes a picture: what stands above it, what goes across, and the lines.
  public init(title: String, across x: String, lines: [Line]) {
    self.title = title
    self.x = x
    self.lines = lines
  }

  private var drawing: String {
    let left = 64.0, top = 12.0, right = 560.0, bottom = 300.0
    var canvas = Canvas(width: right + 24, height: bottom + 52)
    let points = lines.flatMap(\.points)
    let across = LinearScale(.init(x), values: points.map(\.x), from: left, to: right)
    let upward = LinearScale(.init(title), values: points.map(\.y), from: bottom, to: top)
    for tick in across.ticks {
      canvas.line(across(tick), top, across(tick), bottom, style: "grid")
      canvas.text(across.name(tick), across(tick), bottom + 14, .middle)
    }
    for tick in upward.ticks {
      canvas.line(left, upward(tick), right, upward(tick), style: "grid")
      canvas.text(upward.name(tick), left - 8, upward(tick), .end)
    }
    canvas.text(x, (left + right) / 2, bottom + 38, .middle, style: "axis")
    for (index, line) in lines.enumerated() {
      canvas.path(
        line.points.map { (across($0.x), upward($0.y)) }, style: "curve k\(index % Palette.count)",
        label: line.name)
    }
    return canvas.svg(title: title)
  }

  /// The picture with its title and legend.
  var figure: String {
    let keys = lines.enumerated().map { index, line in
      "<span><i class=\"c\(index % Palette.count)\"></i>\(escaped(line.name))</span>"
    }
    return
      "<figure>\n<h3>\(escaped(title))</h3>\n\(drawing)\n<div class=\"legend\">\(keys.joined())"
      + "</div>\n</figure>"
  }
}
