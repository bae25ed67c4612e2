import CKernels

/// Matrix products, cut into tiles of the output whose sizes follow from the shapes alone.
enum Gemm {
  /// An operand: dense rows, transposed where the flag is set.
  struct Operand {
    let start: UnsafePointer<Float>
    let stride: Int
    var isTransposed = false

    init(_ tensor: Tensor, isTransposed: Bool = false) {
      start = UnsafePointer(tensor.start)
      stride = tensor.columns
      self.isTransposed = isTransposed
    }

    /// The part of op(operand) that starts at row `row`, column `column`.
    func at(_ row: Int, _ column: Int) -> UnsafePointer<Float> {
      isTransposed ? start + column * stride + row : start + row * stride + column
    }
  }

  /// C [m, n] := alpha · op(A) · op(B) + beta · C, with C's rows n apart. The longer side of C is cut.
  static func product(
    _ c: UnsafeMutablePointer<Float>, _ a: Operand, _ b: Operand, m: Int, n: Int, k: Int,
    alpha: Float = 1, beta: Float = 0
  ) {
    let cutsRows = m >= n
    Parallel.ranges(cutsRows ? m : n, grain: tile(cutsRows ? m : n)) { range in
      let row = cutsRows ? range.lowerBound : 0, column = cutsRows ? 0 : range.lowerBound
      k_gemm_f32(
        a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int64(cutsRows ? range.count : m),
        Int64(cutsRows ? n : range.count), Int64(k), alpha, a.at(row, 0), Int64(a.stride),
        b.at(0, column), Int64(b.stride), beta, c + row * n + column, Int64(n))
    }
  }

  /// y [t, outputs] := x [t, inputs] · Wᵀ. A tile of W becomes f32 in a scratch that stays in the
  /// cache, and is multiplied there.
  static func forward(_ y: Tensor, _ x: Tensor, _ weight: Weight) {
    let outputs = weight.rows, inputs = weight.columns, t = x.rows
    if t <= FewRows.most { return FewRows.product(y, x, weight) }
    Parallel.ranges(outputs, grain: tile(outputs)) { range in
      withTile(weight, range, 0..<inputs) { tile, stride in
        k_gemm_f32(
          0, 1, Int64(t), Int64(range.count), Int64(inputs), 1, x.start, Int64(inputs), tile,
          Int64(stride), 0, y.start + range.lowerBound, Int64(outputs))
      }
    }
  }

  /// dx [t, inputs] := dy [t, outputs] · W + beta · dx.
  static func backward(
    _ dx: UnsafeMutablePointer<Float>, _ dy: Tensor, _ weight: Weight, beta: Float
  ) {
    let outputs = weight.rows, inputs = weight.columns
    Parallel.ranges(inputs, grain: tile(inputs)) { range in
      // Part by part of the sum, so that the scratch stays near 1 MiB.
      let part = 1024
      for first in stride(from: 0, to: outputs, by: part) {
        let rows = first..<min(first + part, outputs)
        withTile(weight, rows, range) { tile, stride in
          k_gemm_f32(
            0, 0, Int64(dy.rows), Int64(range.count), Int64(rows.count), 1, dy.start + first,
            Int64(outputs), tile, Int64(stride), first == 0 ? beta : 1, dx + range.lowerBound,
            Int64(inputs))
        }
      }
    }
  }

  /// At most 256 wide, at least four tiles where the side allows it, whole vectors.
  static func tile(_ side: Int) -> Int { min(256, max(16, (side + 63) / 64 * 16)) }

  /// Hands over a tile in f32: in place for weights kept so, else converted.
  private static func withTile(
    _ weight: Weight, _ rows: Range<Int>, _ columns: Range<Int>,
    _ body: (UnsafePointer<Float>, _ stride: Int) -> Void
  ) {
    if case .tensor(let tensor) = weight {
      return body(
        tensor.start + rows.lowerBound * tensor.columns + columns.lowerBound, tensor.columns)
    }
    let scratch = Buffer(rows.count * columns.count)
    weight.read(rows, columns, into: scratch.start)
    body(scratch.start, columns.count)
  }
}
