#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Zstandard, by the system's library, which is opened where a file needs it: every Debian and Ubuntu
/// has it, since their package manager does.
enum Zstandard {
  private typealias Decompress =
    @convention(c) (
      UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int
    ) -> Int

  private static let decompress: Decompress? = {
    guard let library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL),
      let symbol = dlsym(library, "ZSTD_decompress")
    else { return nil }
    return unsafeBitCast(symbol, to: Decompress.self)
  }()

  /// Unpacks `input`; gives the number of bytes, nil where it is no such stream or does not fit.
  static func unpack(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(ParquetError) -> Int? {
    guard let decompress else {
      throw ParquetError(
        "is compressed with zstd, and the system's libzstd.so.1 cannot be opened; install it (libzstd1"
          + " on Debian and Ubuntu), or write the file with snappy")
    }
    let count = decompress(output.baseAddress, output.count, input.baseAddress, input.count)
    // Faults are the numbers just below 2⁶⁴.
    return count >= 0 && count <= output.count ? count : nil
  }
}
