import Tasks

/// A plugin's reward in a process of its own.
final class IsolatedReward: Reward {
  private let session: WorkerSession

  /// Makes the reward, so that a bad file or config is an error here.
  init(
    _ job: WorkerJob, limits: WorkerLimits, program: String, host: WorkerHost
  ) throws(TaskError) {
    session = try WorkerSession(job, limits: limits, program: program, host: host)
    name = session.opened.name
  }

  /// The export's name.
  let name: String

  func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome] {
    guard !completions.isEmpty else { return [] }
    let batch = RewardBatch(completions)
    guard batch.block.count < 1 << 30 else {
      throw TaskError(
        .data,
        "\(session.subject): a batch of \(batch.block.count) bytes of text; 1 GiB is the most")
    }
    let response = try session.ask(.score(batch), while: "scoring \(batch.count) completions")
    guard case .scored(let reply) = response, reply.scores.count == batch.count else {
      throw session.outOfTurn()
    }
    do throws(RewardReply.Fault) { return try reply.outcomes() } catch {
      throw TaskError(.internal, "\(session.subject): \(error.reason)")
    }
  }
}
