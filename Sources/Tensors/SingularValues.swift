/// The greatest singular values of a matrix with their vectors.
public struct LeadingSingular {
  /// [values, outputs] and [values, inputs]: orthonormal rows.
  public let left: Tensor, right: Tensor
  /// Falling.
  public let values: [Double]
}

extension Weight {
  /// The `count` greatest singular values and their vectors, by subspace iteration (Halko et al. 2011,
  /// algorithm 4.4) from numbers that `random` draws. `iterations`: how many; nil: until the values stand
  /// still.
  public func leadingSingular(_ count: Int, iterations: Int?, _ random: Random) -> LeadingSingular {
    let least = min(rows, columns), size = min(count + 10, least)
    precondition(count > 0 && count <= least, "singular: \(count) of [\(rows), \(columns)]")
    var right = Tensor(size, columns)
    for index in 0..<right.count { right.start[index] = Float(random.normal(index)) }
    var found = step(&right), before: [Double] = []
    for number in 0..<(iterations ?? 64) {
      if iterations == nil, number > 0, Self.stand(still: found.values, before, count) { break }
      before = found.values
      found = step(&right)
    }
    return LeadingSingular(
      left: selectRows(found.left, Array(0..<count)),
      right: selectRows(found.right, Array(0..<count)), values: Array(found.values.prefix(count)))
  }

  private static func stand(still values: [Double], _ before: [Double], _ count: Int) -> Bool {
    zip(values, before).prefix(count).allSatisfy { abs($0 - $1) <= 1e-7 * max(values[0], 1e-30) }
  }

  /// One iteration from the rows of `right`, which become the next ones: U = orth(V Wᵀ), Z = U W, and the
  /// singular vectors within their span.
  private func step(_ right: inout Tensor) -> LeadingSingular {
    let size = right.rows, left = Tensor(size, rows), next = Tensor(size, columns)
    orthonormalizeRows(right)
    Gemm.sum(left.start, [Gemm.Term(.init(right), self, isTransposed: true)])
    orthonormalizeRows(left)
    Gemm.sum(next.start, [Gemm.Term(.init(left), self)])
    right = next
    var gram = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
    for i in 0..<size { for j in 0...i { gram[i][j] = next.dot(i, j) } }
    for i in 0..<size { for j in i..<size { gram[i][j] = gram[j][i] } }
    let (values, vectors) = eigen(gram)
    let turn = Tensor(rows: size, columns: size, values: vectors.flatMap { $0.map(Float.init) })
    let u = Tensor(size, rows), v = Tensor(size, columns)
    Gemm.sum(u.start, [Gemm.Term(.init(turn), left)])
    Gemm.sum(v.start, [Gemm.Term(.init(turn), next)])
    orthonormalizeRows(v)
    return LeadingSingular(left: u, right: v, values: values.map { max($0, 0).squareRoot() })
  }

  /// The first `count` columns of Q, and rows of R, of W = Q R.
  public func leadingQR(_ count: Int) -> (q: Tensor, r: Tensor) {
    precondition(count <= min(rows, columns), "QR: \(count) of [\(rows), \(columns)]")
    let whole = tensor(), transposed = Tensor(count, rows), r = Tensor(count, columns)
    for row in 0..<rows {
      for column in 0..<count {
        transposed.start[column * rows + row] = whole.start[row * columns + column]
      }
    }
    orthonormalizeRows(transposed)
    Gemm.sum(r.start, [Gemm.Term(.init(transposed), whole)])
    return (transposed.transposed(), r)
  }
}

/// Makes the rows of x orthonormal, each in turn against those before it, twice, in double.
public func orthonormalizeRows(_ x: Tensor) {
  let columns = x.columns
  var done: [[Double]] = []
  for row in 0..<x.rows {
    var vector = (0..<columns).map { Double(x.start[row * columns + $0]) }
    for _ in 0..<2 {
      for other in done {
        var dot = 0.0
        for c in 0..<columns { dot += vector[c] * other[c] }
        for c in 0..<columns { vector[c] -= dot * other[c] }
      }
    }
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    if norm > 0 { for c in 0..<columns { vector[c] /= norm } }
    done.append(vector)
    for c in 0..<columns { x.start[row * columns + c] = Float(vector[c]) }
  }
}

extension Tensor {
  fileprivate func dot(_ i: Int, _ j: Int) -> Double {
    var sum = 0.0
    for c in 0..<columns { sum += Double(start[i * columns + c]) * Double(start[j * columns + c]) }
    return sum
  }

  /// The transpose, a constant.
  public func transposed() -> Tensor {
    let result = Tensor(columns, rows)
    for row in 0..<rows {
      for column in 0..<columns {
        result.start[column * rows + row] = start[row * columns + column]
      }
    }
    return result
  }
}

/// Eigenvalues of a symmetric matrix, falling, and their vectors as rows, by Jacobi's rotations.
private func eigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
  var a = matrix
  let n = a.count
  var v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0.0 } }
  for _ in 0..<60 {
    var off = 0.0, all = 0.0
    for i in 0..<n {
      for j in 0..<n {
        all += a[i][j] * a[i][j]
        if i != j { off += a[i][j] * a[i][j] }
      }
    }
    if off <= 1e-28 * all { break }
    for p in 0..<n {
      for q in (p + 1)..<max(n, p + 1) where a[p][q] != 0 {
        let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
        let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot(), s = t * c
        for k in 0..<n {
          (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q])
        }
        for k in 0..<n {
          (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k])
        }
        for k in 0..<n {
          (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k])
        }
      }
    }
  }
  let order = (0..<n).sorted { a[$0][$0] > a[$1][$1] }
  return (order.map { a[$0][$0] }, order.map { v[$0] })
}
