#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What templates need of the C library.
enum SystemLibrary {
  /// `base` to the power of `exponent`.
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

  /// The digits of C's `%.<precision>e` or `f`, of the exact value, correctly rounded.
  static func digits(of value: Double, precision: Int, form: Character) -> String {
    var buffer = [CChar](repeating: 0, count: 400 + precision)
    let count = withVaList([Int32(precision), value]) {
      vsnprintf(&buffer, buffer.count, "%.*\(form)", $0)
    }
    return String(decoding: buffer[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
