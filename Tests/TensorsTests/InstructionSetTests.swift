import CKernels
import Foundation
import TestSupport
import Testing

/// Each instruction set's kernels against the same kernels in double.
@Suite(.serialized) struct InstructionSetTests {
  /// Those that this processor has.
  static let sets = [K_PORTABLE, K_AVX2, K_AVX512].filter(has)

  static func has(_ set: k_instruction_set) -> Bool {
    set.rawValue <= k_best_instruction_set().rawValue
  }

  // Skipped, and so told, where the tests of an instruction set have no processor to run on.
  @Test(.enabled(if: has(K_AVX2), "needs a processor with AVX2"))
  func avx2IsTried() { #expect(Self.sets.contains(K_AVX2)) }
  @Test(.enabled(if: has(K_AVX512), "needs a processor with AVX-512"))
  func avx512IsTried() { #expect(Self.sets.contains(K_AVX512)) }

  static func numbers(_ count: Int, _ salt: UInt64) -> [Float] {
    KernelGradientTests.numbers(count, salt).map(Float.init)
  }

  /// Runs `body` with `set`, which this processor must have.
  func with(_ set: k_instruction_set, _ body: () -> Void) {
    let old = k_current_instruction_set()
    #expect(k_use_instruction_set(set) == 1)
    defer { _ = k_use_instruction_set(old) }
    body()
  }

  @Test(arguments: sets.map(\.rawValue)) func exponentialsAreAccurate(set: UInt32) {
    with(k_instruction_set(set)) {
      let n = 4001
      let gate = (0..<n).map { Float($0 - 2000) / 25 }, up = [Float](repeating: 1, count: n)
      var y = [Float](repeating: 0, count: n)
      k_swiglu_f32(&y, gate, up, Int64(n))
      for index in 0..<n {
        let x = Double(gate[index]), expected = x / (1 + exp(-x))
        #expect(abs(Double(y[index]) - expected) <= 4e-7 * abs(expected) + 1e-37)
      }
    }
  }

  @Test(arguments: sets.map(\.rawValue)) func normsAndLossesAgreeWithDouble(set: UInt32) {
    with(k_instruction_set(set)) {
      let rows = 5, columns = 131, n = rows * columns
      let x = Self.numbers(n, 21), w = Self.numbers(columns, 22)
      var y = [Float](repeating: 0, count: n), rstd = [Float](repeating: 0, count: rows)
      k_rms_norm_f32(&y, &rstd, x, w, Int64(rows), Int64(columns), 1e-6)
      var exact = [Double](repeating: 0, count: n), exactRstd = [Double](repeating: 0, count: rows)
      k_rms_norm_f64(
        &exact, &exactRstd, x.map(Double.init), w.map(Double.init), Int64(rows), Int64(columns),
        1e-6)
      expectClose(y, exact, atol: 2e-6, rtol: 0)

      var scores = x.map { $0 * 8 }, sum = [Float](repeating: 0, count: rows), factor = sum
      var top = [Float](repeating: -.infinity, count: rows)
      var exactScores = scores.map(Double.init), exactSum = sum.map(Double.init)
      var exactTop = top.map(Double.init), exactFactor = exactSum
      let sizes = (Int64(rows), Int64(columns))
      k_online_softmax_f32(&scores, &top, &sum, &factor, sizes.0, sizes.1)
      k_online_softmax_f64(
        &exactScores, &exactTop, &exactSum, &exactFactor, sizes.0, sizes.1)
      expectClose(sum, exactSum, atol: 0, rtol: 2e-6)
      expectClose(scores, exactScores, atol: 1e-6, rtol: 0)
    }
  }

  @Test(arguments: sets.map(\.rawValue)) func storedNumbersConvert(set: UInt32) {
    with(k_instruction_set(set)) {
      let patterns = (0...UInt16.max).map { $0 }
      var halves = [Float](repeating: 0, count: patterns.count), brains = halves
      k_from_f16_f32(&halves, patterns, Int64(patterns.count))
      k_from_bf16_f32(&brains, patterns, Int64(patterns.count))
      for (index, pattern) in patterns.enumerated() {
        let half = Float(Float16(bitPattern: pattern))
        #expect(half.isNaN ? halves[index].isNaN : halves[index] == half)
        let brain = Float(bitPattern: UInt32(pattern) << 16)
        #expect(brain.isNaN ? brains[index].isNaN : brains[index] == brain)
      }
      var back = [UInt16](repeating: 0, count: 4)
      // Ties go to the even neighbor; NaN stays NaN.
      k_to_bf16_f32(
        &back, [1.00390625, 1.01171875, .nan, -.infinity], 4)
      #expect(back[0] == 0x3F80 && back[1] == 0x3F82 && back[3] == 0xFF80)
      #expect(Float(bitPattern: UInt32(back[2]) << 16).isNaN)
    }
  }

  /// Random123's published known answers for Philox4x32-10.
  @Test func philoxKnownAnswers() {
    var out = [UInt32](repeating: 0, count: 4)
    k_philox(&out, 0, 0, 0)
    #expect(out == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    k_philox(&out, .max, .max, .max)
    #expect(out == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
  }
}
