/// A curve as a line of eighths of blocks, from the least value to the greatest.
struct Sparkline {
  /// The line.
  let text: String

  /// At most `width` cells; where there are more values, each cell is the mean of some. `low`: what an
  /// empty cell means, the least value by default.
  init(_ values: [Double], width: Int, low: Double? = nil) {
    let count = min(values.count, max(1, width))
    let means = (0..<count).map { cell -> Double in
      let part = values[cell * values.count / count..<(cell + 1) * values.count / count]
      return part.reduce(0, +) / Double(part.count)
    }
    let low = low ?? means.min() ?? 0, high = means.max() ?? 0
    let cells = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    text = means.map { value in
      high > low ? cells[min(7, max(0, Int((value - low) / (high - low) * 7.999)))] : cells[3]
    }.joined()
  }
}
