import Foundation
import JSON
import Testing

/// A whole run on the tiny model, and the verbs that read what it wrote.
@Suite struct RunTests {
  @Test func aRunIsWrittenReadAndEvaluated() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch), out = scratch.path("out")
    let task = "--task instruct --model \(model) --set generation.max_new_tokens=4"
    let train = try HostProgram.shell(
      "host train \(task) --output-dir \(out) --max-steps 2 --batch-size 2"
        + " --set evaluation.max_samples=2")
    try #require(train.code == 0, "\(train.errors)")
    let files = [
      "adapter_model.safetensors", "adapter_config.json", "run.json", "trainer_state.json",
      "metrics.jsonl", "tokenizer.json", "checkpoint-2", "last",
    ]
    for file in files { #expect(scratch.holds("out/" + file), "\(file)") }

    let adapter = try HostProgram.run("inspect", "adapter", out, "--json").json()
    #expect(adapter["config"]?["r"]?.int == 16)
    let run = try HostProgram.run("inspect", "run", out, "--json").json()
    #expect(run["state"]?["global_step"]?.int == 2)
    #expect(run["checkpoints"]?.array?.allSatisfy { $0["fault"]?.isNull == true } == true)

    let judged = try HostProgram.shell(
      "host evaluate \(task) --adapter \(out) --base --limit 3 --json"
        + " --predictions \(scratch.path("answers.jsonl"))")
    #expect(judged.code == 0, "\(judged.errors)")
    for name in ["base", "tuned"] { #expect(try judged.json()[name]?["count"]?.int == 3) }
    let answers = try String(contentsOf: scratch.url("answers.jsonl"), encoding: .utf8)
    #expect(answers.split(separator: "\n").count == 6)
  }

  @Test func throughputIsMeasured() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let report = try HostProgram.run(
      "bench", "train", "--model", model, "--seq", "16", "--batch", "2", "--steps", "2",
      "--supervised", "4", "--json"
    ).json()
    let keys = [
      "tokens_per_second", "step_seconds", "gflops", "ceiling_gflops", "share_of_ceiling",
      "peak_rss_mib",
    ]
    for key in keys { #expect(report[key]?.double ?? 0 > 0, "\(key)") }
  }
}
