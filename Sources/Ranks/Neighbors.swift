import Glibc

/// The ranks whose processes this one can see: those of the same machine. Of a process that is no more
/// nobody hears, neither from it nor, over shared memory, from an MPI.
struct Neighbors {
  private let processes: [Int: pid_t]
  private var looked = ContinuousClock.now
  private static let interval = Duration.milliseconds(100)

  /// Of `marks`, the words of one of each rank, those that were made here.
  init(_ marks: [[String]], own rank: Int) {
    let here = marks[rank].dropLast()
    var processes: [Int: pid_t] = [:]
    for (other, words) in marks.enumerated() where other != rank && words.dropLast() == here {
      processes[other] = words.last.flatMap { pid_t($0) }
    }
    self.processes = here.count == 2 ? processes : [:]
  }

  /// Nobody.
  init() { processes = [:] }

  /// What tells others which process this is: the machine's start, its name space of processes, the
  /// process's number.
  static var mark: String {
    let boot = text(of: "/proc/sys/kernel/random/boot_id")
    var link = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/self/ns/pid", &link, link.count)
    let space = String(
      decoding: link.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "\(boot) \(space) \(getpid())"
  }

  private static func text(of path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(count, 0)).filter { $0 > 32 }, as: UTF8.self)
  }

  /// The first of `ranks` whose process is no more; looks a few times a second.
  mutating func gone(among ranks: [Int]) -> Int? {
    guard !processes.isEmpty, ContinuousClock.now - looked > Self.interval else { return nil }
    looked = .now
    return ranks.first { rank in
      processes[rank].map { kill($0, 0) != 0 && errno == ESRCH } ?? false
    }
  }
}
