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

  /// The default.
  static var preferred: GemmEngine {
    switch k_process_instruction_set() {
    case K_AVX512, K_AVX2: .packed
    default: .openBLAS
    }
  }

  /// What is wrong with `HOST_GEMM`, or nil.
  static var fault: String? {
    guard let wish, GemmEngine(rawValue: wish) == nil else { return nil }
    return "HOST_GEMM is '\(wish)'; it may be packed or openblas"
  }

  /// What `HOST_GEMM` says, if anything.
  private static var wish: String? {
    getenv("HOST_GEMM").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
