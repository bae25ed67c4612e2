import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The thread pool. Work is cut into pieces by its shape alone, never by the number of threads, and
/// each piece writes its own part of the output: results have the same bits on any machine load.
public enum Parallel {
  /// Threads in use, the caller included; `HOST_THREADS` or the cores this process may use.
  public static var threads: Int {
    get { Int(k_thread_count()) }
    set { k_set_thread_count(Int32(newValue)) }
  }

  /// What is wrong with `HOST_THREADS`, or nil. The default is used then, or the nearest number.
  public static var fault: String? {
    guard let text = getenv("HOST_THREADS").map({ String(cString: $0) }), !text.isEmpty else {
      return nil
    }
    let most = Int(k_most_threads())
    if let count = Int(text), (1...most).contains(count) { return nil }
    return "HOST_THREADS: '\(text)' is not a number of threads from 1 to \(most)"
  }

  /// Runs `body` for 0..<count in any order, on all threads; each call must write its own part of
  /// the results alone.
  public static func run(_ count: Int, _ body: (Int) -> Void) {
    guard count > 1 else {
      if count == 1 { body(0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { pointer in
        k_parallel(
          Int64(count),
          { context, index in
            context!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(index))
          }, pointer)
      }
    }
  }

  /// Cuts 0..<count into pieces of `grain` and runs `body` for each.
  static func ranges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let grain = max(grain, 1)
    run((count + grain - 1) / grain) { piece in
      body(piece * grain..<min((piece + 1) * grain, count))
    }
  }

  /// Cuts rows of `columns` numbers into pieces of about 16 K numbers.
  static func rows(_ rows: Int, columns: Int, _ body: (Range<Int>) -> Void) {
    ranges(rows, grain: max(1, 16384 / max(columns, 1)), body)
  }
}
