import Glibc
import Synchronization
import Tasks
import Text
import Threads

/// The other side of a `WorkerSession`: what the program does as a worker.
public enum PluginWorker {
  /// The hidden verb that the host starts a worker with.
  public static let verb = WorkerProcess.verb

  /// Serves the host at the other end of descriptor 3 until it has gone.
  public static func serve() {
    // These may be sent to all processes at once; the host decides what follows from them.
    signal(SIGINT, SIG_IGN)
    signal(SIGTERM, SIG_IGN)
    // It may write to the terminal though the terminal is not its group's.
    signal(SIGTTOU, SIG_IGN)
    let socket = FrameSocket(dup(WorkerProcess.descriptor))
    close(WorkerProcess.descriptor)
    leaveWithHost(socket)
    WorkerLoop(socket).run()
  }

  /// A plugin that hangs must not outlive a host that was killed.
  private static func leaveWithHost(_ socket: FrameSocket) {
    StartedThread {
      socket.waitForEnd()
      sleep(2)  // Enough for `destroy` of a plugin that does not hang.
      _exit(0)
    }.detach()
  }
}

/// Answers requests, one at a time, on the main thread.
private final class WorkerLoop {
  private let desk: WorkerDesk
  private var reward: PluginReward?
  private var dataset: PluginDataset?
  private var evaluator: PluginEvaluator?

  init(_ socket: FrameSocket) { desk = WorkerDesk(socket) }

  func run() {
    while let request = desk.next() {
      do throws(TaskError) {
        switch request {
        case .open(let job): desk.close(with: try open(job))
        case .score(let batch):
          guard let reward else { return }
          desk.close(with: .scored(try reward.reply(to: batch)))
        case .read(let place, let count):
          guard let dataset else { return }
          desk.close(with: .rows(Self.rows(of: dataset, place, count)))
        case .evaluate(let predictions):
          guard let evaluator else { return }
          desk.close(with: .report(try evaluator.text(for: predictions)))
        case .answer: return
        case .check(let job): return check(job)
        }
      } catch {
        desk.close(with: .failed(error))
      }
    }
  }

  private func check(_ job: CheckJob) {
    let desk = desk
    if job.memoryLimit > 0 { ProcessMemory.limit(to: job.memoryLimit) }
    CheckEvent.reportFaults(to: desk.descriptor)
    let host = HostTable(log: { desk.log($0, $1) }, isCancelled: { false })
    let bench = CheckBench(job: job, host: host) { desk.report($0) }
    bench.run()
    desk.close(with: .check(.done))
  }

  private func open(_ job: WorkerJob) throws(TaskError) -> WorkerResponse {
    let desk = desk
    let services = OfferedServices(progress: { desk.tell($0, $1, $2) })
    if !job.tokenizerFolder.isEmpty { services.offerTokenizer(inFolder: job.tokenizerFolder) }
    if job.offersModel { services.offer(desk as any ModelService) }
    if job.offersScores { services.offer(desk as any ScoreService) }
    let host = HostTable(
      log: { desk.log($0, $1) }, isCancelled: { desk.isCancelled }, services: services)
    let plugin: Plugin
    ProcessMemory.limit(to: job.memoryLimit)
    do throws(SharedObject.Fault) {
      plugin = try Plugin(
        opening: job.path, libraryDirectory: job.libraryDirectory, installsGuard: false)
    } catch { throw TaskError(.configuration, "\(job.path): \(error.reason)") }
    return .opened(try make(job, in: plugin, host: host))
  }

  private func make(
    _ job: WorkerJob, in plugin: Plugin, host: HostTable
  ) throws(TaskError) -> WorkerOpening {
    let name = try plugin.exportName(job.kind.export, preferring: job.name)
    var opening = WorkerOpening(plugin: plugin.name, name: name)
    switch job.kind {
    case .reward:
      reward = try PluginReward(name, of: plugin, host: host, configuration: job.configuration)
    case .evaluator(let split):
      evaluator = try PluginEvaluator(
        name, of: plugin, host: host, configuration: job.configuration, split: split)
    case .dataset(let split):
      dataset = try PluginDataset(
        name, of: plugin, host: host, configuration: job.configuration, split: split)
      opening.rows = dataset.map {
        WorkerRows(
          count: $0.count, sources: $0.sources, variesByEpoch: $0.variesByEpoch, notes: $0.notes,
          places: $0.places)
      }
    }
    return opening
  }

  /// Rows from `place` on, at least one, as many as fit into a message that is quickly sent.
  private static func rows(
    of dataset: PluginDataset, _ place: RowPlace, _ count: Int
  ) -> [[UInt8]] {
    var blocks: [[UInt8]] = [], size = 0, place = place
    repeat {
      let answer: RowAnswer
      do throws(TaskError) {
        answer = .example(
          try dataset.example(at: place.index, epoch: place.epoch, seed: place.seed))
      } catch { answer = .failed(error) }
      blocks.append(answer.bytes)
      size += blocks[blocks.count - 1].count
      place = place.next
    } while blocks.count < count && size < 1 << 20
    return blocks
  }
}

/// A worker's side of the conversation. While a request is open, the plugin's threads may ask.
private final class WorkerDesk: ModelService, ScoreService {
  private let socket: FrameSocket
  /// Whether a request is open; held while a question waits for its answer.
  private let isOpen = Mutex(false)

  init(_ socket: FrameSocket) { self.socket = socket }

  /// The next request; nil once the host has gone.
  func next() -> WorkerRequest? {
    guard let request = try? WorkerRequest(bytes: socket.receive()) else { return nil }
    isOpen.withLock { $0 = true }
    return request
  }

  /// Answers the open request.
  func close(with response: WorkerResponse) {
    isOpen.withLock { isOpen in
      isOpen = false
      try? socket.send(response.bytes)
    }
  }

  /// The socket, for who cannot wait.
  var descriptor: Int32 { socket.descriptor }

  /// Tells the host how a check goes.
  func report(_ event: CheckEvent) { try? socket.send(WorkerResponse.check(event).bytes) }

  func log(_ level: PluginLogLevel, _ text: String) {
    try? socket.send(WorkerResponse.log(level, text).bytes)
  }

  /// Tells the host how far the plugin's work is.
  func tell(_ label: String, _ done: Int, _ total: Int) {
    try? socket.send(WorkerResponse.progress(label, done: done, total: total).bytes)
  }

  var isCancelled: Bool {
    if case .isCancelled(let isCancelled) = ask(.isCancelled) { isCancelled } else { false }
  }

  func complete(_ prompts: [String], _ request: ModelRequest) throws(TaskError) -> [String] {
    switch ask(.complete(prompts, request)) {
    case .texts(let texts): return texts
    case .failed(let error): throw error
    default: throw Self.noAnswer
    }
  }

  func logLikelihoods(
    prompts: [String], completions: [String], _ request: ModelRequest
  ) throws(TaskError) -> [(sum: Double, tokens: Int)] {
    switch ask(.logLikelihoods(prompts, completions, request)) {
    case .logLikelihoods(let found): return found
    case .failed(let error): throw error
    default: throw Self.noAnswer
    }
  }

  func open(model: String, adapter: String?) throws(TaskError) -> Int {
    switch ask(.openScorer(model: model, adapter: adapter ?? "")) {
    case .number(let number): return number
    case .failed(let error): throw error
    default: throw Self.noAnswer
    }
  }

  func scores(
    of completions: [String], to prompts: [String], _ kind: ModelRequest.PromptKind,
    by number: Int
  ) throws(TaskError) -> [Double] {
    switch ask(.scores(completions, prompts, kind, number: number)) {
    case .scores(let scores) where scores.count == completions.count: return scores
    case .failed(let error): throw error
    default: throw Self.noAnswer
    }
  }

  private static let noAnswer = TaskError(.internal, "the host does not answer")

  /// The host's answer; nil when no request is open or the host has gone.
  private func ask(_ question: WorkerQuestion) -> WorkerAnswer? {
    isOpen.withLock { isOpen in
      guard isOpen, (try? socket.send(WorkerResponse.ask(question).bytes)) != nil,
        let frame = try? socket.receive(),
        case .answer(let answer)? = try? WorkerRequest(bytes: frame)
      else { return nil }
      return answer
    }
  }
}

/// What this process may allocate.
enum ProcessMemory {
  /// Lets the process allocate `bytes` more than it has: private, writable memory, the kind that a
  /// leak is made of. Files that are mapped do not count.
  static func limit(to bytes: Int) {
    let own = (used() ?? 0) + bytes
    var limit = rlimit(rlim_cur: rlim_t(own), rlim_max: rlim_t(own))
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
  }

  /// `VmData` of /proc/self/status in bytes.
  private static func used() -> Int? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256), kibibytes = 0
    while fgets(&line, Int32(line.count), file) != nil {
      let isFound = withUnsafeMutablePointer(to: &kibibytes) { number in
        withVaList([number]) { vsscanf(line, "VmData: %ld kB", $0) }
      }
      if isFound == 1 { return kibibytes * 1024 }
    }
    return nil
  }
}
