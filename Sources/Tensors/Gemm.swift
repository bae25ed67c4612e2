import CKernels

/// Sums of matrix products, C := beta · C + Σ op(A) · op(B), on all threads.
///
/// The right operands may be stored in any form: they become f32 strip by strip inside the product.
/// The output is cut into pieces by its shape alone.
enum Gemm {
  /// alpha · op(x): an operand that several products may share; it is packed once.
  final class Left {
    let x: Tensor, isTransposed: Bool, alpha: Float
    /// Whether the product takes bf16 operands: as it was when the operand was made.
    let isBF16 = k_bf16_in_use() != 0

    init(_ x: Tensor, isTransposed: Bool = false, alpha: Float = 1) {
      self.x = x
      self.isTransposed = isTransposed
      self.alpha = alpha
    }

    var rows: Int { isTransposed ? x.columns : x.rows }
    var depth: Int { isTransposed ? x.rows : x.columns }

    /// Panels for the micro-kernel.
    private(set) lazy var packed: Buffer = kept(\.panels, freshPanels)
    /// Bands for few rows.
    private(set) lazy var bands: Buffer = kept(\.bands, freshBands)

    /// Panels that somebody else has packed from x by `packRows`.
    init(_ x: Tensor, packed: Buffer) {
      self.x = x
      isTransposed = false
      alpha = 1
      self.packed = packed
    }

    /// What is packed of an operand that others read too is left with it.
    private func kept(
      _ place: ReferenceWritableKeyPath<Buffer, Buffer?>, _ pack: () -> Buffer
    ) -> Buffer {
      guard !isTransposed, alpha == 1, x.buffer.isShared else { return pack() }
      if let packed = x.buffer[keyPath: place] { return packed }
      let packed = pack()
      x.buffer[keyPath: place] = packed
      return packed
    }

    private func freshBands() -> Buffer {
      precondition(!isTransposed, "product: bands of a transposed operand")
      let (rows, depth, band) = (Int64(rows), Int64(depth), Int(K_BAND))
      let result = Buffer((x.rows + band - 1) / band * band * x.columns)
      if isBF16 {
        let pairs = UnsafeMutableRawPointer(result.start).assumingMemoryBound(to: UInt32.self)
        k_gemm_pack_bands_bf16(pairs, x.start, rows, depth, alpha)
      } else {
        k_gemm_pack_bands_f32(result.start, x.start, rows, depth, alpha)
      }
      return result
    }

    private func freshPanels() -> Buffer {
      let panel = Gemm.panel, result = Buffer(Gemm.packedCount(rows: rows, depth: depth))
      let depth = Int64(depth), stride = Int64(x.columns)
      Parallel.ranges(rows, grain: max(1, 65536 / (panel * x.rows)) * panel) { range in
        guard isTransposed else {
          return Gemm.packRows(result, x, range, alpha: alpha, asBF16: isBF16)
        }
        let source = x.start + range.lowerBound, count = Int64(range.count)
        if isBF16 {
          let target = Gemm.pairs(result, at: range.lowerBound, depth: Int(depth))
          k_gemm_pack_columns_bf16(target, source, count, depth, stride, alpha)
        } else {
          let target = result.start + range.lowerBound * Int(depth)
          k_gemm_pack_columns_f32(target, source, count, depth, stride, alpha)
        }
      }
      return result
    }
  }

  /// left · right, or left · rightᵀ, where right is a weight's rows, all or some.
  struct Term {
    let left: Left, right: Weight, rows: Range<Int>, isTransposed: Bool

    init(_ left: Left, _ right: Weight, rows: Range<Int>? = nil, isTransposed: Bool = false) {
      let rows = rows ?? 0..<right.rows
      precondition(
        left.depth == (isTransposed ? right.columns : rows.count) && rows.upperBound <= right.rows,
        "product: depth \(left.depth) and \(rows) of [\(right.rows), \(right.columns)]"
          + (isTransposed ? " transposed" : ""))
      self.left = left
      self.right = right
      self.rows = rows
      self.isTransposed = isTransposed
    }

    init(_ left: Left, _ right: Tensor, isTransposed: Bool = false) {
      self.init(left, .tensor(right), isTransposed: isTransposed)
    }

    var columns: Int { isTransposed ? rows.count : right.columns }
  }

  /// C := beta · C + Σ terms; C's rows lie `columns` apart. beta is 0 or 1.
  static func sum(
    _ c: UnsafeMutablePointer<Float>, _ terms: [Term], beta: Float = 0,
    by engine: GemmEngine = .chosen
  ) {
    guard let first = terms.first, first.left.rows > 0 else { return }
    let rows = first.left.rows, columns = first.columns
    precondition(
      terms.allSatisfy { $0.left.rows == rows && $0.columns == columns },
      "product: terms of different shapes")
    Stopwatch.count(
      flops: terms.reduce(0) { $0 + 2 * Double(rows * columns) * Double($1.left.depth) })
    // Nobody but our own kernels gives few rows the bits of many.
    let isolates = ForwardPass.current.isolatesRows || engine == .packed
    if isolates, rows <= Int(K_BANDED_ROWS),
      terms.allSatisfy({ $0.isTransposed && !$0.left.isTransposed })
    {
      return bandSum(c, terms, rows, columns, beta)
    }
    switch engine {
    case .openBLAS where !first.left.isBF16: blasSum(c, terms, rows, columns, beta)
    default: packedSum(c, terms, rows, columns, beta)
    }
  }

  /// C [depth, n] := beta · C + alpha · leftᵀ · right for a narrow right [rows, n], from left's panels;
  /// those of bf16 hold pairs of depths, so that another packing serves better.
  static func outer(
    _ c: UnsafeMutablePointer<Float>, _ left: Left, _ right: Tensor, alpha: Float, beta: Float
  ) {
    precondition(
      left.rows == right.rows && !left.isTransposed && left.alpha == 1,
      "product: [\(left.rows), \(left.depth)] transposed and \(right.shape)")
    if left.isBF16 {
      return sum(c, [Term(Left(left.x, isTransposed: true, alpha: alpha), right)], beta: beta)
    }
    Stopwatch.count(flops: 2 * Double(left.rows * left.depth * right.columns))
    let packed = left.packed.start
    Parallel.ranges(left.depth, grain: 256) { range in
      k_gemm_outer_f32(
        c, packed, right.start, Int64(right.rows), Int64(left.depth), Int64(right.columns),
        Int64(range.lowerBound), Int64(range.upperBound), alpha, beta)
    }
  }

  /// y [t, outputs] := x [t, inputs] · Wᵀ.
  static func forward(_ y: Tensor, _ x: Tensor, _ weight: Weight) {
    if x.rows <= FewRows.most { return FewRows.product(y, x, weight) }
    sum(y.start, [Term(Left(x), weight, isTransposed: true)])
  }

  // MARK: Packed

  /// The rows of a left operand's panel, the columns of a right operand's.
  static let (panel, rightPanel): (Int, Int) = {
    var rows: Int64 = 0, columns: Int64 = 0
    k_gemm_panel_f32(&rows, &columns)
    return (Int(rows), Int(columns))
  }()
  private static let strip = Int(K_GEMM_STRIP)

  /// Packs the rows of alpha · x from a panel's first one on, into their place among x's panels.
  static func packRows(
    _ packed: Buffer, _ x: Tensor, _ rows: Range<Int>, alpha: Float = 1, asBF16 isBF16: Bool
  ) {
    let first = rows.lowerBound, count = Int64(rows.count), depth = Int64(x.columns)
    let source = x.start + first * x.columns
    if isBF16 {
      let target = pairs(packed, at: first, depth: x.columns)
      k_gemm_pack_rows_bf16(target, source, count, depth, depth, alpha)
    } else {
      k_gemm_pack_rows_f32(packed.start + first * x.columns, source, count, depth, depth, alpha)
    }
  }

  /// The place of a row's panel in a left operand of bf16.
  fileprivate static func pairs(_ packed: Buffer, at row: Int, depth: Int)
    -> UnsafeMutablePointer<UInt32>
  {
    let start = UnsafeMutableRawPointer(packed.start).assumingMemoryBound(to: UInt32.self)
    return start + row * ((depth + 1) / 2)
  }

  /// Numbers of a packed right operand.
  static func rightCount(depth: Int, columns: Int) -> Int {
    (columns + rightPanel - 1) / rightPanel * rightPanel * depth
  }

  /// Numbers of a packed left operand; of bf16, twice as many as it takes.
  static func packedCount(rows: Int, depth: Int) -> Int {
    (rows + panel - 1) / panel * panel * depth
  }

  private static func descriptors(
    _ terms: [Term], _ packed: (Left) -> Buffer
  ) -> [k_term] {
    terms.map {
      k_term(
        a: packed($0.left).start, depth: Int64($0.left.depth), b: $0.right.descriptor,
        bFirst: Int64($0.rows.lowerBound), isTransposed: $0.isTransposed ? 1 : 0)
    }
  }

  /// The same sums to the last bit, for few rows.
  private static func bandSum(
    _ c: UnsafeMutablePointer<Float>, _ terms: [Term], _ rows: Int, _ columns: Int, _ beta: Float
  ) {
    let descriptors = descriptors(terms, \.bands)
    let kernel = terms[0].left.isBF16 ? k_gemm_bands_bf16 : k_gemm_bands_f32
    let depth = terms.reduce(0) { $0 + $1.left.depth }
    withExtendedLifetime(terms) {
      Parallel.ranges(columns, grain: bandGrain(columns, work: rows * columns * depth)) { range in
        kernel(
          c, Int64(columns), Int64(rows), descriptors, Int64(descriptors.count),
          Int64(range.lowerBound), Int64(range.count), beta)
      }
    }
  }

  /// How many columns a thread takes at once. This cut may follow the number of threads, since no number
  /// of the output depends on it; small products are not worth a second thread.
  private static func bandGrain(_ columns: Int, work: Int) -> Int {
    let threads = Parallel.threads
    if threads == 1 || work < 1 << 18 { return columns }
    let pieces = min(16 * threads, max(threads, work >> 20))
    return (columns + 16 * pieces - 1) / (16 * pieces) * 16
  }

  private static func packedSum(
    _ c: UnsafeMutablePointer<Float>, _ terms: [Term], _ rows: Int, _ columns: Int, _ beta: Float
  ) {
    let descriptors = descriptors(terms, \.packed)
    let strips = (columns + strip - 1) / strip, block = rowBlock(rows, strips: strips)
    let blocks = (rows + block - 1) / block
    let kernel = terms[0].left.isBF16 ? k_gemm_strip_bf16 : k_gemm_strip_f32
    withExtendedLifetime(terms) {
      Parallel.run(strips * blocks) { task in
        let column = task / blocks * strip, row = task % blocks * block
        kernel(
          c, Int64(columns), Int64(row), Int64(min(block, rows - row)), descriptors,
          Int64(descriptors.count), Int64(column), Int64(min(strip, columns - column)), beta)
      }
    }
  }

  /// Rows of one piece: as many as share the cache with a strip, fewer where the output has too few
  /// strips to keep the threads busy.
  private static func rowBlock(_ rows: Int, strips: Int) -> Int {
    let panels = (rows + panel - 1) / panel
    let blocks = max((rows + 639) / 640, min(panels, (8 + strips - 1) / strips))
    return (panels + blocks - 1) / blocks * panel
  }

  // MARK: OpenBLAS

  private static func blasSum(
    _ c: UnsafeMutablePointer<Float>, _ terms: [Term], _ rows: Int, _ columns: Int, _ beta: Float
  ) {
    // Part by part of the depth, so that the scratch stays near 1 MiB.
    let width = 256, part = 1024
    Parallel.ranges(columns, grain: width) { range in
      var factor = beta
      for term in terms {
        let left = term.left, depth = left.depth
        for first in stride(from: 0, to: depth, by: part) {
          let depths = first..<min(first + part, depth)
          let (some, tileColumns) = term.isTransposed ? (range, depths) : (depths, range)
          let tileRows =
            some.lowerBound + term.rows.lowerBound..<some.upperBound + term.rows.lowerBound
          let tile = Buffer(tileRows.count * tileColumns.count)
          term.right.read(tileRows, tileColumns, into: tile.start)
          k_gemm_f32(
            left.isTransposed ? 1 : 0, term.isTransposed ? 1 : 0, Int64(rows), Int64(range.count),
            Int64(depths.count), left.alpha,
            left.x.start + (left.isTransposed ? first * left.x.columns : first),
            Int64(left.x.columns), tile.start, Int64(tileColumns.count), factor,
            c + range.lowerBound, Int64(columns))
          factor = 1
        }
      }
    }
  }
}
