import CKernels

/// cos and sin of position · frequency, a row for each token.
public struct RotaryTable {
  let cosine: Tensor, sine: Tensor

  /// `frequencies` are the head/2 inverse frequencies. Angles are products in f32, as the reference
  /// computes them; cos and sin are multiplied by `scale`.
  public init(positions: [Int], frequencies: [Float], scale: Float = 1) {
    self.init(positions: positions, width: frequencies.count, scale: scale) { _ in frequencies }
  }

  /// The same where each row has frequencies of its own, `width` of them.
  public init(
    positions: [Int], width: Int, scale: Float, frequencies: (_ row: Int) -> [Float]
  ) {
    cosine = Tensor(positions.count, width)
    sine = Tensor(positions.count, width)
    Parallel.rows(positions.count, columns: width * 8) { rows in
      for row in rows {
        for (column, frequency) in frequencies(row).enumerated() {
          let angle = Double(Float(positions[row]) * frequency)
          cosine.start[row * width + column] = Float(Tensors.cosine(angle)) * scale
          sine.start[row * width + column] = Float(Tensors.sine(angle)) * scale
        }
      }
    }
  }
}

extension RotaryTable {
  /// The rows `indices`, in their order.
  public func rows(_ indices: [Int]) -> RotaryTable {
    RotaryTable(cosine: selectRows(cosine, indices), sine: selectRows(sine, indices))
  }

  private init(cosine: Tensor, sine: Tensor) {
    self.cosine = cosine
    self.sine = sine
  }
}

/// The rotation's transpose is the rotation by the opposite angle.
struct Rope: Operation {
  let x: Slot?, table: RotaryTable, heads: Int

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, dy.rows, dy.columns) { dx, beta in
      rotate(dx, dy, table, heads: heads, sign: -1, beta: beta)
    }
  }
}

/// Rotary position embedding (Su et al. 2021) over the halves of each head, as Llama and Qwen do:
/// x [tokens, heads · head].
public func rope(_ x: Tensor, _ table: RotaryTable, heads: Int) -> Tensor {
  precondition(
    x.rows == table.cosine.rows && x.columns == heads * table.cosine.columns * 2,
    "rope: x \(x.shape), \(heads) heads, table \(table.cosine.shape)")
  let kept = Kept(x)
  return rotated(x, table, heads: heads)
    .recorded(Rope(x: x.slot, table: table, heads: heads), from: x.slot)
    .recalled { rotated(kept.value, table, heads: heads) }
}

private func rotated(_ x: Tensor, _ table: RotaryTable, heads: Int) -> Tensor {
  let y = Tensor(x.rows, x.columns)
  Stopwatch.time("Rope", .forward) {
    rotate(y.start, x, table, heads: heads, sign: 1, beta: 0)
  }
  return y
}

private func rotate(
  _ y: UnsafeMutablePointer<Float>, _ x: Tensor, _ table: RotaryTable, heads: Int, sign: Float,
  beta: Float
) {
  let half = table.cosine.columns
  Parallel.rows(x.rows, columns: x.columns) { rows in
    let first = rows.lowerBound
    k_rope_f32(
      y + first * x.columns, x.start + first * x.columns, table.cosine.start + first * half,
      table.sine.start + first * half, Int64(rows.count), Int64(heads), Int64(half * 2), sign, beta)
  }
}
