import Foundation
import JSON
import Testing

/// Early stopping and the best model, from the recipe to the files of the run.
@Suite struct StoppingTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A run that evaluates every second step; the second evaluation gains too little.
  private func train(_ name: String, _ more: String = "") -> String {
    "host train --task hri_dialogue --output-dir \(scratch.path(name)) --max-steps 12"
      + " --batch-size 2 --set training_args.eval_steps=2 --set training_args.learning_rate=1e-3"
      + " --set training_args.metric_for_best_model=slot_f1"
      + " --set training_args.load_best_model_at_end=true"
      + " --set training_args.early_stopping_patience=2"
      + " --set training_args.early_stopping_threshold=2"
      + " --set evaluation.max_samples=6 --set generation.max_new_tokens=6 \(more)"
  }

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: String(contentsOf: scratch.url(name), encoding: .utf8))
  }

  @Test func aRunThatGainsNothingEndsAndSaysWhy() throws {
    let outcome = try HostProgram.shell(train("out"))
    try #require(outcome.code == 0, "\(outcome.errors)")
    let reason = "eval_slot_f1 has not risen by more than 2.0 in 2 evaluations; its best is "
    #expect(outcome.errors.contains("stopped early at step 6: " + reason))
    #expect(try json("out/run.json")["outcome"]?.string?.contains(reason) == true)
    let state = try json("out/trainer_state.json")
    #expect(state["global_step"] == 6)
    let best = try #require(state["best_model_checkpoint"]?.string)
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: scratch.path("out/best")) == best)
    let files = ["out/adapter_model.safetensors", "out/best/adapter_model.safetensors"]
    let weights = try files.map { try Data(contentsOf: scratch.url($0)) }
    #expect(weights[0].count > 0 && weights[0].count == weights[1].count)
    // The evaluations' history has the metric that was watched.
    let values = (state["log_history"]?.array ?? []).compactMap { $0["eval_slot_f1"]?.double }
    #expect(values.count == 3 && values.max() == state["best_metric"]?.double)

    let again = try HostProgram.shell(train("out", "--resume"))
    #expect(again.code == 0 && again.errors.contains("stopped early at step 6: " + reason))
  }

  /// Wherever the signal comes, the resumed run ends as the whole one.
  @Test func aResumedRunKeepsItsPatience() throws {
    let whole = try HostProgram.shell(train("whole"))
    try #require(whole.code == 0, "\(whole.errors)")
    let first = try HostProgram.shell(
      """
      \(train("part")) & program=$!
      until [ -e \(scratch.path("part/checkpoint-2")) ]; do
        kill -0 $program || exit 99
      done
      kill -INT $program; wait $program
      """)
    #expect(first.code == 130, "\(first.errors)")
    #expect(first.errors.contains("interrupted: "), "\(first.errors)")
    #expect(first.errors.contains("the same command with --resume goes on"), "\(first.errors)")
    let resumed = try HostProgram.shell(train("part", "--resume"))
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try json("part/run.json")["outcome"] == json("whole/run.json")["outcome"])
    #expect(try json("part/trainer_state.json") == json("whole/trainer_state.json"))
    #expect(try json("part/run.json")["after"] == json("whole/run.json")["after"])
  }

  /// The evaluator says of an error that less is better; nobody has to say it in the recipe.
  @Test func theBestStepByAnErrorHasTheLeast() throws {
    let outcome = try HostProgram.shell(
      "host train --task recommendation --output-dir \(scratch.path("out")) --max-steps 9"
        + " --set training_args.eval_steps=3 --set training_args.learning_rate=2e-3"
        + " --set training_args.metric_for_best_model=brier --set evaluation.max_samples=24")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let state = try json("out/trainer_state.json")
    let values = (state["log_history"]?.array ?? []).compactMap { $0["eval_brier"]?.double }
    #expect(values.count == 3 && Set(values).count == 3)
    #expect(state["best_metric"]?.double == values.min())
    #expect(outcome.output.contains("brier ↓"), "\(outcome.output)")
  }

  @Test func aMetricThatNobodyGivesIsRefusedAtTheStart() throws {
    let cases: [(String, [String])] = [
      (
        "--set training_args.metric_for_best_model=combind_score",
        ["combind_score", "did you mean 'combined_score'", "eval_slot_f1"]
      ),
      (
        "--set training_args.metric_for_best_model=eval_acuracy",
        ["'eval_acuracy'", "eval_loss"]
      ),
      ("--set evaluation.predict_with_generate=false", ["'slot_f1'", "there are eval_loss"]),
      ("--set data.validation_fraction=0", ["needs a validation split"]),
    ]
    for (more, named) in cases {
      let outcome = try HostProgram.shell(train("out", more))
      #expect(outcome.code == 64, "\(outcome.errors)")
      for part in named { #expect(outcome.errors.contains(part), "\(outcome.errors)") }
      #expect(!scratch.holds("out"))
    }
  }

  /// The same rows at each evaluation, and the loss over them too.
  @Test func theSampleIsTheSeeds() throws {
    func asked(_ seed: Int) throws -> [JSONValue] {
      let file = scratch.path("answers-\(UUID().uuidString).jsonl")
      let outcome = try HostProgram.shell(
        "host evaluate --task hri_dialogue --split train --limit 5 --seed \(seed)"
          + " --set generation.max_new_tokens=1 --predictions \(file)")
      try #require(outcome.code == 0, "\(outcome.errors)")
      return try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        .compactMap { try JSONValue(parsing: String($0))["index"] }
    }
    let rows = try asked(1)
    #expect(try rows.count == 5 && rows == asked(1) && rows != asked(2))
  }
}
