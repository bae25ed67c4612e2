import CKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct TapeTests {
  static func tensor(_ rows: Int, _ columns: Int, _ salt: UInt64) -> Tensor {
    let random = Random(seed: salt)
    return Tensor(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { Float(random.normal($0)) })
  }

  /// A passed-through gradient is shared by both branches; adding to one must not change the other.
  @Test func sharedGradientsAreNotCorrupted() {
    let a = Self.tensor(2, 3, 1).asLeaf(), b = Self.tensor(2, 3, 2).asLeaf()
    var g = Gradients()
    // d/da = 1 + 2 + 1, d/db = 1
    ((a + b) + (2 * a) + a).backward(into: &g)
    #expect(g[a.slot!]!.values.allSatisfy { $0 == 4 })
    #expect(g[b.slot!]!.values.allSatisfy { $0 == 1 })
  }

  @Test func constantsRecordNothing() {
    let a = Self.tensor(2, 3, 1)
    #expect((a + a).slot == nil)
    #expect(Recording.off { (a.asLeaf() + a).slot } == nil)
    #expect((a.asLeaf() + a).slot != nil)
  }

  @Test func gradientsOfSeveralPassesAddUp() {
    let a = Self.tensor(2, 3, 1).asLeaf()
    var g = Gradients()
    for _ in 0..<3 { (0.5 * a).backward(into: &g) }
    #expect(g[a.slot!]!.values.allSatisfy { $0 == 1.5 })
  }

  /// ⟨J v, u⟩ = ⟨v, Jᵀ u⟩ by central differences in f32, for operations made of matrix products.
  func checkAdjoint(
    _ x: Tensor, tolerance: Float = 2e-2, _ body: (Tensor) -> Tensor,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let v = Self.tensor(x.rows, x.columns, 91)
    let leaf = x.asLeaf(), y = body(leaf), u = Self.tensor(y.rows, y.columns, 92)
    var g = Gradients()
    y.backward(from: u, into: &g)
    let step: Float = 1e-2
    let plus = body(x + step * v), minus = body(x + (-step) * v)
    let forward = zip(zip(plus.values, minus.values), u.values).reduce(0.0) {
      $0 + Double($1.0.0 - $1.0.1) * Double($1.1)
    }
    let directional = forward / Double(2 * step)
    let reverse = zip(v.values, g[leaf.slot!]!.values).reduce(0.0) {
      $0 + Double($1.0) * Double($1.1)
    }
    #expect(
      abs(directional - reverse) < Double(tolerance) * max(1, abs(directional)),
      "forward \(directional), reverse \(reverse)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [1, 5, 40]) func projection(rows: Int) {
    let w = Self.tensor(35, 20, 3), b = Self.tensor(1, 35, 4), x = Self.tensor(rows, 20, 5)
    checkAdjoint(x) { project($0, .tensor(w), bias: b) }
    checkAdjoint(w) { project(x, .tensor($0), bias: b) }
    checkAdjoint(b) { project(x, .tensor(w), bias: $0) }
  }

  @Test func lowRankUpdate() {
    let x = Self.tensor(9, 20, 1), a = Self.tensor(4, 20, 2), b = Self.tensor(30, 4, 3)
    let w = Self.tensor(30, 20, 4)
    let dropout = Dropout(rate: 0.25, random: Random(seed: 7))
    for dropout in [nil, dropout] {
      func y(_ x: Tensor, _ a: Tensor, _ b: Tensor, _ w: Tensor) -> Tensor {
        project(x, .tensor(w), plus: LowRank(a, b, scale: 0.5, dropout: dropout))
      }
      checkAdjoint(x) { y($0, a, b, w) }
      checkAdjoint(a) { y(x, $0, b, w) }
      checkAdjoint(b) { y(x, a, $0, w) }
      checkAdjoint(w) { y(x, a, b, $0) }
    }
  }

  @Test func attentionAndRope() {
    let heads = HeadShape(queries: 4, keys: 2, width: 6), segments = Segments(lengths: [5, 1, 200])
    let q = Self.tensor(206, 24, 1), k = Self.tensor(206, 12, 2), v = Self.tensor(206, 12, 3)
    let all = Asking(segments), some = Asking(segments, tokens: [1, 4, 5, 70, 71, 205])
    checkAdjoint(q) { attend($0, k, v, all, heads: heads) }
    checkAdjoint(k) { attend(q, $0, v, all, heads: heads) }
    checkAdjoint(v) { attend(q, k, $0, all, heads: heads) }
    checkAdjoint(k) { attend(selectRows(q, some.tokens), $0, v, some, heads: heads) }
    let whole = selectRows(attend(q, k, v, all, heads: heads), some.tokens).values
    let part = attend(selectRows(q, some.tokens), k, v, some, heads: heads).values
    expectClose(whole, part, atol: 1e-6, rtol: 0)
    let table = RotaryTable(positions: segments.positions, frequencies: [1, 0.3, 0.01], scale: 1.3)
    checkAdjoint(q) { rope($0, table, heads: 4) }
  }

  /// Windows shorter than a block, longer than one, and longer than all but one segment.
  @Test(arguments: [1, 7, 64, 130, 300, 500]) func windowedAttention(window: Int) {
    let heads = HeadShape(queries: 4, keys: 2, width: 6), segments = Segments(lengths: [5, 1, 420])
    let q = Self.tensor(426, 24, 1), k = Self.tensor(426, 12, 2), v = Self.tensor(426, 12, 3)
    let all = Asking(segments), some = Asking(segments, tokens: [1, 4, 5, 70, 71, 300, 425])
    func y(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ asking: Asking) -> Tensor {
      attend(q, k, v, asking, heads: heads, window: window)
    }
    checkAdjoint(q) { y($0, k, v, all) }
    checkAdjoint(k) { y(q, $0, v, all) }
    checkAdjoint(v) { y(q, k, $0, all) }
    checkAdjoint(k) { y(selectRows(q, some.tokens), $0, v, some) }
    let whole = y(q, k, v, all)
    let part = y(selectRows(q, some.tokens), k, v, some).values
    expectClose(selectRows(whole, some.tokens).values, part, atol: 1e-6, rtol: 0)
    // Each token alone, over the tokens that it sees.
    for token in [0, 4, 5, 6, 12, 69, 70, 135, 306, 425] {
      let start = segments.offsets.last { $0 <= token } ?? 0
      let seen = Array(max(start, token - window + 1)...token)
      let alone = attend(
        selectRows(q, [token]), selectRows(k, seen), selectRows(v, seen),
        Asking(Segments(lengths: [seen.count]), tokens: [seen.count - 1]), heads: heads)
      expectClose(alone.values, whole.row(token), atol: 1e-6, rtol: 0, "token \(token)")
    }
  }

  @Test func headAndLoss() {
    let x = Self.tensor(7, 12, 1), w = Self.tensor(50, 12, 2),
      targets = (0..<7).map { Int32($0 * 7) }
    checkAdjoint(x) { crossEntropy($0, .tensor(w), targets: targets).sum }
    checkAdjoint(w) { crossEntropy(x, .tensor($0), targets: targets).sum }
    // Any function of log-probabilities, by its derivative.
    let slopes = (0..<7).map { Float($0) / 3 - 1 }
    func weighted(_ x: Tensor, _ w: Tensor) -> Tensor {
      let log = logProbabilities(x, .tensor(w), targets: targets)
      let value = zip(slopes, log.values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      return log.objective(value, derivative: slopes)
    }
    checkAdjoint(x) { weighted($0, w) }
    checkAdjoint(w) { weighted(x, $0) }
  }

  /// The entropy that the kept rows know, against the whole distribution.
  @Test func entropyOfTheHead() throws {
    let x = Self.tensor(5, 12, 1), w = Self.tensor(50, 12, 2)
    let log = logProbabilities(x.asLeaf(), .tensor(w), targets: [0, 9, 20, 31, 49])
    let scores = project(x, .tensor(w))
    let entropies = try #require(log.entropies)
    for row in 0..<5 {
      let powers = scores.row(row).map { exp(Double($0)) }, sum = powers.reduce(0, +)
      let shares = powers.map { $0 / sum }
      let expected = shares.reduce(0.0) { (total: Double, p: Double) in
        total - p * Foundation.log(p)
      }
      #expect(abs(entropies[row] - expected) < 1e-4)
    }
    #expect(logProbabilities(x, .tensor(w), targets: [0, 0, 0, 0, 0]).entropies == nil)
  }

  @Test func rowsAndEmbeddings() {
    let x = Self.tensor(6, 4, 1)
    checkAdjoint(x) { selectRows($0, [5, 0, 0, 3]) }
    checkAdjoint(x) { embed([1, 5, 1, 2], .tensor($0)) }
  }

  @Test func checkpointHasTheSameBits() {
    let x = Self.tensor(9, 20, 1).asLeaf(), w = Self.tensor(20, 20, 2).asLeaf()
    let body: (Tensor) -> Tensor = { x in
      swiglu(project(x, .tensor(w)), project(x, .tensor(w))) + x
    }
    var plain = Gradients(), again = Gradients()
    body(body(x)).backward(into: &plain)
    checkpoint(checkpoint(x, body), body).backward(into: &again)
    #expect(plain[x.slot!]!.values == again[x.slot!]!.values)
    #expect(plain[w.slot!]!.values == again[w.slot!]!.values)
  }

  /// What is computed again on the way back is not kept, and has the same numbers.
  @Test func recalledValuesAreNotKept() {
    let x = Self.tensor(5, 8, 1).asLeaf(), w = Self.tensor(1, 8, 2)
    let a = Self.tensor(2, 8, 3).asLeaf(), b = Self.tensor(6, 2, 4).asLeaf()
    weak var norm: Buffer?
    let numbers: [Float]
    let y: Tensor
    do {
      let n = rmsNorm(x, w, eps: 1e-6)
      norm = n.buffer
      numbers = n.values
      y = project(n, .tensor(Self.tensor(6, 8, 5)), plus: LowRank(a, b, scale: 1))
      #expect(Kept(n).value.values == numbers)
    }
    #expect(norm == nil, "the projection must not hold what it can compute again")
    var g = Gradients()
    y.backward(into: &g)
    #expect(g[a.slot!] != nil && g[x.slot!] != nil)
  }

  @Test func timeIsCountedOnce() {
    let watch = Stopwatch(), x = Self.tensor(40, 30, 1).asLeaf(), w = Self.tensor(30, 30, 2)
    watch.measure {
      var g = Gradients()
      swiglu(project(x, .tensor(w)), project(x, .tensor(w))).backward(into: &g)
    }
    let entries = Dictionary(uniqueKeysWithValues: watch.entries)
    #expect(Set(entries.keys) == ["Projection", "SwiGLU"])
    #expect(entries["Projection"]?.flops == 288_000.0)
    #expect(entries.values.allSatisfy { $0.forward > 0 && $0.backward > 0 })
    _ = project(x, .tensor(w))
    #expect(watch.entries.first { $0.name == "Projection" }?.entry.flops == 288_000.0)
  }

  @Test func dropoutIsTheSameInAnyPartition() {
    let dropout = Dropout(rate: 0.3, random: Random(seed: 5, stream: 9))
    let x = Tensor(rows: 300, columns: 301, repeating: 1)
    let whole = dropout.applied(to: x).values
    // Any part, from any element on, has the whole's mask.
    for (first, count) in [(0, 5), (3, 70), (61, 130), (64, 64), (4097, 1)] {
      var part = [Float](repeating: 2, count: count)
      let ones = [Float](repeating: 1, count: count)
      k_dropout_f32(&part, ones, Int64(count), 5, 9, Int64(first), 0.7, 0)
      #expect(part == Array(whole[first..<first + count]))
    }
    for index in [0, 3, 4, 77, 9_000] {
      var words = [UInt32](repeating: 0, count: 4)
      k_philox(&words, 5, UInt64(index / 4), 9)
      #expect((whole[index] != 0) == (Double(words[index % 4]) < Double(Float(0.7)) * 0x1p32))
    }
    let kept = whole.count { $0 != 0 }
    #expect(abs(Double(kept) / Double(whole.count) - 0.7) < 0.01)
    #expect(Set(whole) == [0, 1 / 0.7])
  }
}

@Suite(.serialized) struct ThreadTests {
  @Test func resultsHaveTheSameBitsOnAnyNumberOfThreads() {
    let before = Parallel.threads
    defer { Parallel.threads = before }
    func run() -> [[Float]] {
      let x = TapeTests.tensor(150, 96, 1).asLeaf(), w = TapeTests.tensor(96, 96, 2).asLeaf()
      let segments = Segments(lengths: [20, 130])
      let heads = HeadShape(queries: 4, keys: 2, width: 24)
      let q = project(x, .tensor(w))
      let k = project(x, .tensor(TapeTests.tensor(48, 96, 3)))
      let y = attend(q, k, k, Asking(segments), heads: heads) + x
      let loss = crossEntropy(
        rmsNorm(y, Tensor(rows: 1, columns: 96, repeating: 1), eps: 1e-6), .tensor(w),
        targets: (0..<150).map { Int32($0 % 96) })
      var g = Gradients()
      loss.sum.backward(into: &g)
      return [loss.tokens, g[x.slot!]!.values, g[w.slot!]!.values]
    }
    Parallel.threads = 1
    let one = run()
    for threads in [2, 3, 8] {
      Parallel.threads = threads
      #expect(run() == one)
    }
  }
}
