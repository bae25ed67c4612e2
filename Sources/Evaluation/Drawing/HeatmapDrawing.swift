import Tasks

extension Chart.Heatmap {
  /// A grid of colors with the numbers in it: one color above 0, another below.
  func drawing(title: String) -> String {
    let cell = (width: 46.0, height: 30.0)
    let widest = columns.map(labelWidth).max() ?? 0
    let isTurned = widest > cell.width * 2
    let wide = isTurned ? cell.width : max(cell.width, widest + 12)
    let left = 16 + min(220, rows.map(labelWidth).max() ?? 0)
    let head = isTurned ? 16 + min(220, widest) * 0.72 : 28
    let overhang = isTurned ? min(220, widest) * 0.72 : 0
    var canvas = Canvas(
      width: left + wide * Double(columns.count) + max(16, overhang),
      height: head + cell.height * Double(rows.count) + 12)
    for (column, name) in columns.enumerated() {
      let x = left + wide * (Double(column) + 0.5)
      if isTurned {
        canvas.text(name, x, head - 8, turn: -45)
      } else {
        canvas.text(name, x, head - 12, .middle)
      }
    }
    for (row, name) in rows.enumerated() {
      let y = head + cell.height * Double(row)
      canvas.text(name, left - 8, y + cell.height / 2, .end)
      for (column, value) in values[row].enumerated() {
        let x = left + wide * Double(column)
        draw(
          value, "\(name), \(columns[column])", on: &canvas, x, y, wide - 2, cell.height - 2)
      }
    }
    return canvas.svg(title: title)
  }

  private func draw(
    _ value: Double?, _ label: String, on canvas: inout Canvas, _ x: Double, _ y: Double,
    _ width: Double, _ height: Double
  ) {
    guard let value else {
      return canvas.box(x, y, width, height, style: "nothing", label: label + ": –")
    }
    let strength = min(1, abs(value) / greatest), number = text(value)
    canvas.box(
      x, y, width, height, style: value < 0 ? "below" : "above",
      opacity: 0.06 + 0.94 * strength, label: "\(label): \(number)")
    canvas.text(
      number, x + width / 2, y + height / 2, .middle, style: strength > 0.55 ? "strong" : "label")
  }

  /// The value that gets the full color.
  private var greatest: Double {
    let ends = [low, high].compactMap(\.self) + values.joined().compactMap(\.self)
    let most = ends.map(abs).max() ?? 1
    return most > 0 ? most : 1
  }

  private func text(_ value: Double) -> String {
    let areWhole = values.joined().allSatisfy { $0 == $0?.rounded() }
    return fixedPoint(value, decimals: areWhole ? 0 : 2)
  }
}
