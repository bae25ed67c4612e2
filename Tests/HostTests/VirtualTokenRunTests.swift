import Foundation
import JSON
import Testing

/// Runs of prefix and prompt tuning: to the end, resumed, under other objectives, and what they leave.
@Suite struct VirtualTokenRunTests {
  private let scratch: Scratch, model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    let rows = (0..<12).map {
      #"{"messages": [{"role": "user", "content": "how much is \#($0)?"}, "#
        + #"{"role": "assistant", "content": "it is \#($0)"}]}"#
    }
    try scratch.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
    let pairs = (0..<12).map {
      #"{"prompt": "how much is \#($0)?", "chosen": "it is \#($0)", "rejected": "no idea"}"#
    }
    try scratch.write(pairs.joined(separator: "\n") + "\n", to: "pairs.jsonl")
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
