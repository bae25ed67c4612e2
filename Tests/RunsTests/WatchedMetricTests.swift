import Formats
import Tasks
import Testing

@testable import Runs

/// Which metric chooses the best step, and which way it improves.
@Suite struct WatchedMetricTests {
  private func recipe(_ settings: String...) throws -> Recipe {
    try Recipe(layers: settings.map { try RecipeLayer.setting("training_args." + $0) })
  }

  private func report() -> Report {
    Report(
      count: 1, primary: "slot_f1",
      metrics: [
        ("slot_f1", Measure(value: 0.5)), ("edits", Measure(value: 3, lowerIsBetter: true)),
      ])
  }

  @Test func nothingIsWatchedWithoutAReason() throws {
    #expect(try WatchedMetric(recipe("max_steps=2")) == nil)
  }

  @Test func theLossFalls() throws {
    for setting in ["load_best_model_at_end=true", "metric_for_best_model=eval_loss"] {
      let watched = try #require(try WatchedMetric(recipe(setting)))
      #expect(try watched.direction(hasValidation: true, nil, nil) == .lower)
    }
  }

  @Test(arguments: [("slot_f1", true), ("eval_slot_f1", true), ("edits", false)])
  func aMetricSaysItsDirection(name: String, rises: Bool) throws {
    let watched = try #require(try WatchedMetric(recipe("metric_for_best_model=\(name)")))
    #expect(try watched.direction(in: report()) == (rises ? .higher : .lower))
  }

  @Test func aMetricThatNobodyGivesIsRefusedWithTheNearestName() throws {
    let watched = try #require(try WatchedMetric(recipe("metric_for_best_model=slot_f")))
    let error = #expect(throws: FormatError.self) { try watched.direction(in: report()) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("did you mean 'slot_f1'?"), "\(text)")
    #expect(text.contains("eval_loss, eval_slot_f1, eval_edits"), "\(text)")
    // Without anybody to judge answers, there is the loss alone.
    let alone = #expect(throws: FormatError.self) {
      try watched.direction(hasValidation: true, nil, nil)
    }
    #expect(alone.map { "\($0)" }?.contains("there are eval_loss") == true)
  }

  @Test func withoutValidationRowsTheKeyThatAskedIsNamed() throws {
    let watched = try #require(try WatchedMetric(recipe("early_stopping_patience=2")))
    let error = #expect(throws: FormatError.self) {
      try watched.direction(hasValidation: false, nil, nil)
    }
    #expect(error.map { "\($0)" }?.contains("training_args.early_stopping_patience") == true)
  }
}
