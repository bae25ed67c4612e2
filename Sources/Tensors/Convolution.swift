import CKernels

/// Where a convolution of width 3 reads packed sequences: window i of a segment covers its rows
/// stride · i − 1, stride · i and stride · i + 1. Beyond a segment's borders stand zeros, never a
/// neighbor's rows.
public struct Windows: Sendable, Hashable {
  /// Rows that a window covers.
  public static let width = 3
  /// The packed sequences that are read, and those of the windows' results.
  public let segments: Segments, outputs: Segments
  /// Rows from one window to the next.
  public let stride: Int

  /// Windows over `segments`. Each has as many as fit, ⌈rows / stride⌉, or fewer where `counts` says
  /// how many of them are needed.
  public init(_ segments: Segments, stride: Int = 1, counts: [Int]? = nil) {
    let fitting = (0..<segments.count).map { (segments[$0].count + stride - 1) / stride }
    let counts = counts ?? fitting
    precondition(
      counts.count == fitting.count && zip(counts, fitting).allSatisfy { $0 <= $1 },
      "windows: \(counts) of at most \(fitting)")
    self.segments = segments
    self.stride = stride
    outputs = Segments(lengths: counts)
  }
}

/// Rows of windows, [outputs, channels · 3], from x [rows, channels]: column 3c + k is channel c of
/// the window's row k, which is the order of a stored weight [outputs, channels, 3].
struct Unfolding: Operation {
  let x: Slot?, windows: Windows

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let channels = dy.columns / Windows.width
    g.add(x, windows.segments.tokens, channels) { dx, beta in
      windows.pieces(windows.segments, columns: channels) { segment, rows in
        let input = windows.segments[segment], output = windows.outputs[segment]
        k_fold_f32(
          dx + input.lowerBound * channels, dy.start + output.lowerBound * dy.columns,
          Int64(output.count), Int64(channels), Int64(windows.stride), Int64(rows.lowerBound),
          Int64(rows.upperBound), beta)
      }
    }
  }
}

extension Windows {
  /// Runs `body` for pieces of `segments`, whose rows count from their segment's start.
  fileprivate func pieces(
    _ segments: Segments, columns: Int, _ body: (_ segment: Int, _ rows: Range<Int>) -> Void
  ) {
    for segment in 0..<segments.count {
      Parallel.rows(segments[segment].count, columns: columns) { body(segment, $0) }
    }
  }

  fileprivate func unfolded(_ x: Tensor) -> Tensor {
    let y = Tensor(outputs.tokens, x.columns * Windows.width)
    Stopwatch.time("Unfolding", .forward) {
      pieces(outputs, columns: y.columns) { segment, rows in
        let input = segments[segment], first = outputs[segment].lowerBound + rows.lowerBound
        k_unfold_f32(
          y.start + first * y.columns, x.start + input.lowerBound * x.columns,
          Int64(input.count), Int64(x.columns), Int64(stride), Int64(rows.lowerBound),
          Int64(rows.upperBound))
      }
    }
    return y
  }
}

/// One-dimensional convolution of width 3 within segments: x [rows, channels], rows being time; a
/// weight [outputs, channels · 3] as files hold it, channel by channel; b [1, outputs]. The result is
/// [windows, outputs].
public func convolve(_ x: Tensor, _ windows: Windows, _ weight: Weight, bias: Tensor? = nil)
  -> Tensor
{
  precondition(
    x.rows == windows.segments.tokens && weight.columns == x.columns * Windows.width,
    "convolve: x \(x.shape) in \(windows.segments.tokens) rows, weight "
      + "[\(weight.rows), \(weight.columns)]")
  let kept = Kept(x)
  let unfolded = windows.unfolded(x)
    .recorded(Unfolding(x: x.slot, windows: windows), from: x.slot)
    .recalled { windows.unfolded(kept.value) }
  return project(unfolded, weight, bias: bias)
}
