import Synchronization
import Tasks

/// What a reward in a worker process may use.
public struct WorkerLimits: Sendable, Hashable {
  /// The time for making the reward, and for each batch.
  public var timeout: Duration
  /// The bytes that the plugin may allocate.
  public var memory: Int

  /// 60 seconds and 2 GB unless said otherwise.
  public init(timeout: Duration = .seconds(60), memory: Int = 2_000_000_000) {
    self.timeout = timeout
    self.memory = memory
  }
}

/// A plugin's reward in a process of its own: a crash, a hang, `exit` or a leak costs one batch. The
/// next batch starts a new worker.
final class IsolatedReward: Reward, @unchecked Sendable {
  // Unchecked: `worker` is touched under `turn`, the names change in `init` alone.
  private let job: WorkerJob
  private let limits: WorkerLimits
  private let program: String
  private let host: WorkerHost
  private let turn = Mutex<Void>(())
  private var worker: WorkerProcess?
  private var subject: String
  /// The export's name.
  private(set) var name: String

  /// What the host does for a worker.
  struct WorkerHost: Sendable {
    let log: @Sendable (PluginLogLevel, String) -> Void
    let isCancelled: @Sendable () -> Bool
    let services: OfferedServices
  }

  /// Starts a worker and makes the reward in it, so that a bad file or config is an error here.
  init(
    _ job: WorkerJob, limits: WorkerLimits, program: String, host: WorkerHost
  ) throws(TaskError) {
    self.job = job
    self.limits = limits
    self.program = program
    self.host = host
    name = job.name
    subject = job.name.isEmpty ? job.path : "\(job.path): reward '\(job.name)'"
    worker = try opened()
  }

  deinit {
    guard let ending = worker?.leave(), !ending.hasSuffix("exit code 0") else { return }
    host.log(.warning, "\(subject): its worker process \(ending), while destroying the reward")
  }

  func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome] {
    guard !completions.isEmpty else { return [] }
    let batch = RewardBatch(completions)
    guard batch.block.count < 1 << 30 else {
      throw TaskError(
        .data, "\(subject): a batch of \(batch.block.count) bytes of text; 1 GiB is the most")
    }
    let result: Result<RewardReply, TaskError> = turn.withLock { _ in
      do throws(TaskError) { return .success(try self.reply(to: batch)) } catch {
        return .failure(error)
      }
    }
    let reply = try result.get()
    do throws(RewardReply.Fault) { return try reply.outcomes() } catch {
      throw TaskError(.internal, "\(subject): \(error.reason)")
    }
  }

  private func reply(to batch: RewardBatch) throws(TaskError) -> RewardReply {
    let worker: WorkerProcess
    if let current = self.worker { worker = current } else { worker = try opened() }
    self.worker = worker
    let response = try exchange(
      .score(batch), with: worker, doing: "scoring \(batch.count) completions")
    guard case .scored(let reply) = response, reply.scores.count == batch.count else {
      self.worker = nil
      throw TaskError(.internal, "\(subject): its worker process answers out of turn")
    }
    return reply
  }

  private func opened() throws(TaskError) -> WorkerProcess {
    let worker = try WorkerProcess(program: program, memoryLimit: job.memoryLimit)
    let response = try exchange(.open(job), with: worker, doing: "making the reward")
    guard case .opened(let plugin, let reward) = response else {
      throw TaskError(.internal, "\(subject): its worker process answers out of turn")
    }
    name = reward
    subject = "\(plugin): reward '\(reward)'"
    return worker
  }

  /// Sends a request and serves the worker until it has answered it. A worker that fails to is gone
  /// afterwards.
  private func exchange(
    _ request: WorkerRequest, with worker: WorkerProcess, doing what: String
  ) throws(TaskError) -> WorkerResponse {
    let response: WorkerResponse
    do throws(FrameSocket.Fault) {
      response = try converse(request, with: worker)
    } catch {
      self.worker = nil
      throw worker.failure(
        error, of: subject, while: what, within: limits.timeout, isCancelled: host.isCancelled())
    }
    if case .failed(let error) = response { throw error }
    return response
  }

  private func converse(
    _ request: WorkerRequest, with worker: WorkerProcess
  ) throws(FrameSocket.Fault) -> WorkerResponse {
    var deadline = ContinuousClock.now + limits.timeout
    try worker.socket.send(request.bytes, by: deadline)
    while true {
      try worker.waitForMessage(by: &deadline, checkTime: checkTime)
      // What cannot be read was not written by a worker that is in order.
      let frame = try worker.socket.receive(by: deadline, limit: Self.longestResponse)
      guard let response = try? WorkerResponse(bytes: frame) else { throw .closed }
      switch response {
      case .log(let level, let text):
        host.log(level, text)
        // A plugin that never stops logging hangs like any other.
        try checkTime(&deadline)
      case .progress(let label, let done, let total):
        // A worker's own word is not to be trusted with the terminal.
        host.services.showProgress(label.printable, done, total)
        try checkTime(&deadline)
      case .ask(let question):
        // The time in which the host itself works is not the plugin's.
        let start = ContinuousClock.now
        let answer = answer(question)
        deadline += ContinuousClock.now - start
        try worker.socket.send(WorkerRequest.answer(answer).bytes, by: deadline)
      default: return response
      }
    }
  }

  /// More bytes than the scores of any batch have.
  private static let longestResponse: UInt64 = 1 << 30

  private func checkTime(_ deadline: inout ContinuousClock.Instant) throws(FrameSocket.Fault) {
    try WorkerProcess.checkTime(&deadline, host.isCancelled)
  }

  private func answer(_ question: WorkerQuestion) -> WorkerAnswer {
    do throws(TaskError) {
      switch question {
      case .isCancelled: return .isCancelled(host.isCancelled())
      case .complete(let prompts, let request):
        return .texts(try model().complete(prompts, request))
      case .logLikelihoods(let prompts, let completions, let request):
        return .logLikelihoods(
          try model().logLikelihoods(prompts: prompts, completions: completions, request))
      case .openScorer(let model, let adapter):
        return .number(
          try score().open(model: model, adapter: adapter.isEmpty ? nil : adapter))
      case .scores(let completions, let prompts, let kind, let number):
        return .scores(try score().scores(of: completions, to: prompts, kind, by: number))
      }
    } catch { return .failed(error) }
  }

  private func score() throws(TaskError) -> any ScoreService {
    guard let score = host.services.score else {
      throw TaskError(.unsupported, "the host opens no reward models here")
    }
    return score
  }

  private func model() throws(TaskError) -> any ModelService {
    guard let model = host.services.model else {
      throw TaskError(.unsupported, "the host has no model open")
    }
    return model
  }
}
