extension Weight {
  /// How the matrix is quantized; nil where it is not.
  public var quantization: Quantization? {
    switch self {
    case .nf4(let weight):
      if case .single = weight.scales { .nf4(double: false) } else { .nf4(double: true) }
    case .int8: .int8
    case .dense, .tensor: nil
    }
  }

  /// Gives pages back that were read of a mapped file; see `MappedFile.release`.
  public func release() { if case .dense(let stored) = self { stored.release() } }

  /// ‖this − other‖², for a matrix of the same shape; read row by row, in a fixed order.
  public func squaredDistance(to other: Weight) -> Double {
    precondition(
      rows == other.rows && columns == other.columns,
      "distance: [\(rows), \(columns)] and [\(other.rows), \(other.columns)]")
    var sums = [Double](repeating: 0, count: rows)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = sums
      Parallel.ranges(rows, grain: 64) { range in
        let one = Buffer(columns), two = Buffer(columns)
        for row in range {
          read(row..<row + 1, 0..<columns, into: one.start)
          other.read(row..<row + 1, 0..<columns, into: two.start)
          var sum = 0.0
          for column in 0..<columns {
            let difference = Double(one.start[column]) - Double(two.start[column])
            sum += difference * difference
          }
          sums[row] = sum
        }
      }
    }
    return sums.reduce(0, +)
  }
}
