import Formats
import Foundation
import JSON
import Testing

/// Preference pairs and answers with labels through a plugin in C: judged, compared, shown, audited,
/// written.
@Suite(.enabled(if: BadReward.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct PreferenceRowsTests {
  private let scratch: Scratch, model: String, options: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    let library = scratch.path("libpreferences.so"), package = HostProgram.package.path
    let built = try HostProgram.shell(
      "cc -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -fPIC -fvisibility=hidden -shared "
        + "-I'\(package)/Sources/CPluginABI/include' "
        + "'\(package)/Tests/Goldens/plugin_host/preferences.c' -o '\(library)'")
    try #require(built.code == 0, "\(built.errors)")
    options = "--task \(library) --model \(model) --set generation.max_new_tokens=2"
  }

  private func lines(_ name: String) throws -> [JSONValue] {
    try String(contentsOf: scratch.url(name), encoding: .utf8).split(separator: "\n")
      .map { try JSONValue(parsing: String($0)) }
  }

  private func json(_ command: String) throws -> JSONValue {
    let outcome = try HostProgram.shell("host \(command) --json")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return try outcome.json()
  }

  /// An adapter that has learned something else for two steps.
  private func adapter() throws -> String {
    let rows = try scratch.write(
      #"{"messages": [{"role": "user", "content": "How much?"}, "#
        + #"{"role": "assistant", "content": "It is 4, as far as I know."}]}"#, to: "rows.jsonl")
    let outcome = try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(scratch.path("adapter"))"
        + " --set data.train=\(rows) --set data.validation=null --max-steps 2"
        + " --learning-rate 1e-2 --lora-r 4 --batch-size 1")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return scratch.path("adapter")
  }

  private func metrics(_ report: JSONValue, of model: String) -> [Double?] {
    ["numbers", "written"].map { report[model]?["metrics"]?[$0]?["value"]?.double }
  }

  @Test func theBaseOfAnAdapterIsItsReference() throws {
    let adapter = try adapter(), file = scratch.path("answers.jsonl")
    let report = try json(
      "evaluate \(options) --adapter \(adapter) --base --predictions \(file)")
    #expect(metrics(report, of: "base") == [6, 3] && metrics(report, of: "tuned") == [12, 3])
    let answers = try lines("answers.jsonl")
    let (base, tuned) = (answers.prefix(3), answers.suffix(3))
    for (base, tuned) in zip(base, tuned) {
      let own = try #require(base["log_probabilities"]?.object)
      let theirs = try #require(tuned["log_probabilities"]?.object)
      #expect(own.keys == ["chosen", "rejected"] && theirs.count == 4)
      // The base weighs the same texts to the same bits, whether it is asked first or beside.
      #expect(theirs["reference_chosen"] == own["chosen"])
      #expect(theirs["reference_rejected"] == own["rejected"])
      #expect(theirs["chosen"] != own["chosen"])
      #expect(base["prompt"]?.array?.count == 1 && base["rejected"]?.array?.isEmpty == false)
    }
    // It has learned such an answer.
    #expect(
      try #require(tuned.first?["log_probabilities"]?["chosen"]?.double)
        > #require(base.first?["log_probabilities"]?["chosen"]?.double))
    let compared = try HostProgram.shell(
      "host compare \(options) --adapter \(adapter) --split validation --report-dir "
        + scratch.path("comparison"))
    #expect(compared.code == 0, "\(compared.errors)")
    let right = try String(contentsOf: scratch.url("comparison/comparison.csv"), encoding: .utf8)
    #expect(right.contains("right rows,"), "\(right)")
  }

  /// Pairs need no written answers to be judged, texts do.
  @Test func withoutGenerationPairsAreWeighedAlone() throws {
    let silent = "--set evaluation.predict_with_generate=false"
    let report = try json("evaluate \(options) \(silent) --set objective.type=dpo")
    #expect(metrics(report, of: "base") == [6, 0])
    let texts = try HostProgram.shell("host evaluate --task hri_dialogue \(silent)")
    #expect(texts.code == 64 || texts.code == 65 || texts.code == 78, "\(texts.code)")
    #expect(texts.errors.contains("no answer would be judged"), "\(texts.errors)")
  }

  @Test func anAnswerWithALabelIsWeighedOnce() throws {
    let labels = "\(options) --set data.kind=labels", file = scratch.path("answers.jsonl")
    let report = try json(
      "evaluate \(labels) --adapter \(try adapter()) --predictions \(file)")
    #expect(metrics(report, of: "tuned") == [6, 3])
    let answers = try lines("answers.jsonl")
    #expect(answers.map { $0["label"] } == [true, false, true])
    #expect(
      answers.allSatisfy { $0["log_probabilities"]?.object?.keys == ["answer", "reference"] })
    #expect(answers[0]["reference"]?.string?.hasPrefix("It is 3") == true)
    #expect(answers[1]["reference"] == nil && answers[1]["completion"]?.array?.count == 1)
  }

  @Test func aPairIsShownWithItsPromptOnce() throws {
    let outcome = try HostProgram.shell("host data show \(options) --index 2")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let expected = """
      train row 2, prompt  13 tokens
      <|im_start|>user
      How much is 2?<|im_end|>
      <|im_start|>assistant

      train row 2, chosen answer  14 tokens, 13 trained
      ⟦It is 2, as far as I know.<|im_end|>⟧
      """
    func numberless(_ text: String) -> String {
      text.replacing(/\d+ (tokens|trained)/) { "N \($0.output.1)" }
    }
    #expect(numberless(outcome.output).hasPrefix(numberless(expected)), "\(outcome.output)")
    let rejected = outcome.output.split(separator: "rejected answer").last ?? ""
    #expect(rejected.split(separator: "⟦").count == 3 && rejected.contains("user\nWell?"))
    #expect(outcome.output.ranges(of: "How much").count == 1)
    let labels = try HostProgram.shell(
      "host data show \(options) --set data.kind=labels --count 2")
    #expect(labels.output.contains("train row 0, desirable  "), "\(labels.output)")
    #expect(labels.output.contains("train row 1, undesirable  "))
  }

  @Test func theAuditHoldsTheAnswersOfPairsBesideEachOther() throws {
    let pairs = "\(options) --set objective.type=dpo"
    let report = try json("data audit \(pairs)")
    let found = report["train"]?["pairs"]
    #expect(found?["rows"] == 4 && found?["chosen_longer_share"] == 0.75)
    #expect(found?["equal_length_share"] == 0.0)
    let (chosen, rejected) = (found?["chosen_lengths"], found?["rejected_lengths"])
    #expect(try #require(chosen?["min"]?.int) > #require(rejected?["min"]?.int))
    #expect(try #require(chosen?["max"]?.int) < #require(rejected?["max"]?.int))
    #expect(report["validation"]?["prompts_in_train"] == 1)
    #expect(report["validation"]?["conversations_in_train"] == 1)
    let text = try HostProgram.shell("host data audit \(pairs)").output
    #expect(
      text.contains("train: of 4 pairs the chosen answer is the longer one in 75.0 %, as long as"))
    #expect(text.contains("train rejected"), "\(text)")
    let characters = try json("data audit \(options) --chars")
    #expect(characters["train"]?["pairs"]?["rejected_lengths"]?["min"] == 3)
    let labels = try json(
      "data audit \(options) --set data.kind=labels --set objective.type=kto")
    #expect(labels["train"]?["labels"] == ["wanted": 2, "unwanted": 2])
    let other = try HostProgram.shell("host data audit \(options) --set objective.type=kto")
    #expect(other.code == 65)
    #expect(
      other.errors.contains(
        "train row 0: the row is a preference pair, but the objective learns answers with labels; "
          + "set objective.type to dpo, simpo, orpo, cpo or reward_model"), "\(other.errors)")
  }

  @Test func pairsAreExportedAsTheyAre() throws {
    let outcome = try HostProgram.shell("host data export \(options) --tokens")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try outcome.output.split(separator: "\n").map {
      try JSONValue(parsing: String($0))
    }
    #expect(rows.count == 4 && rows[1]["metadata"] == ["number": 1])
    #expect(rows[0]["prompt"] == [["role": "user", "content": "How much is 0?"]])
    #expect(rows[0]["rejected"] == [["role": "assistant", "content": "Hm."]])
    #expect(rows[2]["rejected"]?.array?.count == 3)
    let labels = rows[0]["chosen_labels"]?.array ?? []
    #expect(labels.count == rows[0]["chosen_input_ids"]?.array?.count && labels.contains(-100))
    let first = try #require(labels.firstIndex { $0 != -100 })
    #expect(rows[0]["rejected_labels"]?.array?.firstIndex { $0 != -100 } == first)
    let answers = try HostProgram.shell("host data export \(options) --set data.kind=labels")
    let row = try JSONValue(parsing: String(answers.output.split(separator: "\n")[1]))
    #expect(row["completion"]?[0]?["content"] == "It is 1, as far as I know.")
    #expect(row["label"] == false && row["messages"] == nil && row["prompt"]?.array?.count == 1)
  }

  @Test func pairsArePreparedAsFiles() throws {
    let out = scratch.path("rows")
    let outcome = try HostProgram.shell("host data prepare \(options) --output-dir \(out)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: out).sorted()
        == ["manifest.json", "meta.json", "train.json", "validation.json"])
    let rows =
      try JSONValue(
        parsing: String(contentsOf: scratch.url("rows/train.json"), encoding: .utf8)
      ).array ?? []
    let exported = try HostProgram.shell("host data export \(options)").output
    #expect(
      rows == (try exported.split(separator: "\n").map { try JSONValue(parsing: String($0)) }))
    let mixed = try HostProgram.shell(
      "host data prepare \(options) --set data.kind=mixed --output-dir \(out) --overwrite")
    #expect(mixed.code == 65)
    #expect(
      mixed.errors.contains(
        "train row 1 is an answer with a label, but train row 0 is a preference pair; a file has "
          + "rows of one kind"), "\(mixed.errors)")
  }

  @Test func theCheckCallsThemByTheirName() throws {
    let library = scratch.path("libpreferences.so")
    let outcome = try HostProgram.shell("host plugins check \(library) --config '{}'")
    #expect(outcome.code == 0, "\(outcome.output)")
    #expect(outcome.output.contains("4 preference pairs; the same in any order"))
    let labels = try HostProgram.shell(
      "host plugins check \(library) --config '{\"kind\": \"labels\"}'")
    #expect(labels.output.contains("4 answers with labels; the same in any order"))
  }
}
