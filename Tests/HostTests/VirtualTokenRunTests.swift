import Formats
import Foundation
import JSON
import Testing

/// Runs of prefix and prompt tuning: to the end, resumed, under other objectives, and what they leave.
@Suite struct VirtualTokenRunTests {
  private let scratch: Scratch, model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    try TinyModel.writeRows(in: scratch)
  }

  private static let methods = [
    "peft.method=prefix_tuning",
    "peft.method=prefix_tuning --set peft.prefix_projection=true",
    "peft.method=prefix_tuning --set 'peft.prefix_init_text=how much is it?'",
    "peft.method=prompt_tuning",
    "peft.method=prompt_tuning --set 'peft.prompt_tuning_init_text=how much is it?'",
  ]

  /// A run of 6 steps with a checkpoint after every second one.
  private func train(
    _ method: String, _ more: String = "", task: String = "instruct", rows: String = "rows.jsonl",
    out: String = "out"
  ) throws -> HostProgram.Outcome {
    try HostProgram.shell(
      "host train --task \(task) --model \(model) --output-dir \(scratch.path(out))"
        + " --set data.train=\(scratch.path(rows)) --set data.validation=null"
        + " --max-steps 6 --batch-size 2 --learning-rate 1e-2 --seed 3"
        + " --set \(method) --set peft.num_virtual_tokens=4 --set training_args.logging_steps=1"
        + " --set training_args.save_steps=2 --set training_args.save_total_limit=null " + more)
  }

  private func weights(_ place: String) throws -> Data {
    try Data(contentsOf: scratch.url(place + "/adapter_model.safetensors"))
  }

  private func losses(_ out: String) throws -> [Double] {
    try String(contentsOf: scratch.url(out + "/metrics.jsonl"), encoding: .utf8)
      .split(separator: "\n").compactMap { try JSONValue(parsing: String($0))["loss"]?.double }
  }

  @Test(arguments: methods) func aResumedRunIsTheSame(method: String) throws {
    let whole = try train(method)
    try #require(whole.code == 0, "\(whole.errors)")
    let expected = try weights("out"), losses = try losses("out")
    #expect(losses.count == 6)
    for name in ["checkpoint-6", "last", "adapter_model.safetensors"] {
      try FileManager.default.removeItem(atPath: scratch.path("out/" + name))
    }
    let resumed = try train(method, "--resume")
    try #require(resumed.code == 0, "\(resumed.errors)")
    #expect(try weights("out") == expected)
    #expect(try self.losses("out") == losses)
  }

  /// Answers are written, the adapter is inspected, and a checkpoint is an adapter as well.
  @Test(arguments: [methods[1], methods[3]]) func whatARunLeavesIsUsed(method: String) throws {
    let run = try train(method)
    try #require(run.code == 0, "\(run.errors)")
    func answer(_ place: String) throws -> String {
      let outcome = try HostProgram.shell(
        "host generate --model \(model) --adapter \(scratch.path(place)) --prompt 'how much is 3?' "
          + "--max-new-tokens 8")
      #expect(outcome.code == 0, "\(outcome.errors)")
      return outcome.output
    }
    #expect(try answer("out") == answer("out/checkpoint-6"))
    let inspected = try HostProgram.run(["inspect", "adapter", scratch.path("out")])
    #expect(inspected.code == 0, "\(inspected.errors)")
    #expect(inspected.output.contains("virtual tokens") && inspected.output.contains(" 4"))
    let card = try String(contentsOf: scratch.url("out/README.md"), encoding: .utf8)
    #expect(card.contains("host generate") && !card.contains("host merge"))
    // They are no part of any weight, nor a product that other programs know.
    for command in ["merge", "export --for vllm", "export --for llama.cpp", "export --for ollama"] {
      let outcome = try HostProgram.shell(
        "host \(command) --model \(model) --adapter \(scratch.path("out"))"
          + " --output-dir \(scratch.path("other"))")
      #expect(
        outcome.code == 65 && outcome.errors.contains("serve it with its base"), "\(outcome.errors)"
      )
      #expect(!FileManager.default.fileExists(atPath: scratch.path("other")))
    }
    let export = try HostProgram.shell(
      "host export --for peft --model \(model) --adapter \(scratch.path("out"))"
        + " --output-dir \(scratch.path("other"))")
    #expect(export.code == 0, "\(export.errors)")
    #expect(try answer("other") == answer("out"))
  }

  /// Preferences compare with the base, which has no virtual tokens.
  @Test(arguments: [methods[0], methods[3]]) func preferencesAreLearnt(method: String) throws {
    let run = try train(
      method, "--set objective.loss_type=sigmoid --set objective.loss_weights=null",
      task: "preference",
      rows: "pairs.jsonl")
    try #require(run.code == 0, "\(run.errors)")
    let losses = try losses("out")
    #expect(losses.count == 6 && losses.allSatisfy { $0.isFinite } && losses[5] < losses[0])
  }

  /// Objectives of pairs that compare with nothing, and of single answers.
  @Test(arguments: [methods[0], methods[3]], ["simpo", "orpo", "cpo", "kto"])
  func otherPreferencesAreRun(method: String, objective: String) throws {
    let run = try train(
      method,
      "--set objective.type=\(objective)"
        + (objective == "kto" ? " --set data.rows=labels" : ""), task: "preference",
      rows: "pairs.jsonl")
    try #require(run.code == 0, "\(run.errors)")
    let losses = try losses("out")
    #expect(losses.count == 6 && losses.allSatisfy { $0.isFinite } && Set(losses).count == 6)
  }

  /// A run that goes on from an adapter compares with it, and agrees with it to the last bit at first.
  @Test(arguments: [methods[1], methods[3]]) func preferencesGoOnFromAnAdapter(method: String)
    throws
  {
    let first = try train(method, out: "first")
    try #require(first.code == 0, "\(first.errors)")
    let name = try #require(method.split(separator: " ").first)
    let run = try train(
      String(name),
      "--set objective.loss_type=sigmoid --set objective.loss_weights=null"
        + " --set peft.adapter_name_or_path=\(scratch.path("first"))", task: "preference",
      rows: "pairs.jsonl")
    try #require(run.code == 0, "\(run.errors)")
    let losses = try losses("out")
    #expect(abs(losses[0] - 0.693147180559945) < 1e-12 && losses[5] < losses[0])
  }

  /// Completions are sampled behind virtual tokens, twice learnt from, and held to the base.
  @Test(arguments: [methods[1], methods[3]]) func completionsAreLearnt(method: String) throws {
    let recipe = """
      task: instruct
      objective: { type: grpo, num_generations: 4, max_completion_length: 8, num_iterations: 2, beta: 0.04 }
      rewards: [ { name: length, config: { target: 6 } } ]
      training_args: { per_device_train_batch_size: 8, logging_steps: 1 }
      evaluation: { max_samples: 4 }
      generation: { max_new_tokens: 8 }
      """
    let config = try scratch.write(recipe, to: "recipe.yaml")
    func run(_ more: String) throws -> HostProgram.Outcome {
      try HostProgram.shell(
        "host train --config \(config) --model \(model) --output-dir \(scratch.path("out"))"
          + " --set data.train=\(scratch.path("rows.jsonl")) --set data.validation=null"
          + " --max-steps 4 --learning-rate 1e-2 --set \(method) --set training_args.save_steps=1"
          + " --set training_args.save_total_limit=null " + more)
    }
    let whole = try run("")
    try #require(whole.code == 0, "\(whole.errors)")
    let expected = try weights("out")
    let rows = try String(contentsOf: scratch.url("out/metrics.jsonl"), encoding: .utf8)
      .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      .filter { $0["loss"] != nil }
    #expect(rows.count == 4 && rows.allSatisfy { $0["rollout_drift"]?.double ?? 0 < 1e-3 })
    for name in ["checkpoint-4", "last", "adapter_model.safetensors"] {
      try FileManager.default.removeItem(atPath: scratch.path("out/" + name))
    }
    let resumed = try run("--resume")
    try #require(resumed.code == 0, "\(resumed.errors)")
    #expect(try weights("out") == expected)
  }

  /// Choices are weighed behind virtual tokens, before what is heard.
  @Test(arguments: [methods[0], methods[3]]) func rewardsOfChoicesAreLearnt(method: String) throws {
    let run = try HostProgram.shell(
      "host train --task speech_drama --output-dir \(scratch.path("out")) --max-steps 2"
        + " --set objective.type=expected_reward --set 'rewards=[{name: rating}]'"
        + " --batch-size 4 --set evaluation.max_samples=4 --set \(method)")
    try #require(run.code == 0, "\(run.errors)")
  }

  /// The head of a score has the name that PEFT gives it beside virtual tokens.
  @Test(arguments: [methods[0], methods[3]]) func rewardModelsAreTrained(method: String) throws {
    let run = try train(
      method, "--set objective.type=reward_model", task: "preference", rows: "pairs.jsonl")
    try #require(run.code == 0, "\(run.errors)")
    let file = try SafeTensorsFile(path: scratch.path("out/adapter_model.safetensors"))
    #expect(Set(file.entries.keys) == ["prompt_embeddings", "base_model.score.weight"])
    let expected = try weights("out")
    for name in ["checkpoint-6", "last", "adapter_model.safetensors"] {
      try FileManager.default.removeItem(atPath: scratch.path("out/" + name))
    }
    let resumed = try train(
      method, "--set objective.type=reward_model --resume", task: "preference", rows: "pairs.jsonl")
    try #require(resumed.code == 0, "\(resumed.errors)")
    #expect(try weights("out") == expected)
    let judged = try HostProgram.shell(
      "host evaluate --task preference --set objective.type=reward_model --model \(model)"
        + " --adapter \(scratch.path("out")) --limit 4")
    #expect(judged.code == 0, "\(judged.errors)")
  }

  @Test func whatHardlyLearnsIsSaid() throws {
    let run = try HostProgram.shell(
      "host plan --task hri_dialogue --set peft.method=prompt_tuning"
        + " --set training_args.learning_rate=1e-4 --set training_args.weight_decay=0.01")
    #expect(run.code == 0 && run.errors.contains("hardly moves virtual tokens"), "\(run.errors)")
    #expect(run.errors.contains("pulls what prompt tuning trains towards 0"), "\(run.errors)")
  }

  @Test func theContextMustHoldThem() throws {
    let run = try train("peft.method=prompt_tuning", "--set peft.num_virtual_tokens=505")
    #expect(run.code == 64)
    #expect(
      run.errors.contains("puts 505 tokens before every row")
        && run.errors.contains("max_length: 7"),
      "\(run.errors)")
  }

  @Test(arguments: [
    ("peft.method=prefix_tuning --set peft.r=3", "peft.r has no effect"),
    ("peft.method=prompt_tuning --set peft.prompt_tuning_init=TEXT", "name the text"),
    ("peft.method=prefix_tunning", "did you mean 'prefix_tuning'?"),
  ]) func whatHasNoEffectIsRefused(method: String, sentence: String) throws {
    let run = try train(method)
    #expect(run.code != 0 && run.errors.contains(sentence), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("out/checkpoint-2")))
  }
}
