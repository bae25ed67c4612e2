import Synchronization
import Tasks

/// What a plugin in a worker process may use.
public struct WorkerLimits: Sendable, Hashable {
  /// The time for making what the worker holds, and for each call of it.
  public var timeout: Duration
  /// The bytes that the plugin may allocate.
  public var memory: Int

  /// 60 seconds and 2 GB unless said otherwise.
  public init(timeout: Duration = .seconds(60), memory: Int = 2_000_000_000) {
    self.timeout = timeout
    self.memory = memory
  }
}

/// What the host does for a worker.
struct WorkerHost: Sendable {
  let log: @Sendable (PluginLogLevel, String) -> Void
  let isCancelled: @Sendable () -> Bool
  let services: OfferedServices
}

/// A worker process that holds one reward, dataset or evaluator of a plugin: a crash, a hang, `exit` or
/// a leak costs one call. The next call starts a new worker. One request is open at a time.
final class WorkerSession: @unchecked Sendable {
  // Unchecked: all that changes is touched under `turn`, or in `init`.
  private let job: WorkerJob
  private let limits: WorkerLimits
  private let program: String
  private let host: WorkerHost
  private let turn = Mutex<Void>(())
  private var worker: WorkerProcess?
  private var seesModel = false
  /// What errors name, and what the plugin said of what it made.
  private(set) var subject: String
  private(set) var opened = WorkerOpening(plugin: "", name: "", rows: nil)

  /// Starts a worker and makes what it is to hold, so that a bad file or config is an error here.
  init(
    _ job: WorkerJob, limits: WorkerLimits, program: String, host: WorkerHost
  ) throws(TaskError) {
    self.job = job
    self.limits = limits
    self.program = program
    self.host = host
    subject = job.name.isEmpty ? job.path : job.subject(in: job.path)
    worker = try open()
  }

  deinit {
    guard let ending = worker?.leave(), !ending.hasSuffix("exit code 0") else { return }
    host.log(
      .warning, "\(subject): its worker process \(ending), while destroying the \(job.kind.noun)")
  }

  /// The worker's answer to a request, while it is `what`.
  func ask(_ request: WorkerRequest, while what: String) throws(TaskError) -> WorkerResponse {
    let result: Result<WorkerResponse, TaskError> = turn.withLock { _ in
      do throws(TaskError) {
        if worker == nil { worker = try open() }
        guard let worker else { preconditionFailure("the worker has started") }
        return .success(try exchange(request, with: worker, doing: what))
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Leaves a worker that was made before the host had a model, or while it had one: the plugin is
  /// told of the model when it is made.
  func renewForModel() {
    turn.withLock { _ in
      if seesModel != (host.services.model != nil) { worker = nil }
    }
  }

  /// The error for an answer that does not fit the question. The worker is not asked again.
  func outOfTurn() -> TaskError {
    turn.withLock { _ in worker = nil }
    return TaskError(.internal, "\(subject): its worker process answers out of turn")
  }

  private func open() throws(TaskError) -> WorkerProcess {
    let worker = try WorkerProcess(program: program, memoryLimit: job.memoryLimit)
    seesModel = host.services.model != nil
    var job = job
    job.tokenizerFolder = host.services.tokenizerFolder ?? ""
    job.offersModel = seesModel
    job.offersScores = host.services.score != nil
    let response = try exchange(.open(job), with: worker, doing: "making the \(job.kind.noun)")
    guard case .opened(let opening) = response else {
      throw TaskError(.internal, "\(subject): its worker process answers out of turn")
    }
    opened = opening
    job.name = opening.name
    subject = job.subject(in: opening.plugin)
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

  /// More bytes than the scores of any batch, or any row, have.
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
