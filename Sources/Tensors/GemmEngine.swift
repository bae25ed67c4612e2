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
    wish.flatMap(GemmEngine.init(rawValue:)) == nil ? "the default" : "HOST_GEMM says so"
  }

  /// The default for every instruction set, as `bench gemm` measured it: never what happens to be
  /// faster at run time, so that results have the same bits on every day.
  ///
  /// GFLOP/s on two Zen 5 cores, 512 rows, weights in bf16 and NF4, the lowest and the highest
  /// median forward and backward, for Qwen3-0.6B's projections and head and for a LoRA of rank 16:
  ///
  ///     kernels     FMA ceiling   packed   LoRA     OpenBLAS   LoRA
  ///     AVX-512     511           427–465  109–202  402–443     83–235 (SkylakeX)
  ///     AVX2        260           231–246  129–159  226–238     92–169 (Haswell)
  ///     portable C  120            85–89    62–83    82–88      25–68  (Prescott)
  ///
  /// A processor with AVX but not AVX2 runs portable C, while OpenBLAS has kernels for it that reach
  /// 200 here (Sandybridge). They are not the default, since a row's bits would depend on the rows
  /// beside it; `doctor` says so where it is the case.
  private static let preferred = GemmEngine.packed

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
