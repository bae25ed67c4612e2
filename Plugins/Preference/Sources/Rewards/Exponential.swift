#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The C library's e^x under a name of our own.
enum Exponential {
  static func of(_ x: Double) -> Double { exp(x) }
}
