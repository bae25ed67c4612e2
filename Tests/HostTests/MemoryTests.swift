import Foundation
import JSON
import Testing

/// The memory plan against what runs use, and what the limit makes of it.
@Suite struct MemoryTests {
  private func bench(rows: Int, _ flags: [String]) throws -> JSONValue {
    try HostProgram.run(
      ["bench", "train", "--model", "nano-qwen3", "--seq", "256", "--batch", "\(rows)"]
        + ["--steps", "1", "--json"] + flags
    ).json()
  }

  /// What more rows cost is planned to a tenth, with and without recomputation. The program's own
  /// size, which differs between builds, cancels.
  @Test(arguments: [
    [], ["--checkpointing"], ["--method", "prefix_tuning"], ["--method", "prompt_tuning"],
    ["--method", "adalora"], ["--method", "ia3"], ["--set", "peft.use_dora=true"],
    ["--set", "peft.init_lora_weights=pissa_niter_2"],
    ["--set", "peft.init_lora_weights=pissa_niter_2", "--quantization", "nf4"],
    ["--set", "peft.trainable_token_indices=[5,6,7]"],
  ]) func planIsWithinATenth(flags: [String]) throws {
    let few = try bench(rows: 4, flags), many = try bench(rows: 24, flags)
    func growth(_ key: String) throws -> Double {
      try #require(many[key]?.double) - #require(few[key]?.double)
    }
    let peak = try growth("peak_rss_mib"), planned = try growth("planned_mib")
    #expect(abs(planned - peak) < 0.1 * peak, "planned \(planned), peak \(peak) MiB more")
    let names = many["operations"]?.array?.compactMap { $0["name"]?.string } ?? []
    #expect(Set(["Projection", "Attention", "LogProbabilities"]).isSubset(of: names))
  }

  /// Pairs share their prompts, whose keys are laid out anew for each answer.
  @Test func pairsAreWithinATenth() throws {
    let pairs = ["--objective", "dpo", "--supervised", "64"]
    let few = try bench(rows: 4, pairs), many = try bench(rows: 24, pairs)
    func growth(_ key: String) throws -> Double {
      try #require(many[key]?.double) - #require(few[key]?.double)
    }
    let peak = try growth("peak_rss_mib"), planned = try growth("planned_mib")
    #expect(planned > 0.98 * peak && planned < 1.1 * peak, "planned \(planned), peak \(peak) MiB")
  }

  private func plan(_ settings: String...) throws -> HostProgram.Outcome {
    try HostProgram.run(
      ["plan", "--task", "hri_dialogue", "--json"] + settings.flatMap { ["--set", $0] })
  }

  @Test func limitDecidesOnCheckpointing() throws {
    let free = try plan().json()["memory"]
    #expect(free?["gradient_checkpointing"]?.bool == false)
    let always = try plan("training_args.gradient_checkpointing=true").json()["memory"]
    let most = try #require(free?["total_bytes"]?.int)
    let least = try #require(always?["total_bytes"]?.int)
    #expect(least < most)
    let between = try plan("training_args.memory_limit=\((least + most) / 2)").json()["memory"]
    #expect(between?["gradient_checkpointing"]?.bool == true)
  }

  @Test(arguments: [
    ("training_args.memory_limit=10MB", "not one short row fits"),
    ("training_args.memory_limit=banana", "an amount of memory like 6GB"),
    ("training_args.memory_limit=0", "an amount of memory like 6GB"),
  ]) func limitThatCannotBeMet(setting: String, sentence: String) throws {
    let result = try plan(setting)
    #expect(result.code == 64 && result.output.isEmpty)
    #expect(result.errors.contains(sentence), "\(result.errors)")
    #expect(result.errors.contains("training_args.memory_limit"))
  }

  @Test func refusalSaysWhatWouldFit() throws {
    func total(_ checkpointing: Bool) throws -> Int {
      try #require(
        try plan("training_args.gradient_checkpointing=\(checkpointing)")
          .json()["memory"]?["total_bytes"]?.int)
    }
    let limit = try (total(true) + total(false)) / 2
    let result = try plan(
      "training_args.gradient_checkpointing=false", "training_args.memory_limit=\(limit)")
    #expect(result.code == 64)
    #expect(result.errors.contains("gradient_checkpointing: true would fit"), "\(result.errors)")
  }
}
