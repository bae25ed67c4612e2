/// What a model reached in a task, as tables tell it, be it of a run or of an earlier one's files.
public struct TaskScores: Sendable {
  /// The task's name, how many shots its prompts had, and the groups that it belongs to.
  public let task: String, shots: Int, groups: [String]
  /// The hashes of the rows, and of the prompts, in the rows' order.
  public let rows: [String], prompts: [String]
  /// The metrics.
  public let scores: [TaskOutcome.Score]
  /// Prompts that lost their beginning; nil where that is not known.
  public let cutRows: Int?
  /// For each filter how many answers it found nothing in.
  public let invalid: [(filter: String, count: Int)]

  /// The metric that people quote of the task.
  public var customary: TaskOutcome.Score {
    scores.first { $0.metric == "acc_norm" || $0.filter == "flexible-extract" } ?? scores[0]
  }

  /// Refuses to be held against another model that is asked other rows, or with other shots.
  public func checkAsked(shots: Int, rows: [String]) throws(BenchmarkError) {
    guard self.shots == shots else {
      throw BenchmarkError(
        task,
        "one model is asked with \(shots) shots, the other was with \(self.shots), so that nothing "
          + "can be paired; give both the same --shots")
    }
    guard self.rows == rows else {
      let counts =
        rows.count == self.rows.count
        ? "" : "; \(rows.count) of one, \(self.rows.count) of the other"
      throw BenchmarkError(
        task,
        "the models are not asked the same rows\(counts), so that nothing can be paired; see "
          + "--data and --limit")
    }
  }
}

extension TaskOutcome {
  /// What tables tell of it.
  public var summary: TaskScores {
    TaskScores(
      task: task.name, shots: shots, groups: task.groups, rows: items.map(\.documentHash),
      prompts: items.map(\.promptHash), scores: scores, cutRows: results.count { $0.isCut },
      invalid: extracted.map { ($0.filter, $0.texts.count { $0 == AnswerReading.invalid }) })
  }
}
