import JSON
import Tasks
import Testing

@Suite struct RewardPanelTests {
  /// Scores a text by its length, abstains from empty ones, and fails where it is told to.
  private struct Length: Reward {
    var fails: TaskError?

    func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome] {
      if let fails { throw fails }
      return completions.map { completion in
        completion.text.isEmpty
          ? .abstain(reason: "empty")
          : .score(
            Double(completion.text.count), components: [.init(name: "half", value: 0.5)])
      }
    }
  }

  private func panel(
    _ fails: TaskError?, toleratesFailure: Bool = false, isCancelled: Bool = false
  ) -> RewardPanel {
    RewardPanel(
      [
        .init(name: "length", weight: 2, reward: Length()),
        .init(name: "other", weight: -1, reward: Length(fails: fails)),
      ], toleratesFailure: toleratesFailure, isCancelled: { isCancelled })
  }
  private let texts = ["abc", "", "x"].map { Completion(prompt: "p", text: $0) }

  @Test func totalsAreWeightedSumsOverThoseThatScored() throws {
    let scored = try panel(nil).score(texts)
    #expect(scored.map(\.total) == [3, nil, 1])
    #expect(scored[1].outcomes["other"] == .abstain(reason: "empty"))
    #expect(
      scored[0].json["rewards"]?["length"] == ["score": 3.0, "components": ["half": 0.5]])
    #expect(scored[1].json["reward"] == .null)
    #expect(scored[1].json["rewards"]?["length"] == ["abstained": "empty"])
    #expect(try panel(nil).score([]).isEmpty)
  }

  @Test func aRowSaysWhatIsKnownOfTheCompletion() throws {
    let known = Completion(
      prompt: "p", text: "abc", tokens: 4, isTruncated: true, reference: "abd")
    let rows = try panel(nil).score([known, texts[0]]).map(\.json)
    #expect(rows[0]["tokens"] == 4 && rows[0]["truncated"] == true)
    #expect(rows[0]["reference"] == "abd")
    #expect(rows[1]["tokens"] == nil && rows[1]["truncated"] == nil)
    #expect(rows[1]["reference"] == nil)
  }

  @Test func aFailureStopsAndKeepsWhatWasScored() {
    let failure = #expect(throws: RewardPanel.Failure.self) {
      try panel(TaskError(.internal, "boom")).score(texts)
    }
    #expect(failure?.error.message == "boom")
    #expect(failure?.batch.count == 3)
    #expect(failure?.batch[0].outcomes["length"]?.score == 3)
    #expect(failure?.batch[0].json["rewards"]?["other"] == ["error": "boom"])
  }

  @Test func aFailureMayCostTheBatchAlone() throws {
    let scored = try panel(TaskError(.internal, "boom"), toleratesFailure: true).score(texts)
    #expect(scored.map(\.total) == [6, nil, 2])
    #expect(scored.map { $0.errors["other"] } == ["boom", "boom", "boom"])
    // A user who asked to stop is not answered by going on.
    #expect(throws: RewardPanel.Failure.self) {
      try panel(
        TaskError(.cancelled, "stopped"), toleratesFailure: true, isCancelled: true
      ).score(texts)
    }
    // One that gives up for no reason has failed like any other.
    let other = try panel(TaskError(.cancelled, "?"), toleratesFailure: true).score(texts)
    #expect(other[0].total == 6)
  }
}
