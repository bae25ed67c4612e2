import CKernels
import Testing

@testable import Tensors

/// Attention over caches against the same sums in double.
@Suite(.serialized) struct KeyValueCacheTests {
  static func exact(
    _ q: [Float], _ k: [Float], _ v: [Float], _ heads: HeadShape, window: Int?
  ) -> [Double] {
    let columns = heads.keys * heads.width, count = k.count / columns
    let keys = max(0, count - (window ?? count))..<count
    return (0..<heads.queries).flatMap { head in
      let first = head / heads.group * heads.width
      func dot(_ key: Int) -> Double {
        (0..<heads.width).reduce(0) {
          $0 + Double(q[head * heads.width + $1]) * Double(k[key * columns + first + $1])
        }
      }
      let scores = keys.map { dot($0) * Double(heads.scale) }
      let top = scores.max() ?? 0, weights = scores.map { exponential($0 - top) }
      let sum = weights.reduce(0, +)
      return (0..<heads.width).map { column in
        zip(keys, weights).reduce(0) {
          $0 + $1.1 / sum * Double(v[$1.0 * columns + first + column])
        }
      }
    }
  }

  /// exp for x ≤ 0, by halving until the series is short.
  static func exponential(_ x: Double) -> Double {
    let small = x / 1024
    var term = 1.0, sum = 1.0
    for n in 1...12 {
      term *= small / Double(n)
      sum += term
    }
    return (0..<10).reduce(sum) { power, _ in power * power }
  }

  @Test(
    arguments: InstructionSetTests.sets.map(\.rawValue),
    [(64, nil), (16, nil), (80, 16), (5, 1), (16, 17), (64, 5)])
  func rowsAttendToTheirCache(set: UInt32, shape: (width: Int, window: Int?)) {
    let (width, window) = shape
    let heads = HeadShape(queries: 4, keys: 2, width: width), columns = heads.keys * width
    let lengths = [1, 15, 16, 17, 40], most = 40
    let q = InstructionSetTests.numbers(lengths.count * heads.queries * width, 41)
    let k = InstructionSetTests.numbers(lengths.count * most * columns, 42)
    let v = InstructionSetTests.numbers(lengths.count * most * columns, 43)
    InstructionSetTests().with(k_instruction_set(set)) {
      let cache = KeyValueCache(sequences: lengths.count, heads: heads)
      var y: [Float] = []
      // Token by token; sequences leave when they are as long as they shall be.
      var active = Array(lengths.indices)
      for token in 0..<most {
        func rows(_ x: [Float]) -> Tensor {
          Tensor(
            rows: active.count, columns: columns,
            values: active.flatMap {
              x[($0 * most + token) * columns..<($0 * most + token + 1) * columns]
            })
        }
        let queries = active.flatMap {
          q[$0 * heads.queries * width..<($0 + 1) * heads.queries * width]
        }
        let segments = Segments(lengths: active.map { _ in 1 })
        let result = attend(
          Tensor(rows: active.count, columns: heads.queries * width, values: queries), rows(k),
          rows(v), Asking(segments), heads: heads, window: window, cache: cache)
        for (row, sequence) in active.enumerated() where lengths[sequence] == token + 1 {
          y += result.row(row)
        }
        let growing = active.indices.filter { lengths[active[$0]] > token + 1 }
        cache.keep(growing)
        active = growing.map { active[$0] }
      }
      for (sequence, length) in lengths.enumerated() {
        let size = heads.queries * width, first = sequence * most * columns
        let expected = Self.exact(
          Array(q[sequence * size..<(sequence + 1) * size]),
          Array(k[first..<first + length * columns]), Array(v[first..<first + length * columns]),
          heads, window: window)
        for (value, exact) in zip(y[sequence * size..<(sequence + 1) * size], expected) {
          #expect(abs(Double(value) - exact) < 2e-6, "length \(length)")
        }
      }
    }
  }
}

/// Sequences that share their beginning.
@Suite(.serialized) struct SharedCacheTests {
  /// So few numbers that one thread computes all: an instruction set is forced on this one alone.
  static let heads = HeadShape(queries: 2, keys: 1, width: 20)

  /// One token of each of some texts, and the answer of attention.
  struct Texts {
    let q: [Float], k: [Float], v: [Float], length: Int

    init(count: Int, length: Int) {
      let width = heads.width
      q = InstructionSetTests.numbers(count * length * heads.queries * width, 51)
      k = InstructionSetTests.numbers(count * length * heads.keys * width, 52)
      v = InstructionSetTests.numbers(count * length * heads.keys * width, 53)
      self.length = length
    }

    /// Tokens of text `from` stand where texts begin alike.
    func tensor(_ x: [Float], _ rows: [(text: Int, token: Int)], columns: Int) -> Tensor {
      Tensor(
        rows: rows.count, columns: columns,
        values: rows.flatMap { row in
          let first = (row.text * length + row.token) * columns
          return x[first..<first + columns]
        })
    }

    func attend(
      _ rows: [(text: Int, token: Int)], _ segments: [Int], _ cache: KeyValueCache, window: Int?
    ) -> Tensor {
      Tensors.attend(
        tensor(q, rows, columns: heads.queries * heads.width),
        tensor(k, rows, columns: heads.keys * heads.width),
        tensor(v, rows, columns: heads.keys * heads.width), Asking(Segments(lengths: segments)),
        heads: heads, window: window, cache: cache)
    }
  }

  /// Texts that read `shared` tokens of text 0, then their own: together over one cached beginning,
  /// leaving one after the other, and each alone.
  @Test(
    arguments: InstructionSetTests.sets.map(\.rawValue),
    [1, 16, 23, 70].flatMap { shared in [nil, 9, 30].map { (shared, $0) } })
  func rowsHaveTheSameBitsAloneAndAmongOthers(set: UInt32, shape: (shared: Int, window: Int?)) {
    let (shared, window) = shape
    let count = 9, length = shared + 80, texts = Texts(count: count, length: length)
    let ends = (0..<count).map { length - 7 * $0 }
    InstructionSetTests().with(k_instruction_set(set)) {
      func beginning() -> KeyValueCache {
        let cache = KeyValueCache(sequences: 1, heads: Self.heads)
        _ = texts.attend((0..<shared).map { (0, $0) }, [shared], cache, window: window)
        return cache
      }
      func grow(_ cache: KeyValueCache, _ some: [Int]) -> [Int: [Float]] {
        var active = some, last: [Int: [Float]] = [:]
        for token in shared..<length {
          let rows = active.map { (text: $0, token: token) }
          let y = texts.attend(rows, active.map { _ in 1 }, cache, window: window)
          for (row, text) in active.enumerated() where token + 1 == ends[text] {
            last[text] = y.row(row)
          }
          let growing = active.indices.filter { token + 1 < ends[active[$0]] }
          cache.keep(growing)
          active = growing.map { active[$0] }
          if active.isEmpty { break }
        }
        return last
      }
      let cache = KeyValueCache(sequences: 0, heads: Self.heads)
      // Two beginnings, so that neighbours share none.
      for first in [0, 5] {
        let beginning = beginning()
        for _ in first..<(first == 0 ? 5 : count) { cache.add(continuing: beginning, 0) }
      }
      let together = grow(cache, Array(0..<count))
      for text in 0..<count {
        #expect(grow(beginning(), [text])[text] == together[text], "text \(text)")
      }
    }
  }
}
