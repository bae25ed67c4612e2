import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Who multiplies matrices.
public enum GemmEngine: String, Sendable, CaseIterable {
  /// Our own micro-kernels on packed panels.
  case packed
  /// OpenBLAS on tiles that were converted to f32 first.
  case openBLAS = "openblas"

  /// The one in use: the default, or what `HOST_GEMM` says.
  public static let chosen = wish.flatMap(GemmEngine.init(rawValue:)) ?? preferred

  /// Why it is in use.
  public static var reason: String {
    wish.flatMap(GemmEngine.init(rawValue:)) == nil
      ? "the default for \(Engine.instructionSet)" : "HOST_GEMM says so"
  }

  /// The default: what `bench gemm` measured to be faster, never what happens to be so at run time.
  ///
  /// GFLOP/s on two cores (Zen 5; Qwen3-0.6B's projections and head, 512 rows, weights in bf16 and
  /// NF4, lowest to highest median forward and backward; LoRA: its skinny products, rank 16):
  ///
  ///     kernels     FMA ceiling  packed   LoRA     OpenBLAS              LoRA
  ///     AVX-512             511  427–465  109–202  402–443 (SkylakeX)     83–235
  ///     AVX2                260  231–246  129–159  226–238 (Haswell)      92–169
  ///     portable C          120   85–89    62–83    82–88  (Prescott)     25–68
  ///                                                198–206 (Sandybridge)  64–136
  ///
  /// Portable C is as fast as OpenBLAS's kernels for SSE. But a processor that needs it may have AVX,
  /// for which OpenBLAS has kernels and we have none.
  static var preferred: GemmEngine {
    switch k_process_instruction_set() {
    case K_AVX512, K_AVX2: .packed
    default: .openBLAS
    }
  }

  /// What is wrong with `HOST_GEMM`, or nil.
  static var fault: String? {
    guard let wish, GemmEngine(rawValue: wish) == nil else { return nil }
    return "HOST_GEMM: '\(wish)' is neither packed nor openblas"
  }

  /// What `HOST_GEMM` says, if anything.
  private static var wish: String? {
    getenv("HOST_GEMM").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
