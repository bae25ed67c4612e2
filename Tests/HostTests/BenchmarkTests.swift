import Foundation
import JSON
import Testing

/// `host benchmark` as users give it.
@Suite struct BenchmarkTests {
  private let scratch: Scratch
  private let model: String
  private let rows = HostProgram.package.path + "/Tests/Goldens/benchmarks/rows"

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
  }

  private func benchmark(_ more: String) throws -> HostProgram.Outcome {
    try HostProgram.shell("host benchmark --model \(model) --data \(rows) \(more)")
  }

  @Test func resultsAreLaidOutAsTheHarnesss() throws {
    let output = scratch.path("out")
    let outcome = try benchmark(
      "--tasks arc_challenge,winogrande --limit 3 --shots 1 --output-dir \(output)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(outcome.output.contains("acc_norm *"))
    let folder = try #require(
      FileManager.default.contentsOfDirectory(atPath: output).first { $0 != "report.html" })
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(output)/\(folder)").sorted()
    #expect(files.map { String($0.prefix(12)) }.count == 4)
    #expect(!files.contains("answers.jsonl"))
    let results = try #require(files.first { $0.hasPrefix("results_") })
    let json = try JSONValue(
      parsing: Array(Data(contentsOf: URL(filePath: "\(output)/\(folder)/\(results)"))))
    #expect(json["results"]?["arc_challenge"]?["acc,none"]?.double != nil)
    #expect(json["n-samples"]?["winogrande"]?["effective"] == 3)
    #expect(json["n-samples"]?["winogrande"]?["original"] == 40)
    #expect(json["n-shot"]?["arc_challenge"] == 1)
    let report = try HostProgram.run("report", "\(output)/\(folder)")
    #expect(report.output.contains("arc_challenge acc"))
  }

  /// What an interrupted run has kept is not asked again, and the results are the same.
  @Test func anInterruptedRunGoesOn() throws {
    let output = scratch.path("out"),
      line = "--tasks arc_challenge --limit 6 --output-dir \(output) --json"
    let whole = try benchmark(line).json()
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: output).first { $0 != "report.html" })
    let folder = "\(output)/\(name)"
    // A choice that the model cannot read ends the run after the first task.
    let task = scratch.path("broken.yaml")
    try Data(
      """
      files: {validation: broken_validation.jsonl}
      text: "{question}"
      choices: ["{long}", "b"]
      gold: {index: "{label}"}
      metrics: [acc]
      """.utf8
    ).write(to: URL(filePath: task))
    try FileManager.default.createDirectory(
      atPath: scratch.path("rows"), withIntermediateDirectories: true)
    for file in ["arc_challenge_test.jsonl", "arc_challenge_train.jsonl"] {
      try FileManager.default.copyItem(
        atPath: "\(rows)/\(file)", toPath: scratch.path("rows/\(file)"))
    }
    let long = String(repeating: "word ", count: 600)
    try Data(#"{"question": "q", "long": "\#(long)", "label": 0}"#.utf8).write(
      to: URL(filePath: scratch.path("rows/broken_validation.jsonl")))
    let cut = try HostProgram.shell(
      "host benchmark --model \(model) --data \(scratch.path("rows")) --tasks arc_challenge,\(task)"
        + " --limit 6 --output-dir \(output)")
    #expect(cut.code == 65 && cut.errors.contains("but the model's context is 512"))
    #expect(FileManager.default.fileExists(atPath: folder + "/answers.jsonl"))
    let again = try benchmark(line)
    #expect(again.errors.contains("6 answers of an earlier run are kept"))
    let label = try #require(whole.object?.keys.first)
    #expect(try again.json()[label]?["results"] == whole[label]?["results"])
  }

  @Test(arguments: [
    ("--tasks arc_chalenge", 64, "did you mean 'arc_challenge'?"),
    ("--tasks arc_challenge --limit 0", 64, "--limit must be greater than 0"),
    ("--tasks arc_challenge --shots 11", 65, "11 shots need 11 rows of the split 'train'"),
    ("--tasks piqa", 65, "there are no rows of its split 'validation'"),
    ("--tasks arc_challenge --system x", 64, "beside --chat-template only"),
    ("--tasks arc_challenge --base", 64, "beside --adapter only"),
    (
      "--tasks arc_challenge --vs \(HostProgram.package.path)/tasks/models/nano-qwen3 --adapter /no",
      65, "/no"
    ),
  ])
  func badUsageIsOneSentence(more: String, code: Int, sentence: String) throws {
    let outcome = try benchmark(more + " --output-dir \(scratch.path("out"))")
    #expect(outcome.code == code && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test func twoModelsAreHeldAgainstOneAnother() throws {
    let output = scratch.path("out")
    let outcome = try benchmark(
      "--tasks arc_challenge --limit 8 --vs nano-qwen3 --output-dir \(output)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("nano-qwen3 less model"))
    #expect(outcome.output.contains("gained"))
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.contains("Differences from model") && page.contains("standard error"))
  }

  /// What an earlier run has left is as good as a model that is asked now.
  @Test func earlierResultsAreHeldAgainstToo() throws {
    let first = scratch.path("first"), output = scratch.path("out")
    let line = "--tasks arc_challenge --limit 8"
    let both = try benchmark("\(line) --vs nano-qwen3 --output-dir \(first) --json").json()
    let names = try FileManager.default.contentsOfDirectory(atPath: first).filter {
      $0 != "report.html"
    }
    let earlier = first + "/" + (try #require(names.first { $0.contains("nano") }))
    let outcome = try benchmark("\(line) --vs \(earlier) --output-dir \(output) --json")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let found = try outcome.json()
    #expect(found["nano-qwen3"]?["results"] == both["nano-qwen3"]?["results"])
    #expect(found["nano-qwen3"]?["differences"]?.array?.count == 2)
    #expect(found["nano-qwen3"]?["differences"] == both["nano-qwen3"]?["differences"])
    let report = try HostProgram.run(
      "report", first + "/" + (try #require(names.first { !$0.contains("nano") })), earlier)
    #expect(report.output.contains("gained"), "\(report.errors)")
    for (more, sentence) in [
      ("--tasks arc_challenge --limit 7 --vs \(earlier)", "not asked the same rows; 7 of one, 8"),
      ("--tasks arc_challenge --limit 8 --shots 1 --vs \(earlier)", "is asked with 1 shots"),
      ("--tasks winogrande --limit 8 --vs \(earlier)", "has no samples_winogrande_"),
      ("\(line) --vs \(first)", "holds the results of several models"),
    ] {
      let refused = try benchmark(more + " --output-dir \(output)-no")
      #expect(refused.code != 0 && refused.errors.contains(sentence), "\(refused.errors)")
      #expect(!FileManager.default.fileExists(atPath: output + "-no/report.html"))
    }
  }

  /// A page of training, an evaluation and a benchmark.
  @Test func aReportTakesRunsOfAllKinds() throws {
    let run = scratch.path("run"), output = scratch.path("out"), page = scratch.path("page.html")
    let trained = try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(run) --set training_args.max_steps=4"
        + " --set training_args.logging_steps=1 --set evaluation.predict_with_generate=false"
        + " --set 'training_args.report_to=[tensorboard, wandb]'")
    try #require(trained.code == 0, "\(trained.errors)")
    #expect(trained.errors.contains("wandb sync \(run)/logs/wandb/offline-run-"))
    let silent = try HostProgram.shell(
      "WANDB_MODE=disabled host train --task instruct --model \(model) --output-dir \(run)-silent"
        + " --set training_args.max_steps=1 --set evaluation.predict_with_generate=false"
        + " --set training_args.report_to=wandb")
    #expect(
      silent.code == 0 && silent.errors.contains("WANDB_MODE is disabled"), "\(silent.errors)")
    #expect(!FileManager.default.fileExists(atPath: run + "-silent/logs/wandb"))
    let asked = try benchmark("--tasks arc_challenge --limit 4 --output-dir \(output)")
    try #require(asked.code == 0, "\(asked.errors)")
    let outcome = try HostProgram.shell(
      "host report \(run) \(output)/*/ --html \(page)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let html = try String(contentsOfFile: page, encoding: .utf8)
    for part in ["<h2>Training</h2>", "learning_rate", "polyline", "arc_challenge acc"] {
      #expect(html.contains(part), "\(part)")
    }
  }
}
