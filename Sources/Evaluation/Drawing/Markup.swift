/// Text that may stand inside an element or a quoted attribute of HTML and SVG: what would be markup
/// is escaped, control characters, which neither allows, become U+FFFD.
func escaped(_ text: String) -> String {
  var output = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": output += "&amp;"
    case "<": output += "&lt;"
    case ">": output += "&gt;"
    case "\"": output += "&quot;"
    case "'": output += "&#39;"
    case "\n", "\t": output.unicodeScalars.append(scalar)
    case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}": output += "\u{FFFD}"
    default: output.unicodeScalars.append(scalar)
    }
  }
  return output
}

/// A picture as it is drawn: elements of SVG in a box of `width` × `height` units.
struct Canvas {
  let width: Double, height: Double
  private var elements: [String] = []

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// Where a text stands: before, around or behind its point.
  enum Anchor: String { case start, middle, end }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String
  ) {
    elements.append(
      "<line class=\"\(style)\" x1=\"\(unit(x1))\" y1=\"\(unit(y1))\" x2=\"\(unit(x2))\" "
        + "y2=\"\(unit(y2))\"/>")
  }

  /// A box; `label` shows when the pointer rests on it.
  mutating func box(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String,
    opacity: Double = 1, label: String
  ) {
    let strength = opacity < 1 ? " fill-opacity=\"\(unit(opacity))\"" : ""
    elements.append(
      "<rect class=\"\(style)\" x=\"\(unit(x))\" y=\"\(unit(y))\" width=\"\(unit(width))\" "
        + "height=\"\(unit(height))\"\(strength)><title>\(escaped(label))</title></rect>")
  }

  /// A line through points; `label` shows when the pointer rests on it.
  mutating func path(_ points: [(x: Double, y: Double)], style: String, label: String) {
    let places = points.map { "\(unit($0.x)),\(unit($0.y))" }.joined(separator: " ")
    elements.append(
      "<polyline class=\"\(style)\" points=\"\(places)\"><title>\(escaped(label))</title></polyline>"
    )
  }

  mutating func dot(_ x: Double, _ y: Double, style: String, label: String) {
    elements.append(
      "<circle class=\"\(style)\" cx=\"\(unit(x))\" cy=\"\(unit(y))\" r=\"3.5\">"
        + "<title>\(escaped(label))</title></circle>")
  }

  /// A text whose middle line is at `y`, turned by `turn` degrees about its point.
  mutating func text(
    _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, style: String = "label",
    turn: Double = 0
  ) {
    let rotation =
      turn == 0 ? "" : " transform=\"rotate(\(unit(turn)) \(unit(x)) \(unit(y)))\""
    elements.append(
      "<text class=\"\(style)\" x=\"\(unit(x))\" y=\"\(unit(y))\" dy=\"0.35em\" "
        + "text-anchor=\"\(anchor.rawValue)\"\(rotation)>\(escaped(text))</text>")
  }

  /// The element, named for those who cannot see it.
  func svg(title: String) -> String {
    "<svg role=\"img\" aria-label=\"\(escaped(title))\" width=\"\(unit(width))\" "
      + "viewBox=\"0 0 \(unit(width)) \(unit(height))\">\n"
      + elements.joined(separator: "\n") + "\n</svg>"
  }

  private func unit(_ value: Double) -> String {
    let text = fixedPoint(value, decimals: 2)
    return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
  }
}

/// The width that a label of the pictures takes, about.
func labelWidth(_ text: String) -> Double { 6.6 * Double(text.count) }
