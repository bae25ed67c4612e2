import Foundation
import JSON
import Testing

/// Rewards of a recipe in whole runs on the tiny model.
@Suite(.enabled(if: BadReward.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct RewardRunTests {
  let bad: BadReward
  let scratch: Scratch
  let task: String

  init() throws {
    bad = try BadReward()
    scratch = bad.scratch
    let model = try TinyModel.make(in: scratch)
    task =
      "--task instruct --model \(model) --set generation.max_new_tokens=3"
      + " --set evaluation.max_samples=2"
  }

  private func rewards(_ config: String, _ policy: String) -> String {
    " --set 'rewards=[{name: \(bad.library), weight: 2, config: {\(config)}}]'"
      + " --set on_reward_error=\(policy)"
  }

  private func rows(_ file: String) throws -> [JSONValue] {
    try String(contentsOf: scratch.url(file), encoding: .utf8).split(separator: "\n")
      .map { try JSONValue(parsing: String($0)) }
  }

  @Test func theAnswersOfEachEvaluationAreScored() throws {
    let out = scratch.path("out")
    let train = try HostProgram.shell(
      "host train \(task) --output-dir \(out) --max-steps 2 --batch-size 2"
        + rewards("", "stop") + " --set training_args.metric_for_best_model=reward")
    try #require(train.code == 0, "\(train.errors)")
    let rows = try rows("out/rewards.jsonl")
    #expect(Set(rows.compactMap { $0["moment"]?.string }) == ["base", "step 1", "step 2"])
    #expect(rows.allSatisfy { $0["reward"] == 1.0 && $0["rewards"]?["bad"]?["score"] == 0.5 })
    #expect(rows.allSatisfy { $0["prompt"]?.string?.contains("<|im_start|>user") == true })
    let run = try JSONValue(
      parsing: String(contentsOf: scratch.url("out/run.json"), encoding: .utf8))
    #expect(run["after"]?["metrics"]?["reward/bad"]?["value"] == 0.5)
    #expect(run["after"]?["details"]?["rewards"]?["bad"]?["scored"] == 2)
    #expect(run["rewards"]?.array?.first?["plugin"]?["sha256"]?.string?.count == 64)
  }

  @Test func aFailureStopsTheRunOrCostsItsBatches() throws {
    let stopped = try HostProgram.shell(
      "host train \(task) --output-dir \(scratch.path("out")) --max-steps 2 --batch-size 2"
        + rewards("always: true", "stop"))
    #expect(stopped.code == 1)
    #expect(
      stopped.errors.contains("bad: reward 'bad': its worker process died: Segmentation fault"))
    let kept = try rows("out/rewards.jsonl")
    #expect(kept.count == 2 && kept[0]["rewards"]?["bad"]?["error"]?.string != nil)

    let file = try scratch.write("what stood there before\n", to: "scored.jsonl")
    let judged = try HostProgram.shell(
      "host evaluate \(task) --json --rewards \(file)" + rewards("always: true", "abstain"))
    #expect(judged.code == 0, "\(judged.errors)")
    let report = try judged.json()["base"]
    #expect(report?["details"]?["rewards"]?["bad"]?["failed"]?.int ?? 0 > 0)
    #expect(report?["metrics"]?["reward"] == nil)
    let scored = try rows("scored.jsonl")
    #expect(scored.count > 0 && scored.allSatisfy { $0["moment"] == "base" })
  }

  @Test func recipesThatCannotBe() throws {
    let twice = try HostProgram.shell(
      "host evaluate \(task) --set 'rewards=[{name: \(bad.library)}, {name: \(bad.library)}]'")
    #expect(twice.code == 64)
    #expect(twice.errors.contains("names the reward 'bad' a second time"), "\(twice.errors)")
    let missing = try HostProgram.shell(
      "host evaluate \(task) --set 'rewards=[{name: nosuch}]'")
    #expect(missing.code == 65 && missing.errors.contains("there is no reward 'nosuch'"))
    let none = try HostProgram.shell("host evaluate \(task) --rewards x.jsonl")
    #expect(none.code == 64 && none.errors.contains("needs rewards in the recipe"))
  }

  /// A reward counts with the real tokenizer, which a worker opens by itself.
  @Test func aRewardUsesTheTokenizer() throws {
    let tokens = try bad.build("tokens.c", to: "libtokens.so", compiler: "cc")
    let text = "Bring me 3 red cameras, s'il vous plaît. 🤖"
    let file = try scratch.write("{\"completion\": \"\(text)\"}\n", to: "rows.jsonl")
    let plain = try scratch.write(text + "\n", to: "text.txt")
    let ids = try HostProgram.run(
      "inspect", "tokens", "--model", "nano-qwen3", "--text-file", plain
    ).json().array
    for place in ["--isolate", "--no-isolate"] {
      let outcome = try HostProgram.run(
        "reward", "try", "--reward", tokens, "--data", file, "--model", "nano-qwen3", place,
        "--json")
      try #require(outcome.code == 0, "\(outcome.errors)")
      let row = try outcome.json()["rows"]?.array?.first
      #expect(row?["reward"]?.int == ids?.count)
    }
    let refused = try HostProgram.run("reward", "try", "--reward", tokens, "--data", file)
    #expect(refused.code == 65 && refused.errors.contains("needs a tokenizer"))
  }

  /// A reward asks the real model, in the host's process and through a worker, and hears the same.
  @Test func aRewardAsksTheModel() throws {
    let judge = try bad.build("judge.c", to: "libjudge.so", compiler: "cc")
    let file = try scratch.write(
      """
      {"prompt": "The capital of France is", "completion": " Paris, of course."}
      {"prompt": "Good", "completion": ""}

      """, to: "rows.jsonl")
    let outcomes = try ["--isolate", "--no-isolate"].map { place in
      let outcome = try HostProgram.run(
        "reward", "try", "--reward", judge, "--data", file, "--model", "nano-qwen3", place,
        "--json")
      try #require(outcome.code == 0, "\(outcome.errors)")
      return try outcome.json()["rows"]
    }
    #expect(outcomes[0] == outcomes[1])
    let parts = outcomes[0]?.array?.map { $0["rewards"]?["judge"]?["components"] }
    #expect(parts?.first??["likelihood"]?.double ?? 0 < -1)
    #expect(parts?.first??["tokens"]?.int ?? 0 > 3)
    #expect(parts?.last??["likelihood"] == 0.0)
    let refused = try HostProgram.run("reward", "try", "--reward", judge, "--data", file)
    #expect(refused.code == 65)
    #expect(refused.errors.contains("judge: reward 'judge': needs a model to ask"))
  }
}
