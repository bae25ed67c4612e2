#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What templates need of the C library.
enum SystemLibrary {
  /// `base` to the power of `exponent`.
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

  /// The local time now, in C's `strftime` format.
  static func timeNow(format: String) -> String {
    guard !format.isEmpty else { return "" }
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 256 + 16 * format.utf8.count)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
