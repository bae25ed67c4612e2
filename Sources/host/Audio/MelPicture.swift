import Tasks

/// A log-mel spectrogram as a picture: time to the right, high frequencies at the top, loud bright.
struct MelPicture {
  private let mel: MediaTensor
  private let width: Int
  private let low: Float, scale: Float

  /// Bins, the rows of the tensor.
  private var height: Int { mel.shape[0] }

  /// The picture of [bins, frames + 2]; the two columns past the clip are left out.
  init(_ mel: MediaTensor) {
    self.mel = mel
    width = max(1, mel.shape[1] - 2)
    low = mel.values.min() ?? 0
    scale = 1 / max(1e-6, (mel.values.max() ?? 0) - low)
  }

  /// 0…1: the mean of a cell of `columns` and `bins`.
  private func brightness(_ columns: Range<Int>, _ bins: Range<Int>) -> Float {
    var sum: Float = 0
    for bin in bins { for column in columns { sum += mel.values[bin * mel.shape[1] + column] } }
    return (sum / Float(columns.count * bins.count) - low) * scale
  }

  /// The `index`-th of `count` equal pieces of 0..<size, at least 1 long.
  private func piece(_ index: Int, of count: Int, _ size: Int) -> Range<Int> {
    let start = min(index * size / count, size - 1)
    return start..<max(start + 1, (index + 1) * size / count)
  }

  /// The picture in characters: color blocks where `stream` shows color.
  func text(on stream: TextStream) -> String {
    let columns = min(stream.width - 2, width), rows = 16
    func cell(_ column: Int, _ row: Int, of rows: Int) -> Float {
      brightness(
        piece(column, of: columns, width), piece(rows - 1 - row, of: rows, height))
    }
    return (0..<rows).map { row in
      let line = (0..<columns).map { column in
        stream.usesColor
          ? Self.block(
            cell(column, 2 * row, of: 2 * rows), cell(column, 2 * row + 1, of: 2 * rows))
          : Self.character(cell(column, row, of: rows))
      }.joined()
      return "  " + line + (stream.usesColor ? "\u{1B}[0m" : "")
    }.joined(separator: "\n")
  }

  /// Two cells, one above the other.
  private static func block(_ upper: Float, _ lower: Float) -> String {
    let (r, g, b) = color(upper), (s, h, c) = color(lower)
    return "\u{1B}[38;2;\(r);\(g);\(b);48;2;\(s);\(h);\(c)m▀"
  }

  private static func character(_ value: Float) -> String {
    let ramp = Array(" .:-=+*#%@")
    return String(ramp[min(ramp.count - 1, max(0, Int(value * Float(ramp.count))))])
  }

  /// From black over violet and orange to a pale yellow.
  static func color(_ value: Float) -> (UInt8, UInt8, UInt8) {
    let stops: [SIMD3<Float>] = [[8, 6, 30], [110, 30, 125], [240, 100, 60], [253, 240, 190]]
    let place = min(max(value, 0), 1) * Float(stops.count - 1)
    let index = min(Int(place), stops.count - 2), part = place - Float(index)
    let color = stops[index] * (1 - part) + stops[index + 1] * part
    return (UInt8(color.x), UInt8(color.y), UInt8(color.z))
  }

  /// The picture as a PNG file: a pixel for each frame, three for each bin.
  var png: [UInt8] {
    let shades = (0..<height).reversed().map { bin in
      (0..<width).map { UInt8(min(max(brightness($0..<$0 + 1, bin..<bin + 1), 0), 1) * 255) }
    }
    let palette = (0...255).map { Self.color(Float($0) / 255) }
    return PNG.file(rows: shades.flatMap { [$0, $0, $0] }, palette: palette)
  }
}
