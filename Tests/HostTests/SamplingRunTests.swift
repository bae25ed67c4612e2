import Foundation
import JSON
import Testing

/// Training on what a run samples itself, with the built program and a bundled reward.
@Suite struct SamplingRunTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let recipe = """
    task: instruct
    objective: { type: grpo, num_generations: 4, max_completion_length: 12 }
    rewards: [ { name: length, config: { target: 6 } } ]
    training_args: { per_device_train_batch_size: 8, max_steps: 6, logging_steps: 1, eval_steps: 6 }
    evaluation: { max_samples: 4 }
    generation: { max_new_tokens: 8 }
    """

  private func command(_ folder: String, _ settings: String = "") throws -> String {
    let config = try scratch.write(Self.recipe, to: "recipe.yaml")
    return "host train --config \(config) --output-dir \(scratch.path(folder)) \(settings)"
  }

  private func train(_ folder: String, _ settings: String = "") throws -> HostProgram.Outcome {
    let outcome = try HostProgram.shell(command(folder, settings))
    try #require(outcome.code == 0, "\(outcome.errors)")
    return outcome
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: scratch.url(name)) }

  private func rows(_ name: String) throws -> [JSONValue] {
    try String(contentsOf: scratch.url(name), encoding: .utf8).split(separator: "\n")
      .map { try JSONValue(parsing: String($0)) }
  }

  @Test func aRunTellsWhatItLearntFromAndCanLearnItAgain() throws {
    _ = try train("sampled")
    let lines = try rows("sampled/rewards.jsonl").filter { $0["prompt_ids"] != nil }
    #expect(lines.count == 6 * 8)
    for group in stride(from: 0, to: lines.count, by: 4).map({ lines[$0..<$0 + 4] }) {
      #expect(Set(group.map { $0["row"]?.int }).count == 1)
      #expect(abs(group.reduce(0) { $0 + ($1["advantage"]?.double ?? .nan) }) < 1e-9)
    }
    let log = try rows("sampled/metrics.jsonl").filter { $0["loss"] != nil }
    for row in log {
      #expect(row["rollout_drift"]?.double ?? 0 < 1e-3)
      for name in ["reward", "reward_std", "rewards/length/mean", "frac_reward_zero_std"] {
        #expect(row[name]?.double?.isFinite == true, "\(name)")
      }
    }
    let page = try String(contentsOf: scratch.url("sampled/report.html"), encoding: .utf8)
    #expect(page.contains("Reward of sampled completions"))
    try FileManager.default.copyItem(
      at: scratch.url("sampled/rewards.jsonl"), to: scratch.url("recorded.jsonl"))
    _ = try train("again", "--set objective.rollouts=\(scratch.path("recorded.jsonl"))")
    #expect(
      try bytes("again/adapter_model.safetensors") == bytes("sampled/adapter_model.safetensors"))
  }

  /// Killed in the midst of a cycle that learns from its completions more than once.
  @Test func aKilledRunGoesOnToTheSameBytes() throws {
    let settings =
      "--set objective.num_iterations=2 --set objective.steps_per_generation=2"
      + " --set training_args.save_steps=1 --set objective.beta=0.04"
    _ = try train("whole", settings)
    let run = try command("killed", settings)
    let out = scratch.path("killed")
    let outcome = try HostProgram.shell(
      """
      for step in 1 3 4; do
        \(run) $more 2>/dev/null & program=$!
        until [ -e \(out)/checkpoint-$step ]; do kill -0 $program || exit 99; done
        kill -9 $program; wait $program; more=--resume
      done
      \(run) --resume
      """)
    #expect(outcome.code == 0, "\(outcome.errors)")
    for name in ["adapter_model.safetensors", "metrics.jsonl", "rewards.jsonl"] {
      #expect(try bytes("killed/" + name) == bytes("whole/" + name), "\(name)")
    }
  }

  /// While completions are sampled, too.
  @Test func anInterruptedRunIsSaved() throws {
    let run = try command("stopped", "--max-steps 100000 --set training_args.learning_rate=1e-6")
    let out = scratch.path("stopped")
    let outcome = try HostProgram.shell(
      """
      \(run) 2>\(out).log & program=$!
      until grep -q '"sampling 3"' \(out)/rewards.jsonl 2>/dev/null; do
        kill -0 $program || exit 99
      done
      kill -INT $program; wait $program; code=$?; ls \(out); exit $code
      """)
    #expect(outcome.code == 130 && outcome.output.contains("checkpoint-"), "\(outcome.errors)")
  }

  /// A reward that fails costs no step that was done before.
  @Test func aRewardThatFailsCostsNoStep() throws {
    let flag = try scratch.write("", to: "fails")
    let program = try scratch.write(
      """
      n=0
      while read -r line; do
        n=$((n + 1)); [ $n -gt 5 ] && [ -e '\(flag)' ] && exit 3
        echo '{"scores": [0, 1, 2, 4]}'
      done
      """, to: "reward.sh")
    let settings =
      "--set 'rewards=[{name: command, config: {run: [sh, \(program)]}}]'"
      + " --set evaluation.predict_with_generate=false"
    let failed = try HostProgram.shell(command("run", settings))
    #expect(failed.code != 0 && failed.errors.contains("left with exit code 3"), "\(failed.errors)")
    #expect(failed.errors.contains("step 2 is saved; --resume goes on with the next step"))
    #expect(scratch.holds("run/checkpoint-2"))
    try FileManager.default.removeItem(atPath: flag)
    _ = try train("run", settings + " --resume")
    _ = try train("whole", settings)
    for name in ["adapter_model.safetensors", "metrics.jsonl", "rewards.jsonl"] {
      #expect(try bytes("run/" + name) == bytes("whole/" + name), "\(name)")
    }
  }

  /// The rows have no such column.
  @Test func aRewardThatScoresNothingIsTold() throws {
    let outcome = try train(
      "silent",
      "--set 'rewards=[{name: answer, config: {key: solution}}, {name: length, config: {target: 6}}]'"
    )
    let sentence =
      "warning: reward 'answer' scored none of the 8 completions of step 1: "
    #expect(outcome.errors.components(separatedBy: sentence).count == 2, "\(outcome.errors)")
    #expect(!outcome.errors.contains("reward 'length' scored none"))
  }

  @Test(arguments: [
    ("--set objective.num_generations=1", "num_generations is 1"),
    ("--set objective.num_generations=3", "make it a multiple of 3"),
    ("--set rewards=[]", "learns from rewards, but none is named"),
    ("--set objective.max_completion_length=5000", "the model's context is 1024"),
    ("--set objective.max_completion_length=1010", "the longest prompt has"),
    ("--set objective.rollouts=/nowhere.jsonl", "/nowhere.jsonl"),
    ("--set data.assistant_turns=each", "grpo answers the last turn"),
    ("--set objective.reward_weights=[1,2]", "2 numbers for 1 rewards"),
    ("--set training_args.metric_for_best_model=eval_loss", "eval_reward/length"),
  ]) func badSettingsAreNamed(_ setting: String, _ message: String) throws {
    let outcome = try HostProgram.shell(command("bad", setting))
    #expect(outcome.code != 0 && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(!scratch.holds("bad/run.json"))
  }

  @Test func recordedLinesAreChecked() throws {
    let line = #"{"row": 1, "prompt_ids": [5], "completion_ids": [6], "rewards": {"a": 1}}"#
    for (text, message) in [
      ("{", "recorded.jsonl:1: is not a JSON object"),
      (line.replacing("[6]", with: "[]"), "needs 'completion_ids'"),
      (line.replacing("1}}", with: "\"x\"}}"), "the reward 'a' must be a number or null"),
      (line, "the last group has 1 of objective.num_generations: 2"),
      (line + "\n" + line.replacing("[5]", with: "[7]"), "recorded.jsonl:2: is of another prompt"),
      (line + "\n" + line.replacing("\"a\"", with: "\"b\""), "has the rewards b"),
      (line.replacing("[6]", with: "[600000]"), "holds the id 600000"),
    ] {
      let path = try scratch.write(text, to: "recorded.jsonl")
      let outcome = try HostProgram.shell(
        command(
          "bad",
          "--set objective.rollouts=\(path) --set objective.num_generations=2"
            + " --set rewards=[]"))
      #expect(outcome.code != 0 && outcome.errors.contains(message), "\(outcome.errors)")
    }
  }
}
