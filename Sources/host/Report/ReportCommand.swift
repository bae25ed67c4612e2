import ArgumentParser
import Evaluation
import Formats
import JSON
import Runs
import Tasks

/// `host report`
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Puts runs, evaluations and benchmarks on one page.",
    discussion: """
      Each folder is one that host train, host evaluate or host benchmark (a model's
      folder) wrote: its report.json is read, or, where there is none, the report in
      its run.json; of a training run its curves, too, which the page draws. Runs of
      different data stand side by side all the same; the line of rows says how many
      each was judged on. Benchmarks of the same rows are held against the first of
      them, row by row.

      Examples:
        host report output/speech_drama
        host report output/first output/second --html comparison.html
        host report output/first output/second --json
      """)

  @Argument(help: "Folders of runs.") var folders: [String]
  @Option(help: ArgumentHelp("Write the comparison as one page to this file.", valueName: "file"))
  var html: String?
  @Flag(help: "Print one JSON object, a report for each folder.") var json = false

  func validate() throws {
    if folders.isEmpty { throw ValidationError("Name one folder of a run or more.") }
  }

  func run() throws {
    var columns: [(name: String, report: Report)] = []
    for folder in folders {
      if let report = try Report(ofRun: folder) { columns.append((name(of: folder), report)) }
    }
    let differences = try BenchmarkDifferences(folders.map { ($0, name(of: $0)) })
    if let html {
      var reads = OutputGuard()
      for file in folders.flatMap({
        [$0 + "/report.json", $0 + "/run.json", $0 + "/metrics.jsonl"]
      }) {
        reads.add(file, file, .data)
      }
      try reads.check(file: html, option: "--html")
      let facts = folders.map { (name: name(of: $0), value: Self.facts(of: $0)) }
      let page = ReportPage(
        title: folders.count == 1 ? name(of: folders[0]) : "Comparison of \(folders.count) runs",
        facts: facts, columns: columns, tables: differences.tables,
        curves: try RunCurves.of(folders.map { (name(of: $0), $0) }))
      try DurableFile.write(page.html, to: html)
    }
    let table = ReportTable(columns)
    Console.print(json ? table.json.text(.pretty) : table.description)
    if !json { differences.texts.forEach { Console.print("\n" + $0) } }
  }

  /// The folder's own name where it tells the runs apart, else its path.
  private func name(of folder: String) -> String {
    func last(_ path: String) -> String {
      path.split(separator: "/").last.map(String.init) ?? path
    }
    let isAlone = folders.count { last($0) == last(folder) } == 1
    guard !isAlone else { return last(folder) }
    return folder.hasSuffix("/") ? String(folder.dropLast()) : folder
  }

  /// Task, model and outcome of a run, as far as its receipt tells.
  private static func facts(of folder: String) -> String {
    guard let receipt = try? JSONValue(readingFile: folder + "/run.json") else { return folder }
    let parts = [
      receipt["recipe"]?["task"]?.string, receipt["recipe"]?["model_name_or_path"]?.string,
      receipt["outcome"]?.string,
    ]
    return ([folder] + parts.compactMap(\.self)).joined(separator: ", ")
  }
}

extension Report {
  /// The report in a run's folder: report.json, else run.json's `after` or `before`; nil of a training
  /// run that has its curves alone.
  init?(ofRun folder: String) throws {
    let own = folder + "/report.json", receipt = folder + "/run.json"
    if FileSystem.exists(own) {
      self = try Self.read(JSONValue(readingFile: own), from: own)
      return
    }
    guard FileSystem.exists(receipt) else {
      throw FormatError(
        .missing, folder, "has neither report.json nor run.json; give the folder of a run")
    }
    let json = try JSONValue(readingFile: receipt)
    guard
      let kept = [json["after"], json["before"]].compactMap({ $0 }).first(where: { !$0.isNull })
    else {
      guard !FileSystem.exists(folder + "/metrics.jsonl") else { return nil }
      throw FormatError(
        .missing, receipt, "holds no report; the run has no evaluator, or has not ended yet")
    }
    self = try Self.read(kept, from: receipt)
  }

  private static func read(_ json: JSONValue, from path: String) throws -> Report {
    do { return try Report(json: json) } catch {
      throw FormatError(.malformed, path, "is not a report: \(error.message)")
    }
  }
}
