import Foundation
import JSON
import Testing

/// `host plan --ranks`, and the recipe's section.
@Suite struct PlanRanksTests {
  private func plan(_ arguments: [String], _ settings: String...) throws -> HostProgram.Outcome {
    try HostProgram.run(
      ["plan", "--task", "hri_dialogue", "--json"] + arguments
        + settings.flatMap { ["--set", $0] })
  }

  @Test func stagesAreOfferedWithTheirPrice() throws {
    let steps = "training_args.gradient_accumulation_steps=8"
    let ranks = try plan(["--ranks", "4", "--network", "10Gb"], steps).json()["ranks"]
    #expect(ranks?["count"] == 4 && ranks?["micro_batches"] == 8 && ranks?["least_stage"] == 1)
    let stages = try #require(ranks?["stages"]?.array)
    #expect(stages.compactMap { $0["stage"]?.int } == [0, 1, 2, 3])
    let sent = stages.compactMap { $0["sent_bytes"]?.int }
    // Of adapters nothing is gathered.
    #expect(sent[0] == sent[1] && 2 * sent[2] == 3 * sent[1] && sent[3] == sent[2])
    let memory = stages.compactMap { $0["total_bytes"]?.int }
    #expect(memory[0] > memory[1] && memory[1] > memory[2] && memory[2] == memory[3])
    let slow = try plan(["--ranks", "4", "--network", "1Mb"], steps).json()["ranks"]
    let few = slow?["stages"]?[1]?["efficiency"]?.double ?? 1
    #expect(few < stages[1]["efficiency"]?.double ?? 0)
    // Without a network nothing is said of speed.
    let silent = try plan(["--ranks", "4"], steps).json()["ranks"]?["stages"]
    #expect(silent?[1]?["tokens_per_second"] == JSONValue.null)
  }

  @Test(arguments: [
    ("--ranks=0", "", "a number from 1 on"), ("--network=10Gb", "", "beside --ranks only"),
    ("--ranks=2", "distribution.stage=4", "must be one of 0, 1, 2, 3"),
    ("--ranks=2", "distribution.weights=bf16", "has no effect unless peft.method is full"),
    ("--ranks=2", "distribution.offload.folder=/tmp", "has no effect unless"),
    ("--ranks=2", "distribution.offload.optimizer=disk", "no folder is named"),
    ("--ranks=2", "zero_optimization.stage=2", "did you mean 'distribution.stage'"),
  ])
  func whatMeansNothingIsRefused(flag: String, setting: String, sentence: String) throws {
    let outcome = try HostProgram.run(
      ["plan", "--task", "hri_dialogue", flag] + (setting.isEmpty ? [] : ["--set", setting]))
    #expect(outcome.code == 64 && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  /// Of many gradients at once few are kept, where every weight is trained and memory is short.
  @Test func lanesAreProposed() throws {
    let full = [
      "peft.method=full", "training_args.gradient_accumulation_steps=64",
      "training_args.gradient_checkpointing=true",
    ]
    func plan(_ setting: String) throws -> HostProgram.Outcome {
      try HostProgram.run(
        ["plan", "--task", "hri_dialogue", "--json"]
          + (full + [setting]).flatMap { ["--set", $0] })
    }
    let four = try plan("training_args.gradient_lanes=4").json()["memory"]
    let limit = try #require(four?["total_bytes"]?.int) + 1_000_000
    let outcome = try plan("training_args.memory_limit=\(limit)")
    // Up to seven lanes no more than three gradients are held at once.
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("gradient_lanes: 7 would fit"), "\(outcome.errors)")
  }
}
