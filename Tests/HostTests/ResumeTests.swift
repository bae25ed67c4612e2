import Foundation
import JSON
import Testing

/// A run is what its receipt says, also when it is resumed.
@Suite struct ResumeTests {
  private let scratch: Scratch, model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    for (name, count) in [("rows", 12), ("fewer", 7)] {
      let rows = (0..<count).map {
        #"{"messages": [{"role": "user", "content": "how much is \#($0)?"}, "#
          + #"{"role": "assistant", "content": "it is \#($0)"}]}"#
      }
      try scratch.write(rows.joined(separator: "\n") + "\n", to: name + ".jsonl")
    }
  }

  /// A run of 6 steps with a checkpoint after every second one.
  private func train(_ more: String, out: String = "out") throws -> HostProgram.Outcome {
    try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(scratch.path(out))"
        + " --set data.train=\(scratch.path("rows.jsonl")) --set data.validation=null"
        + " --max-steps 6 --batch-size 2 --learning-rate 1e-3 --seed 3 --lora-r 4 --lora-alpha 8"
        + " --set 'peft.target_modules=[q_proj, v_proj]' --set training_args.logging_steps=1"
        + " --set training_args.save_steps=2 --set training_args.save_total_limit=null "
        + more)
  }

  /// A run that was ended after step 4.
  private func half(_ out: String = "out") throws {
    let outcome = try train("", out: out)
    try #require(outcome.code == 0, "\(outcome.errors)")
    for name in ["checkpoint-6", "last", "adapter_model.safetensors"] {
      try FileManager.default.removeItem(atPath: scratch.path("\(out)/\(name)"))
    }
  }

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: String(contentsOf: scratch.url(name), encoding: .utf8))
  }

  private func weights(_ out: String) throws -> Data {
    try Data(contentsOf: scratch.url(out + "/adapter_model.safetensors"))
  }

  private let other =
    "--resume --seed 4 --learning-rate 5e-4 --batch-size 1 --set data.train="

  @Test func otherSettingsAreNamedAndRefused() throws {
    try half()
    let receipt = try Data(contentsOf: scratch.url("out/run.json"))
    let outcome = try train(other + scratch.path("fewer.jsonl"))
    #expect(outcome.code == 65)
    for part in [
      "training_args.seed: 3 → 4", "training_args.learning_rate: 0.001 → 0.0005",
      "training_args.per_device_train_batch_size: 2 → 1", "data.train:", "fewer.jsonl",
      "rows of train: 12 rows", "--accept-changes",
    ] { #expect(outcome.errors.contains(part), "\(part): \(outcome.errors)") }
    #expect(try Data(contentsOf: scratch.url("out/run.json")) == receipt)
    #expect(!scratch.holds("out/adapter_model.safetensors"))
  }

  @Test func acceptedSettingsLeaveAHistory() throws {
    try half()
    let outcome = try train(other + scratch.path("fewer.jsonl") + " --accept-changes")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("changed   training_args.seed: 3 → 4"))
    for name in ["out/run.json", "out/checkpoint-6/run.json"] {
      let history = try #require(try json(name)["history"]?.array)
      #expect(history.count == 1 && history[0]["from_step"] == 5)
      let changes = history[0]["changes"]
      #expect(changes?["training_args.seed"] == ["was": 3, "is": 4])
      #expect(changes?["rows of train"]?["was"]?["rows"] == 12)
    }
    #expect(try json("out/checkpoint-4/run.json")["history"] == [])
    let shown = try HostProgram.run("inspect", "run", scratch.path("out"))
    #expect(shown.output.contains("from step 5"), "\(shown)")
    #expect(shown.output.contains("training_args.seed: 3 → 4"), "\(shown)")
    // The checkpoint knows what it was trained with: the first settings are the other ones now.
    let back = try train("--resume --max-steps 8")
    #expect(back.code == 65 && back.errors.contains("training_args.seed: 4 → 3"), "\(back.errors)")
  }

  @Test func anUnchangedRunGoesOnToTheSameBytes() throws {
    try half()
    let whole = try train("", out: "whole"), resumed = try train("--resume")
    #expect(whole.code == 0 && resumed.code == 0, "\(resumed.errors)")
    #expect(!resumed.errors.contains("changed"))
    #expect(try weights("out") == weights("whole"))
    #expect(try json("out/run.json")["history"] == [])
    let checkpoints = try ["out", "whole"].map {
      try json($0 + "/checkpoint-6/run.json").setting("recipe", nil)
    }
    #expect(checkpoints[0] == checkpoints[1])
  }

  /// More steps: told, recorded, with the rates and rows of a run of that length from there on.
  @Test func aRunIsProlonged() throws {
    for epochs in [false, true] {
      let out = epochs ? "epochs" : "steps", length = epochs ? "num_train_epochs" : "max_steps"
      let first = epochs ? "--set training_args.max_steps=null --epochs 1" : ""
      let more = epochs ? "--set training_args.max_steps=null --epochs 2" : "--max-steps 12"
      try #require(try train(first, out: out).code == 0)
      let outcome = try train("--resume " + more, out: out)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("changed   training_args.\(length): "))
      #expect(outcome.errors.contains("the run has 12 steps in the place of 6; the learning rate"))
      let run = try json(out + "/run.json")
      #expect(run["outcome"] == "finished at step 12")
      #expect(run["history"]?[0]?["from_step"] == 7)
      let rates = (try json(out + "/trainer_state.json")["log_history"]?.array ?? [])
        .compactMap { $0["learning_rate"]?.double }
      let whole = try train(more, out: "whole-" + out)
      #expect(whole.code == 0, "\(whole.errors)")
      let expected = (try json("whole-\(out)/trainer_state.json")["log_history"]?.array ?? [])
        .compactMap { $0["learning_rate"]?.double }
      #expect(rates.count == 12 && rates[6...] == expected[6...] && rates[..<6] != expected[..<6])
      #expect(try json(out + "/trainer_state.json")["max_steps"] == 12)
    }
    let shorter = try train("--resume --max-steps 4", out: "steps")
    #expect(shorter.code == 65 && shorter.errors.contains("has done more steps than the 4"))
  }

  /// Evaluations that measure otherwise are not compared with earlier ones, the base's neither.
  @Test func anotherMeasureBeginsAnew() throws {
    func judged(_ samples: Int, _ more: String) -> String {
      "--set data.validation=\(scratch.path("rows.jsonl")) --set generation.max_new_tokens=2"
        + " --set training_args.eval_steps=2 --set evaluation.max_samples=\(samples) " + more
    }
    try #require(try train(judged(2, "")).code == 0)
    #expect(try json("out/evaluation_before.json")["count"] == 2)
    let first = try json("out/trainer_state.json")
    let outcome = try train(judged(3, "--resume --max-steps 8"))
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("changed   evaluation.max_samples: 2 → 3"))
    #expect(outcome.errors.contains("the best step is looked for anew"))
    #expect(try json("out/evaluation_before.json")["count"] == 3)
    let state = try json("out/trainer_state.json")
    #expect(first["best_global_step"] != 8 && state["best_global_step"] == 8)
  }

  /// Trained parameters are never dropped, whatever is accepted.
  @Test(arguments: [
    "--set 'peft.target_modules=[q_proj]'", "--set 'peft.target_modules=[q_proj, v_proj, k_proj]'",
    "--lora-r 8", "--set peft.method=full",
  ])
  func aCheckpointOfOtherParametersIsNotUsed(more: String) throws {
    try half()
    let receipt = try Data(contentsOf: scratch.url("out/run.json"))
    let refused = try train("--resume " + more)
    #expect(refused.code == 65 && refused.errors.contains(" → "), "\(refused.errors)")
    let accepted = try train("--resume --accept-changes " + more)
    #expect(accepted.code == 65 && accepted.errors.contains("checkpoint-4"), "\(accepted.errors)")
    #expect(try Data(contentsOf: scratch.url("out/run.json")) == receipt)
  }

  @Test func anotherBaseIsNoticed() throws {
    try half()
    let weights = scratch.url("model/model.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count - 2] ^= 1
    try bytes.write(to: weights)
    let outcome = try train("--resume")
    #expect(outcome.code == 65 && outcome.errors.contains("base \(weights.path): "))
  }

  @Test func nothingToResumeIsAnError() throws {
    try FileManager.default.createDirectory(
      at: scratch.url("empty"), withIntermediateDirectories: true)
    for (out, part) in [("typo/run", "is not there"), ("empty", "holds no run")] {
      let outcome = try train("--resume", out: out)
      #expect(outcome.code == 65 && outcome.errors.contains(part), "\(outcome.errors)")
    }
    #expect(!scratch.holds("typo") && scratch.holds("empty"))
    #expect(try train("--accept-changes").code == 64)
  }

  @Test func aRunWithoutACheckpointStartsOver() throws {
    try half()
    for step in [2, 4] {
      try FileManager.default.removeItem(atPath: scratch.path("out/checkpoint-\(step)"))
    }
    let outcome = try train("--resume")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("before its first checkpoint; it starts over at step 1"))
    try #require(try train("", out: "whole").code == 0)
    #expect(try weights("out") == weights("whole"))
  }

  @Test func damagedCheckpointsAreNotCalledAbsent() throws {
    try half()
    for step in [2, 4] { try scratch.write("{}", to: "out/checkpoint-\(step)/run.json") }
    let outcome = try train("--resume")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("checkpoint-4 is damaged"), "\(outcome.errors)")
    #expect(outcome.errors.contains("no checkpoint is whole; the run starts over at step 1"))
  }
}
