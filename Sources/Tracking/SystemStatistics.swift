#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the process and its machine use, under the names that Weights & Biases draws.
struct SystemStatistics {
  private var seconds: Double, last: Double

  /// Counts from now on.
  init(at now: Double) { (seconds, last) = (Self.spent, now) }

  /// The processor's seconds that the process has had.
  private static var spent: Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
      + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
  }

  /// The values at `now`; the processor's share is that since the last time.
  mutating func values(at now: Double) -> [(name: String, value: Double)] {
    let spent = Self.spent
    let cores = Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let share = 100 * (spent - seconds) / max(0.1, now - last) / cores
    (seconds, last) = (spent, now)
    let threads = Self.number("/proc/self/status", "Threads:")
    var values = [("cpu", share), ("proc.cpu.threads", threads)]
    let total = Self.number("/proc/meminfo", "MemTotal:") / 1024
    let free = Self.number("/proc/meminfo", "MemAvailable:") / 1024
    let resident = Self.number("/proc/self/status", "VmRSS:") / 1024
    guard total > 0 else { return values }
    values += [
      ("memory_percent", 100 * (total - free) / total), ("proc.memory.rssMB", resident),
      ("proc.memory.percent", 100 * resident / total), ("proc.memory.availableMB", free),
    ]
    var disk = statvfs()
    if statvfs(".", &disk) == 0, disk.f_blocks > 0 {
      let used = Double(disk.f_blocks - disk.f_bfree)
      values += [
        ("disk./.usagePercent", 100 * used / Double(disk.f_blocks)),
        ("disk./.usageGB", used * Double(disk.f_frsize) / 1e9),
      ]
    }
    return values
  }

  /// The number behind a name in a file of the kernel's; 0 where there is none.
  private static func number(_ path: String, _ name: String) -> Double {
    for line in (AppendedFile.read(path) ?? "").split(separator: "\n") where line.hasPrefix(name) {
      let digits = line.dropFirst(name.count).filter(\.isNumber)
      return Double(digits) ?? 0
    }
    return 0
  }
}
