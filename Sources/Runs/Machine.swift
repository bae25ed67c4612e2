import CHostSupport
import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the operating system says of the machine.
public struct Machine {
  /// The processor's name, and those of its features that matter here.
  public let processor: String, features: [String]
  /// Cores this process may use.
  public let cores: Int
  /// Bytes of memory, and of what may still be taken; a container's limit counts.
  public let memory: Int, availableMemory: Int

  /// Asks the system.
  public init() {
    let cpu = Self.fields(ofFile: "/proc/cpuinfo")
    processor = cpu["model name"] ?? "unknown"
    let flags = Set((cpu["flags"] ?? "").split(separator: " ").map(String.init))
    features = Self.relevant.filter(flags.contains)
    cores = ProcessInfo.processInfo.activeProcessorCount
    let info = Self.fields(ofFile: "/proc/meminfo")
    func kibibytes(_ key: String) -> Int {
      (info[key]?.split(separator: " ").first).flatMap { Int($0) }.map { $0 * 1024 } ?? 0
    }
    let limit = Self.number(inFile: "/sys/fs/cgroup/memory.max") ?? Int.max
    let used = Self.number(inFile: "/sys/fs/cgroup/memory.current") ?? 0
    memory = min(kibibytes("MemTotal"), limit)
    availableMemory = min(kibibytes("MemAvailable"), limit == Int.max ? limit : limit - used)
  }

  /// The most memory this process has had in use so far, in MiB.
  public static var peakMemory: Double { Double(hs_peak_memory()) / 1_048_576 }

  /// The time since this process was started, by the system's clock of 10 ms.
  public static var secondsSinceStart: Double {
    // Field 22 of a line whose second field, the program's name, may hold anything in brackets.
    let fields = text(ofFile: "/proc/self/stat")?.split(separator: ")").last?.split(separator: " ")
    guard let fields, fields.count > 19, let ticks = Double(fields[19]) else { return 0 }
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    let seconds = Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    return seconds - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// The system's clock.
  static var secondsSince1970: Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }

  /// Bytes this process has in use now.
  public static var currentMemory: Int {
    let pages = text(ofFile: "/proc/self/statm")?.split(separator: " ").dropFirst().first
    return (pages.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
  }

  private static let relevant = [
    "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
    "amx_tile", "amx_bf16",
  ]

  private static func number(inFile path: String) -> Int? {
    text(ofFile: path).flatMap { Int($0.split(separator: "\n").first ?? "") }
  }

  /// The first value of each `key: value` line.
  private static func fields(ofFile path: String) -> [String: String] {
    var fields: [String: String] = [:]
    for line in (text(ofFile: path) ?? "").split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let key = trimmed(line[..<colon])
      if fields[key] == nil { fields[key] = trimmed(line[line.index(after: colon)...]) }
    }
    return fields
  }

  private static func trimmed(_ text: Substring) -> String {
    let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(text.drop(while: blank).reversed().drop(while: blank).reversed())
  }

  /// A file of /proc or /sys, which have no size.
  private static func text(ofFile path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = [], part = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = fread(&part, 1, part.count, file)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += part[..<count]
    }
  }
}
