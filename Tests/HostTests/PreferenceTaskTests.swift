import Formats
import Foundation
import JSON
import Testing

/// The task preference with its own sample, as its README shows it.
@Suite struct PreferenceTaskTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func host(_ command: String) throws -> HostProgram.Outcome {
    let outcome = try HostProgram.shell("host \(command)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return outcome
  }

  private func train(_ folder: String, _ settings: String) throws -> HostProgram.Outcome {
    try host(
      "train --task preference --output-dir \(scratch.path(folder)) --max-steps 6 \(settings)"
        + " --set evaluation.max_samples=12 --set generation.max_new_tokens=8")
  }

  /// Whatever it is that a key belongs to may stand in the task's recipe below.
  @Test func keysOfTheObjectiveLieOverTheTasks() throws {
    _ = try host("data show --task preference --set objective.beta=0.2")
    let config = try scratch.write(
      "task: preference\nobjective: { label_smoothing: 0.1 }\n", to: "own.yaml")
    _ = try host("data show --config \(config)")
    let plan = try host("plan --task preference --set objective.type=simpo --json")
    #expect(plan.code == 0, "the task's own loss_type is none of simpo's")
    let refused = try HostProgram.shell(
      "host data show --task instruct --set objective.beta=0.2")
    #expect(refused.code != 0 && refused.errors.contains("has no effect on objective.type sft"))
  }

  @Test func fromChosenAnswersToPairsToLabels() throws {
    _ = try train("sft", "--set objective.type=sft --set data.rows=chosen")
    let adapter = scratch.path("sft")
    _ = try train("dpo", "--set peft.adapter_name_or_path=\(adapter)")
    let report = try host(
      "evaluate --task preference --adapter \(scratch.path("dpo")) --json"
        + " --set evaluation.max_samples=12 --set generation.max_new_tokens=8"
    ).json()["tuned"]
    let metrics = try #require(report?["metrics"]?.object)
    for name in ["accuracy", "margin", "reward/chosen", "log_p/rejected", "answer/words"] {
      #expect(metrics[name]?["value"]?.double?.isFinite == true, "\(name)")
    }
    #expect(report?["baselines"]?["reference"]?["accuracy"]?.double != nil)
    let labeled = try train("kto", "--set objective.type=kto --set data.rows=labels")
    #expect(labeled.output.contains("auc"), "\(labeled.output)")
  }

  /// A run that went on from an adapter is judged against that adapter, as in the run itself.
  @Test func anAdapterIsJudgedAgainstWhatItsRunTrainedAgainst() throws {
    _ = try train("sft", "--set objective.type=sft --set data.rows=chosen")
    let start = scratch.path("sft"), adapter = scratch.path("dpo")
    _ = try train("dpo", "--set peft.adapter_name_or_path=\(start)")
    let receipt = try JSONValue(readingFile: adapter + "/run.json")
    #expect(receipt["reference"] == "snapshot" && receipt["trained"]?["adapter"] != nil)
    let evaluate =
      "evaluate --task preference --adapter \(adapter) --json --limit 12"
      + " --set generation.max_new_tokens=8"
    func margin(_ outcome: HostProgram.Outcome) throws -> Double? {
      try outcome.json()["tuned"]?["metrics"]?["margin"]?["value"]?.double
    }
    let judged = try host(evaluate)
    #expect(judged.errors.contains("reference the adapter \(start), which the run in"))
    let after = try #require(receipt["after"]?["metrics"]?["margin"]?["value"]?.double)
    #expect(try margin(judged) == after)
    try FileManager.default.removeItem(atPath: start)
    let other = try host(evaluate)
    #expect(
      other.errors.contains("trained against \(start), which is not there any more; the numbers"),
      "\(other.errors)")
    #expect(try margin(other) != after)
  }

  /// Errors of the host about rows name them as the dataset's own do.
  @Test func rowsAreNamedByFileAndLine() throws {
    let rows = try scratch.write(
      "\n" + #"{"prompt": "q", "chosen": "a", "rejected": "b"}"#, to: "rows.jsonl")
    for verb in ["train --output-dir \(scratch.path("out"))", "data audit"] {
      let outcome = try HostProgram.shell(
        "host \(verb) --task preference --set data.train=\(rows) --set data.validation=null"
          + " --set objective.type=kto")
      #expect(outcome.code == 65)
      #expect(
        outcome.errors.contains("\(rows):2 (train row 0): the row is a preference pair, but"),
        "\(outcome.errors)")
    }
  }

  @Test func aRateThatMovesNoAdapterIsSaid() throws {
    let rate = "--set training_args.learning_rate=1e-6"
    #expect(try host("plan --task preference \(rate)").errors.contains("adapters hardly move"))
    for other in ["", "\(rate) --set peft.method=full"] {
      #expect(!(try host("plan --task preference \(other)").errors.contains("hardly move")))
    }
  }

  @Test func skippedRowsAreSaid() throws {
    let rows = try scratch.write(
      #"{"prompt": "q", "chosen": "a", "rejected": "a"}"# + "\n"
        + #"{"prompt": "q", "chosen": "a", "rejected": "b"}"#, to: "rows.jsonl")
    let options = "--task preference --set data.train=\(rows) --set data.validation=null"
    let refused = try HostProgram.shell("host data show \(options)")
    #expect(refused.code != 0)
    #expect(refused.errors.contains("rows.jsonl:1: 'chosen' and 'rejected' say the same"))
    let skipped = try host("data audit \(options) --set data.on_bad_pair=skip")
    let said = skipped.output + skipped.errors
    #expect(said.contains("1 of 2 rows: 1 with identical answers"), "\(said)")
  }
}
