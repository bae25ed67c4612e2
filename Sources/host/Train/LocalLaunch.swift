import Formats
import FoundationEssentials
import Glibc
import PluginHost
import Ranks
import Runs
import Synchronization

/// `--ranks N`: starts this command N times on this machine, by the launcher of an MPI.
struct LocalLaunch {
  /// How ranks have ended.
  struct Ending {
    /// Their exit code; 1 where a rank was lost.
    var code: Int32
    /// Why they cannot have gone on: a rank was lost. nil where they ended by themselves.
    var loss: String?
  }

  private let count: Int, name: String, launcher: String

  /// Finds an MPI whose transport and launcher are there.
  init(_ count: Int, _ catalog: PluginCatalog) throws {
    self.count = count
    let environment = ProcessInfo.processInfo.environment
    let wish = environment["HOST_TRANSPORT"].flatMap { $0.isEmpty || $0 == "auto" ? nil : $0 }
    let names = wish.map { [$0] } ?? ["openmpi", "mpich", "intelmpi", "mvapich", "mpi"]
    for name in names where catalog.transportFile(named: name) != nil {
      if let launcher = Self.launcher(of: name, environment["PATH"] ?? "") {
        (self.name, self.launcher) = (name, launcher)
        return
      }
    }
    throw Diagnosis(
      Diagnosis.usage,
      "--ranks \(count) needs an MPI, its launcher and its transport: "
        + "apt-get install openmpi-bin libopenmpi-dev, then make transport MPICC=mpicc; found: "
        + (catalog.transports.isEmpty
          ? "no transport" : "transports \(catalog.transports.joined(separator: ", "))"))
  }

  private static func launcher(of name: String, _ path: String) -> String? {
    for command in ["mpirun.\(name)", "mpiexec.hydra", "mpirun"] {
      // `mpiexec.hydra` is never Open MPI's, a bare `mpirun` may be anybody's.
      if command == "mpiexec.hydra" && name == "openmpi" { continue }
      for folder in path.split(separator: ":") {
        let file = "\(folder)/\(command)"
        if access(file, X_OK) == 0 { return file }
      }
    }
    return nil
  }

  /// The launcher's command line, which runs the program with these arguments.
  private func words(_ arguments: [String]) -> [String] {
    var words = [launcher]
    if name == "openmpi" {
      words += ["-q", "--bind-to", "none"]
      if getuid() == 0 { words.append("--allow-run-as-root") }
      if count > Machine().cores { words.append("--oversubscribe") }
    }
    words += ["-n", String(count), Self.program]
    return words + arguments
  }

  private static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  }

  /// This command without what starts several ranks.
  static var ownArguments: [String] {
    let own = ["--ranks", "--restarts"]
    var words: [String] = [], skips = false
    for word in CommandLine.arguments.dropFirst() {
      if skips {
        skips = false
      } else if own.contains(word) {
        skips = true
      } else if !own.contains(where: { word.hasPrefix($0 + "=") }) {
        words.append(word)
      }
    }
    return words
  }

  private static let process = Atomic<Int32>(0), isStopped = Atomic<Bool>(false)

  /// Whether a signal has asked the ranks to stop.
  static var wasStopped: Bool { isStopped.load(ordering: .relaxed) }

  /// Runs to the end, with these arguments. SIGTERM, SIGINT and SIGHUP reach the ranks as SIGUSR1, since an
  /// mpirun that gets SIGTERM gives its ranks a second.
  func run(_ arguments: [String] = ownArguments) throws -> Ending {
    let lastWords = LastWords()
    var process = pid_t()
    let code = spawn(&process, words(arguments), lastWords)
    guard code == 0 else {
      throw Diagnosis(
        Diagnosis.failed, "\(launcher) cannot be started: \(String(cString: strerror(code)))")
    }
    Self.process.store(process, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] {
      signal(number) { _ in
        LocalLaunch.isStopped.store(true, ordering: .relaxed)
        let process = LocalLaunch.process.load(ordering: .relaxed)
        if process > 0 { kill(process, SIGUSR1) }
      }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return ending(
      status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, lastWords.take())
  }

  /// The exit code is the ranks' own, or tells what one of them was killed by.
  private func ending(_ code: Int32, _ words: String?) -> Ending {
    let signal = code > 128 ? code - 128 : name != "openmpi" && (2..<32).contains(code) ? code : 0
    guard signal > 0 || words != nil else { return Ending(code: code) }
    let gone = " is gone", cause = signal > 0 ? " (killed by signal \(signal))" : ""
    let loss = words ?? "a rank" + gone
    guard let place = loss.firstRange(of: gone) else {
      return Ending(code: Diagnosis.failed, loss: loss)
    }
    return Ending(
      code: Diagnosis.failed,
      loss: loss[..<place.upperBound] + cause + String(loss[place.upperBound...]))
  }

  private func spawn(_ process: inout pid_t, _ words: [String], _ lastWords: LastWords) -> Int32 {
    let words = words.map { strdup($0) } + [nil]
    let environment = environment(lastWords).map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + environment).forEach { free($0) } }
    var attributes = posix_spawnattr_t(), actions = posix_spawn_file_actions_t()
    posix_spawnattr_init(&attributes)
    posix_spawn_file_actions_init(&actions)
    defer {
      posix_spawnattr_destroy(&attributes)
      posix_spawn_file_actions_destroy(&actions)
    }
    // A group of its own: the terminal's signals come to this process alone. No signal is blocked, as a
    // parent may have left them.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, Console.output.descriptor, 1)
    return posix_spawn(&process, launcher, &actions, &attributes, words, environment)
  }

  /// The ranks' environment: each has its share of the cores, unless somebody has said otherwise.
  private func environment(_ lastWords: LastWords) -> [(String, String)] {
    var environment = ProcessInfo.processInfo.environment
    environment["HOST_TRANSPORT"] = name
    environment[lastWords.environment.name] = lastWords.environment.value
    if environment["HOST_THREADS"] == nil {
      environment["HOST_THREADS"] = String(max(1, Machine().cores / count))
    }
    return environment.sorted { $0.key < $1.key }
  }
}
