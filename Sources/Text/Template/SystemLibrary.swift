#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What templates need of the C library.
enum SystemLibrary {
  /// `base` to the power of `exponent`.
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
