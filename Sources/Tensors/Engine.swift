import CKernels

/// What the engine runs on.
public enum Engine {
  /// Checks `HOST_INSTRUCTION_SET` and `HOST_GEMM`, and opens OpenBLAS where it is to multiply; what
  /// is wrong, or nil. Call before the first product for a clean message.
  public static func open() -> String? {
    k_instruction_set_fault().map { String(cString: $0) } ?? GemmEngine.fault
      ?? (GemmEngine.chosen == .openBLAS ? openBLAS() : nil)
  }

  /// Opens OpenBLAS; why it cannot be opened, or nil. Nobody else needs it to be there.
  public static func openBLAS() -> String? { k_blas_open().map { String(cString: $0) } }

  /// The instruction set of our kernels: `AVX-512`, `AVX2` or `portable C`.
  public static var instructionSet: String {
    switch k_current_instruction_set() {
    case K_AVX512: "AVX-512"
    case K_AVX2: "AVX2"
    default: "portable C"
    }
  }

  /// The instruction set as a number: a lower one is a part of a higher one.
  public static var instructionSetRank: Int { Int(k_process_instruction_set().rawValue) }

  /// Keeps to a lower instruction set; before the first product.
  public static func lowerInstructionSet(to rank: Int) {
    k_lower_process_instruction_set(k_instruction_set(rawValue: UInt32(rank)))
  }

  /// Whether the processor multiplies bf16 numbers (AVX512-BF16).
  public static var hasBF16: Bool { k_bf16_available() != 0 }

  /// Whether matrix products round their operands to bf16, which doubles their speed; sums and all
  /// else stay f32. Set it once before the work; without `hasBF16` it stays false.
  public static var usesBF16: Bool {
    get { k_bf16_in_use() != 0 }
    set { k_use_bf16(newValue ? 1 : 0) }
  }

  /// The core type whose kernels OpenBLAS uses; empty until it is opened.
  public static var blasCore: String { String(cString: k_blas_core()) }
  /// OpenBLAS's version and build options; empty until it is opened.
  public static var blasConfiguration: String { String(cString: k_blas_configuration()) }

  /// GFLOP/s of multiply-adds in registers on all threads: what no product can exceed.
  public static func ceiling() -> Double {
    let rounds: Int64 = 4_000_000, threads = Parallel.threads
    let clock = ContinuousClock()
    var best = 0.0
    for _ in 0..<5 {
      var flops = 0.0
      let time = clock.measure {
        Parallel.run(threads) { index in
          var own = 0.0
          k_fma_ceiling_f32(&own, rounds)
          if index == 0 { flops = own * Double(threads) }
        }
      }
      best = max(best, flops / seconds(time) / 1e9)
    }
    return best
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
