import Foundation
import JSON
import Testing

/// `host compare` on an adapter that has learned the training rows of hri_dialogue.
@Suite struct CompareTests {
  /// Holds the adapter's folder `out`, trained once for all tests.
  private static let trained = Result { () throws -> Scratch in
    let scratch = try Scratch()
    let outcome = try HostProgram.shell(
      "host train \(task) --output-dir \(scratch.path("out")) --epochs 6"
        + " --set evaluation.predict_with_generate=false --set training_args.eval_steps=1000")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return scratch
  }
  private static let task = "--task hri_dialogue --set data.test_fraction=0.1"
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func lines(_ name: String) throws -> [JSONValue] {
    try String(contentsOf: scratch.url(name), encoding: .utf8).split(separator: "\n")
      .map { try JSONValue(parsing: String($0)) }
  }

  @Test func aFolderThatCannotBeIsRefusedBeforeTheFirstAnswer() throws {
    let adapter = try Self.trained.get().path("out")
    let outcome = try HostProgram.shell(
      "host compare \(Self.task) --adapter \(adapter) --split train --report-dir /dev/null/x")
    #expect(outcome.code == 1 && outcome.errors.contains("/dev/null: the folder"))
    #expect(!outcome.errors.contains("answering") && outcome.output.isEmpty)
  }

  /// A second report has fewer tables; none of the first one's is left.
  @Test func anotherReportTakesTheFirstOnesPlace() throws {
    let adapter = try Self.trained.get().path("out"), folder = scratch.path("report")
    try FileManager.default.createDirectory(
      at: scratch.url("report"), withIntermediateDirectories: true)
    try scratch.write("{\"tables\": [{\"name\": \"old\"}]}", to: "report/report.json")
    let names = ["old.csv", "old.base.csv", "comparison_regressions.csv", "older.csv", "note.txt"]
    for name in names { try scratch.write("x", to: "report/" + name) }
    let outcome = try HostProgram.shell(
      "host evaluate \(Self.task) --adapter \(adapter) --split train --report-dir \(folder)")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(names.map { scratch.holds("report/" + $0) } == [false, false, false, true, true])
  }

  /// A base of another name is said; its shapes decide.
  @Test func anAdapterOfAnotherBaseIsWarnedOf() throws {
    let adapter = try Self.trained.get().path("out"), copy = scratch.path("copy")
    try FileManager.default.copyItem(atPath: adapter, toPath: copy)
    let file = scratch.url("copy/adapter_config.json")
    let config = try JSONValue(parsing: String(contentsOf: file, encoding: .utf8))
    func warned(_ base: String) throws -> Bool {
      try config.setting("base_model_name_or_path", .string(base)).text()
        .write(to: file, atomically: true, encoding: .utf8)
      let outcome = try HostProgram.shell(
        "host evaluate \(Self.task) --adapter \(copy) --split train")
      #expect(outcome.code == 0, "\(outcome.errors)")
      return outcome.errors.contains("was trained on \(base)")
    }
    #expect(try warned("org/other"))
    let own = config["base_model_name_or_path"]?.string ?? ""
    #expect(try !warned("/elsewhere/" + (own.split(separator: "/").last ?? "")))
  }

  @Test func twoModelsAnswerTheSameRows() throws {
    let adapter = try Self.trained.get().path("out"), folder = scratch.path("report")
    let rows = "--split train --limit 16"
    let outcome = try HostProgram.shell(
      "host compare \(Self.task) --adapter \(adapter) \(rows) --report-dir \(folder) --show 2")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let names = [
      "comparison.csv", "comparison_improvements.csv", "comparison_outcomes.csv",
      "comparison_report.json", "improvements.jsonl", "predictions.jsonl", "regressions.jsonl",
      "report.html", "report.json",
    ]
    for name in names { #expect(scratch.holds("report/" + name), "\(name)") }

    let report = try JSONValue(
      parsing: String(contentsOf: scratch.url("report/comparison_report.json"), encoding: .utf8))
    let found = report["disagreements"], correct = report["differences"]?["correct"]
    let improvements = try lines("report/improvements.jsonl")
    #expect(found?["rows"] == 16 && report["config"]?["rows"] == 16)
    #expect(found?["improvements"]?.int == improvements.count && improvements.count > 0)
    #expect(try lines("report/regressions.jsonl").count == found?["regressions"]?.int)
    let difference = try #require(correct?["difference"]?.double)
    #expect(difference > 0 && (correct?["low"]?.double ?? 9) <= difference)
    let both = report["differences"]?["metrics"]?["combined_score"]
    #expect((both?["difference"]?.double ?? -1) > 0)
    #expect(report["models"]?["base"]?["adapter"] == nil)
    #expect(report["models"]?["tuned"]?["adapter"]?.string == adapter)

    for row in improvements {
      #expect(row["tuned"]?["answer"] == row["reference"])
      #expect(row["base"]?["answer"] != row["reference"])
      #expect(row["metadata"]?["domain"]?.string != nil && row["prompt"]?.array?.count == 2)
    }
    let page = try String(contentsOf: scratch.url("report/report.html"), encoding: .utf8)
    #expect(page.contains("comparison_improvements") && page.contains("right rows"))
    let shown = outcome.output.split(separator: "\n").map(String.init)
    let head = try #require(shown.firstIndex { $0.contains("asked") && $0.contains("tuned") })
    // The examples end the output.
    #expect(shown[(head + 1)...].count == min(2, improvements.count))
    #expect(outcome.output.contains("all disagreements"))
  }

  /// A process that never saw the adapter gives the base's answers, and so does the check.
  @Test func theBaseIsTheBase() throws {
    let adapter = try Self.trained.get().path("out"), rows = "--split validation --limit 6"
    let outcome = try HostProgram.shell(
      "host compare \(Self.task) --adapter \(adapter) \(rows) --json"
        + " --report-dir \(scratch.path("both"))")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let check = try outcome.json()["base_check"]
    #expect(check?["base_before"] == check?["base_after"])
    #expect(check?["base_before"] != check?["tuned"] && check?["rows"] == 4)
    let alone = try HostProgram.shell(
      "host evaluate \(Self.task) \(rows) --predictions \(scratch.path("alone.jsonl"))")
    try #require(alone.code == 0, "\(alone.errors)")
    let both = try lines("both/predictions.jsonl")
    #expect(both.filter { $0["model"] == "base" } == (try lines("alone.jsonl")))
    #expect(both.filter { $0["model"] == "tuned" }.count == 6)
  }

  /// nano-qwen3's template writes its empty think block only when told to, so an adapter trained
  /// without it is not asked with it; a recipe that says what it wants gets it.
  @Test func thinkingIsAsTheRecipeSays() throws {
    let adapter = try Self.trained.get().path("out")
    func thinking(_ more: String) throws -> JSONValue? {
      let outcome = try HostProgram.shell(
        "host compare \(Self.task) --adapter \(adapter) --limit 2 --json "
          + "--set generation.max_new_tokens=2 \(more)")
      try #require(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("enable_thinking is left unsaid") == more.isEmpty)
      return try outcome.json()["config"]?["enable_thinking"]
    }
    #expect(try thinking("") == .null)
    #expect(try thinking("--set training_args.enable_thinking=false") == false)
    #expect(try thinking("--set training_args.enable_thinking=true") == true)
  }

  @Test func faultsAreNamed() throws {
    let adapter = scratch.path("nothing")
    let cases: [(String, Int32, String)] = [
      ("\(Self.task) --adapter \(adapter)", 65, adapter),
      ("\(Self.task) --set output_dir=\(adapter)", 64, "--adapter"),
      ("\(Self.task) --adapter a --base m --model m", 64, "--base and --model"),
      ("\(Self.task) --adapter a --limit 0", 64, "--limit"),
      ("--task hri_dialogue --adapter \(adapter)", 65, "'test'"),
      ("\(Self.task) --base /no/such --adapter a", 65, "/no/such"),
    ]
    for (line, code, named) in cases {
      let outcome = try HostProgram.shell("host compare \(line)")
      #expect(outcome.code == code, "\(outcome.errors)")
      #expect(outcome.errors.contains(named), "\(outcome.errors)")
    }
  }
}
