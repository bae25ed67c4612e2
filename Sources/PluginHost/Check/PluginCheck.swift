import Glibc
import Tasks

/// Checks a plugin in processes of their own, one for each export, so that whatever it does is found
/// out and named.
public struct PluginCheck: Sendable {
  /// What was found, in order.
  public private(set) var findings: [CheckFinding] = []
  /// What the tasks that were checked say they are made of.
  public private(set) var tasks: [TaskDescription] = []
  private let path: String, libraryDirectory: String
  private let timeout: Duration
  private let program: String
  private let sanitizer: Sanitizer?
  private let log: @Sendable (PluginLogLevel, String) -> Void

  /// The check of the plugin file at `path`. A call that takes longer than `timeout` hangs.
  public init(
    path: String, timeout: Duration, searchPaths: PluginSearchPaths,
    program: String = "/proc/self/exe",
    log: @escaping @Sendable (PluginLogLevel, String) -> Void = { _, _ in }
  ) {
    self.path = path
    libraryDirectory = searchPaths.libraryDirectory
    self.timeout = timeout
    self.program = program
    self.log = log
    sanitizer = Sanitizer(ofFile: path)
  }

  /// What was found, all in all.
  public enum Verdict: Sendable { case ok, unchecked, fails }

  /// The worst of what was found. `unchecked`: an export could not be called.
  public var verdict: Verdict {
    if findings.contains(where: { $0.mark == .fails }) { return .fails }
    return findings.contains { $0.mark == .uncalled } ? .unchecked : .ok
  }

  /// How an export is to be called.
  public struct Setting: Sendable {
    /// The configuration, an object of JSON, and whether a person wrote it.
    public var configuration = "{}", isConfigured = false
    /// Rewards: what to score in the place of built-in samples.
    public var completions: [Completion] = []
    /// Evaluators: the export name of the dataset whose rows are judged.
    public var dataset: String?

    /// The empty configuration.
    public init() {}
  }

  /// Loads the plugin; nil when that fails.
  public mutating func load() throws(TaskError) -> PluginSummary? {
    var job = CheckJob(path: path, libraryDirectory: libraryDirectory)
    if case .unavailable(let reason)? = sanitizer {
      add(.uncalled, "", "sanitizer", reason)
      return nil
    }
    let plugin = try run(&job)
    if let plugin {
      add(
        .ok, "", "loads",
        "\(plugin.name) \(plugin.version), built with "
          + (plugin.builtWith.isEmpty ? "(not said)" : plugin.builtWith))
      if plugin.exports.isEmpty { add(.fails, "", "exports", "it exports nothing") }
    }
    return plugin
  }

  /// Puts an export of the plugin through its paces; whether it is in order.
  @discardableResult
  public mutating func check(
    _ export: Plugin.Export, _ setting: Setting = Setting()
  ) throws(TaskError) -> Bool {
    let before = findings.count
    var job = CheckJob(path: path, libraryDirectory: libraryDirectory)
    job.export = export
    job.configuration = setting.configuration
    job.isConfigured = setting.isConfigured
    job.dataset = setting.dataset ?? ""
    job.samples = setting.completions.map {
      CheckSample(
        prompt: $0.prompt, completion: $0.text, metadata: $0.metadata.text(),
        group: Int32(truncatingIfNeeded: $0.group), tokens: Int64($0.tokens ?? -1),
        isTruncated: $0.isTruncated, reference: $0.reference)
    }
    _ = try run(&job)
    return !findings[before...].contains { $0.mark == .fails }
  }

  /// Adds a finding of the caller's own.
  public mutating func add(
    _ mark: CheckFinding.Mark, _ subject: String, _ side: String, _ text: String
  ) {
    findings.append(CheckFinding(mark, subject, side, text))
  }

  // MARK: The worker

  private mutating func run(_ job: inout CheckJob) throws(TaskError) -> PluginSummary? {
    var environment: [String: String] = [:]
    if case .available(let sanitizer)? = sanitizer {
      // Its shadow of all memory is more than any limit.
      job.memoryLimit = 0
      environment = sanitizer.environment
    }
    let worker = try WorkerProcess(
      program: program, memoryLimit: .max, environment: environment)
    var watch = CheckWatch()
    let isAnswered = watch.follow(worker, job, timeout: timeout, log: log)
    findings += watch.findings
    tasks += watch.tasks
    let ending = worker.stop(within: isAnswered ? .seconds(5) : .seconds(1))
    if case .available(let sanitizer)? = sanitizer, let report = sanitizer.takeReport() {
      log(.error, report)
      findings.append(watch.failure(Sanitizer.sentence(of: report)))
    } else if watch.isTimedOut {
      findings.append(watch.failure("no answer within \(timeout)"))
    } else if ending.hasPrefix("died: ") {
      findings.append(watch.failure("crashed (\(ending.dropFirst(6)))"))
    } else if ending != "left with exit code 0" || !isAnswered {
      findings.append(watch.failure(ending))
    }
    return watch.plugin
  }
}

/// What a worker told of a check.
private struct CheckWatch {
  var findings: [CheckFinding] = []
  var plugin: PluginSummary?, tasks: [TaskDescription] = []
  var subject = "", isTimedOut = false
  private var side = "loads", call = "loading", fault: String?

  /// Gives the worker its job and listens; whether it came to the end of it.
  mutating func follow(
    _ worker: WorkerProcess, _ job: CheckJob, timeout: Duration,
    log: (PluginLogLevel, String) -> Void
  ) -> Bool {
    do throws(FrameSocket.Fault) {
      var deadline = ContinuousClock.now + timeout
      try worker.socket.send(WorkerRequest.check(job).bytes, by: deadline)
      while true {
        try worker.waitForMessage(by: &deadline, checkTime: Self.checkTime)
        let frame = try worker.socket.receive(by: deadline)
        switch try? WorkerResponse(bytes: frame) {
        case .check(.done): return true
        case .check(let event):
          note(event)
          deadline = .now + timeout
        case .log(let level, let text):
          log(level, text)
          // Lines of a log are no progress.
          try Self.checkTime(&deadline)
        case .progress: try Self.checkTime(&deadline)
        default: return false
        }
      }
    } catch {
      isTimedOut = error == .timedOut
      if isTimedOut { _ = worker.stop(within: .zero) }
      return false
    }
  }

  private static func checkTime(
    _ deadline: inout ContinuousClock.Instant
  ) throws(FrameSocket.Fault) {
    guard ContinuousClock.now < deadline else { throw .timedOut }
  }

  private mutating func note(_ event: CheckEvent) {
    switch event {
    case .step(let subject, let side, let call):
      (self.subject, self.side, self.call) = (subject, side, call)
    case .finding(let finding): findings.append(finding)
    case .fault(let sentence): fault = sentence
    case .plugin(let plugin): self.plugin = plugin
    case .task(let task): tasks.append(task)
    case .done: break
    }
  }

  /// How the worker ended, in the step under way.
  func failure(_ ending: String) -> CheckFinding {
    guard !subject.isEmpty else { return CheckFinding(.fails, "", side, Self.loading(ending)) }
    var text = "\(ending) in \(call)"
    if let fault { text += ": \(fault)" + Self.remedy(fault) }
    if isTimedOut { text += ": it hangs, or needs a longer --timeout" }
    if ending.hasPrefix("left") { text += ": a plugin must not call exit(); return a status" }
    if ending.hasPrefix("crashed"), fault == nil {
      text +=
        ending.contains("Abort")
        ? ": abort(), a failed assertion, or an exception or panic that left the function"
        : "; a build with sanitizers (make sanitize) shows the line"
    }
    return CheckFinding(.fails, subject, side, text)
  }

  private static func loading(_ ending: String) -> String {
    ending.hasPrefix("crashed ")
      ? "it crashed while loading \(ending.dropFirst(8))" : "\(ending) while loading"
  }

  private static func remedy(_ fault: String) -> String {
    if fault.hasPrefix("it used") { return "; copy what is to be kept" }
    if fault.hasPrefix("it wrote to borrowed") { return "; copy what is to be changed" }
    return "; a tk_str has len bytes and no NUL, an array count elements"
  }
}
