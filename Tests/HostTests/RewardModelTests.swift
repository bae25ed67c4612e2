import Foundation
import JSON
import Testing

/// A reward model from its training to its use, as the README of the task preference shows it.
@Suite struct RewardModelTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func host(_ command: String) throws -> HostProgram.Outcome {
    let outcome = try HostProgram.shell("host \(command)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return outcome
  }

  private func refusal(_ command: String) throws -> String {
    let outcome = try HostProgram.shell("host \(command)")
    #expect(outcome.code != 0, "\(command)")
    return outcome.errors
  }

  private func train(_ folder: String, _ settings: String, steps: Int = 4) throws
    -> HostProgram.Outcome
  {
    try host(
      "train --task preference --output-dir \(scratch.path(folder)) --max-steps \(steps)"
        + " --set objective.type=reward_model --set evaluation.max_samples=12"
        + " --set training_args.logging_steps=2 \(settings)")
  }

  private func json(_ file: String) throws -> JSONValue {
    try JSONValue(parsing: String(contentsOf: scratch.url(file), encoding: .utf8))
  }

  private func bytes(_ file: String) throws -> Data { try Data(contentsOf: scratch.url(file)) }

  private var rows: String {
    get throws {
      try scratch.write(
        #"{"prompt": "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n", "completion": "Hello."}"#
          + "\n"
          + #"{"prompt": "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n", "completion": "No!"}"#
          + "\n", to: "rows.jsonl")
    }
  }

  private func scores(_ config: String, _ options: String = "") throws -> [Double] {
    let report = try host(
      "reward try --reward preference_model --data \(rows) --config '\(config)' --json \(options)"
    ).json()
    return try #require(report["rows"]?.array).map {
      try #require($0["rewards"]?["preference_model"]?["score"]?.double ?? $0["total"]?.double)
    }
  }

  @Test func fromPairsToAReward() throws {
    let report = try train("rm", "").output
    #expect(report.contains("score/chosen") && report.contains("accuracy"), "\(report)")
    let config = try json("rm/adapter_config.json")
    #expect(config["task_type"] == "SEQ_CLS" && config["modules_to_save"] == ["score"])
    let log = try String(contentsOf: scratch.url("rm/metrics.jsonl"), encoding: .utf8)
    for name in ["accuracy", "margin", "min_reward", "mean_reward", "max_reward"] {
      #expect(log.contains("\"\(name)\"") && log.contains("\"eval_\(name)\""), "\(name)")
    }
    let receipt = try json("rm/run.json")
    let plain =
      5 * 16 * ((128 + 128) + 2 * (128 + 64) + (128 + 128) + 2 * (128 + 384) + (384 + 128))
    #expect(receipt["trained"]?["parameters"]?.int == plain + 128)

    let adapter = scratch.path("rm"), few = "--set evaluation.max_samples=12 --json"
    let judged = try host("evaluate --task preference --adapter \(adapter) \(few)").json()["tuned"]
    for name in ["accuracy", "margin", "score/chosen", "score/rejected"] {
      #expect(judged?["metrics"]?[name]?["value"]?.double?.isFinite == true, "\(name)")
    }
    #expect(judged?["metrics"]?["accuracy"]?["low"]?.double != nil)
    #expect(
      judged?["metrics"]?["log_p/chosen"] == nil && judged?["metrics"]?["answer/words"] == nil)
    #expect(judged?["baselines"]?["longer"]?["accuracy"]?.double != nil)
    #expect(judged?["tables"]?.array?.contains { $0["name"] == "by_length" } == true)

    let reward = #"{"model": "nano-qwen3", "adapter": "\#(adapter)"}"#
    let scores = try scores(reward)
    #expect(scores.count == 2 && scores[0] != scores[1] && scores.allSatisfy(\.isFinite))
    #expect(try self.scores(reward, "--isolate") == scores)
    // Merged, it is a reward model of its own.
    let merged = scratch.path("merged")
    _ = try host("merge --model nano-qwen3 --adapter \(adapter) --dtype f32 --output-dir \(merged)")
    for (one, other) in zip(try self.scores(#"{"model": "\#(merged)"}"#), scores) {
      #expect(abs(one - other) < 1e-4, "\(one) \(other)")
    }
    for (command, word) in [
      ("generate --model nano-qwen3 --adapter \(adapter) --prompt a", "writes no text"),
      ("evaluate --task preference --adapter \(adapter) --base", "--base"),
      ("evaluate --task preference --adapter \(adapter) --generate", "--generate"),
      (
        "train --task preference --output-dir \(scratch.path("no"))"
          + " --set peft.adapter_name_or_path=\(adapter)", "makes a reward model of its base"
      ),
      (
        "reward try --reward preference_model --data \(try rows) --config '{\"model\": \"nano-qwen3\"}'",
        "is a language model, no reward model"
      ),
      (
        "train --task preference --output-dir \(scratch.path("no")) --set objective.type=reward_model"
          + " --set objective.beta=0.2", "has no effect on objective.type reward_model"
      ),
    ] {
      let sentence = try refusal(command)
      #expect(sentence.contains(word), "\(command): \(sentence)")
    }
  }

  /// The reward in a run of its own; what it is opened with is said.
  @Test func scoresTheAnswersOfAnotherRun() throws {
    _ = try train("rm", "", steps: 1)
    let recipe = try scratch.write(
      """
      task: preference
      objective: { type: sft }
      data: { rows: chosen }
      evaluation: { max_samples: 4 }
      generation: { max_new_tokens: 4 }
      rewards:
        - name: preference_model
          config: { model: "${models}/nano-qwen3", adapter: \(scratch.path("rm")) }
      """, to: "sft.yaml")
    let run = try host(
      "train --config \(recipe) --output-dir \(scratch.path("sft")) --max-steps 1")
    #expect(run.output.contains("reward/preference_model"), "\(run.output)")
    #expect(run.errors.contains("reward    ") && run.errors.contains("of weights"), "\(run.errors)")
    let sft = scratch.path("sft")
    _ = try train("chain", "--set peft.adapter_name_or_path=\(sft)", steps: 1)
    let config = try json("chain/adapter_config.json")
    #expect(config["task_type"] == "SEQ_CLS" && config["modules_to_save"] == ["score"])
    #expect(try json("chain/run.json")["adapter"]?["run"]?["objective"] == "sft")
    // A reward model goes on with its own head.
    let again = try train(
      "again", "--set peft.adapter_name_or_path=\(scratch.path("rm"))", steps: 1)
    #expect(again.errors.contains("goes on from"))
    let refused = try refusal(
      "train --task preference --output-dir \(scratch.path("no")) --config \(recipe)"
        + " --set objective.type=reward_model --set data.rows=auto")
    #expect(refused.contains("a reward model writes none"), "\(refused)")
  }

  /// Every weight: a folder that is a sequence classifier, judged and trained again, and no language
  /// model.
  @Test func aWholeModel() throws {
    _ = try train("full", "--set peft.method=full --set training_args.learning_rate=1e-4")
    let config = try json("full/config.json")
    #expect(config["architectures"] == ["Qwen3ForSequenceClassification"])
    #expect(config["id2label"] == ["0": "LABEL_0"] && config["pad_token_id"] == 2045)
    let head = try bytes("full/model.safetensors").prefix(60_000)
    let text = String(decoding: head, as: UTF8.self)
    #expect(
      text.contains(#""score.weight":{"dtype":"BF16","shape":[1,128]"#), "\(text.prefix(300))")
    #expect(!text.contains("lm_head"))
    let folder = scratch.path("full")
    let judged = try host(
      "evaluate --task preference --model \(folder) --set evaluation.max_samples=12 --json"
    ).json()["base"]
    #expect(judged?["metrics"]?["accuracy"]?["value"]?.double?.isFinite == true)
    _ = try train("lora", "--model \(folder)", steps: 1)
    #expect(try scores(#"{"model": "\#(folder)"}"#).allSatisfy(\.isFinite))
    #expect(try refusal("generate --model \(folder) --prompt a").contains("is a reward model"))
    #expect(
      try refusal("train --task preference --model \(folder) --output-dir \(scratch.path("no"))")
        .contains("objective.type: reward_model goes on training it"))
  }

  /// Stopped and resumed: the bytes of a run that was not; on a quantized base, too.
  @Test(arguments: ["", "--set quantization_config.load_in_4bit=true"])
  func aResumedRunHasTheSameBytes(_ settings: String) throws {
    let options = settings + " --set training_args.save_steps=2"
    _ = try train("out", options)
    let whole = try bytes("out/adapter_model.safetensors")
    for name in ["checkpoint-4", "last", "adapter_model.safetensors"] {
      try FileManager.default.removeItem(atPath: scratch.path("out/" + name))
    }
    let resumed = try train("out", options + " --resume")
    #expect(resumed.errors.contains("resumed from checkpoint-2"), "\(resumed.errors)")
    #expect(try bytes("out/adapter_model.safetensors") == whole)
    _ = try train("other", settings + " --set training_args.seed=43")
    #expect(try bytes("other/adapter_model.safetensors") != whole)
  }
}
