import CHostSupport
import FoundationEssentials
import Glibc
import JSON
import Ranks
import Synchronization
import Tasks

/// Scores of a program that reads a line of JSON for each batch and writes one: a reward in any
/// language. It is started once, in a process group of its own. A program that dies, hangs or writes
/// nonsense costs one batch; the next one starts it anew.
final class CommandReward: Reward, @unchecked Sendable {
  // Unchecked: `running` is touched under `turn`.
  private let job: CommandJob
  private let limits: WorkerLimits
  private let host: WorkerHost
  private let subject: String
  private let turn = Mutex<Void>(())
  private var running: (process: WorkerProcess, errors: ErrorStream)?

  /// Starts the program, so that one that is not there is an error here.
  init(
    _ job: CommandJob, limits: WorkerLimits, host: WorkerHost
  ) throws(TaskError) {
    self.job = job
    self.limits = limits
    self.host = host
    subject = "reward '\(job.label)'"
    running = try start()
  }

  deinit {
    guard let ending = running?.process.leave(), !ending.hasSuffix("exit code 0") else { return }
    host.log(.warning, "\(subject): its program \(ending), at the end of its input")
  }

  func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome] {
    guard !completions.isEmpty else { return [] }
    let request = try CommandRequest(completions, of: subject)
    guard request.bytes.count < 1 << 30 else {
      throw TaskError(
        .data, "\(subject): a batch of \(request.bytes.count) bytes of text; 1 GiB is the most")
    }
    let result: Result<CommandAnswer, TaskError> = turn.withLock { _ in
      do throws(TaskError) {
        return .success(try self.answer(to: request, completions.count))
      } catch {
        return .failure(error)
      }
    }
    switch try result.get() {
    case .error(let text): throw TaskError(.internal, "\(subject): \(text.printable)")
    case .scores(let reply):
      do throws(RewardReply.Fault) { return try reply.outcomes() } catch {
        throw TaskError(.internal, "\(subject): \(error.reason)")
      }
    }
  }

  private func start() throws(TaskError) -> (process: WorkerProcess, errors: ErrorStream) {
    let errors = ErrorStream(), job = job, memory = limits.memory, subject = subject
    let process = try errors.lending { errors throws(TaskError) in
      try WorkerProcess("program", memoryLimit: memory) { end throws(TaskError) in
        let words = WorkerProcess.cStrings(job.words)
        let environment = WorkerProcess.cStrings(
          ProcessInfo.processInfo.environment.filter { !Launcher.isMark($0.key) }.sorted {
            $0.key < $1.key
          }.map { "\($0)=\($1)" })
        defer { (words + environment).forEach { free($0) } }
        var process = pid_t()
        let code = hs_spawn_command(words, environment, end, errors, memory, &process)
        guard code == 0 else {
          let reason = String(cString: strerror(code))
          throw TaskError(
            .configuration, "\(subject): '\(job.words[0])' cannot be started: \(reason)")
        }
        return process
      }
    }
    return (process, errors)
  }

  private func answer(to request: CommandRequest, _ count: Int) throws(TaskError) -> CommandAnswer {
    if running == nil { running = try start() }
    guard let (process, errors) = running else { preconditionFailure("the program has started") }
    let line: [UInt8]
    do throws(FrameSocket.Fault) { line = try converse(request, with: process) } catch {
      running = nil
      throw process.failure(
        error, of: subject, while: "scoring \(count) completions", within: limits.timeout,
        isCancelled: host.isCancelled()
      ) { Self.words(errors) }
    }
    do throws(CommandAnswer.Fault) { return try CommandAnswer(line, count: count) } catch {
      running = nil
      _ = process.stop(within: .zero)
      throw TaskError(
        .internal, "\(subject): \(error.reason); its program was stopped" + Self.words(errors))
    }
  }

  private static func words(_ errors: ErrorStream) -> String {
    let line = errors.lastLine
    return line.isEmpty ? "" : "; the last that it wrote to standard error: \(line)"
  }

  /// Sends the batch and waits for the line that answers it.
  private func converse(
    _ request: CommandRequest, with process: WorkerProcess
  ) throws(FrameSocket.Fault) -> [UInt8] {
    var deadline = ContinuousClock.now + limits.timeout
    try process.socket.send(bare: request.bytes, by: deadline)
    var line: [UInt8] = []
    while true {
      try process.waitForMessage(by: &deadline) { deadline throws(FrameSocket.Fault) in
        try WorkerProcess.checkTime(&deadline, host.isCancelled)
      }
      line += try process.socket.receiveSome(by: deadline)
      // What stands behind the line's end would be taken for the next batch's answer.
      if line.last == UInt8(ascii: "\n") { return line }
      guard line.count < Self.longestLine else { throw .closed }
    }
  }

  /// More bytes than the scores of any batch have.
  private static let longestLine = 1 << 28
}
