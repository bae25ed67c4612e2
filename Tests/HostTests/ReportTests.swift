import Foundation
import JSON
import Testing

/// `host report` on folders that `host evaluate` wrote.
@Suite struct ReportTests {
  private let scratch: Scratch
  private let first: String, second: String

  init() throws {
    scratch = try Scratch()
    first = scratch.path("short/run")
    second = scratch.path("long/run")
    let model = try TinyModel.make(in: scratch)
    for (folder, rows) in [(first, 2), (second, 3)] {
      let outcome = try HostProgram.shell(
        "host evaluate --task instruct --model \(model) --limit \(rows)"
          + " --set generation.max_new_tokens=3 --report-dir \(folder)")
      try #require(outcome.code == 0, "\(outcome.errors)")
    }
  }

  @Test func twoRunsStandSideBySide() throws {
    let page = scratch.path("both.html")
    let outcome = try HostProgram.run("report", first, second, "--html", page)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    // Both folders are called run, so their paths tell them apart.
    #expect(lines[0].hasPrefix("metric") && lines[0].contains(first) && lines[0].contains(second))
    #expect(lines.contains { $0.hasPrefix("token_f1 *") })
    let counts = try #require(lines.first { $0.hasPrefix("rows") }).split(separator: " ")
    #expect(counts == ["rows", "2", "3"])
    let html = try String(contentsOfFile: page, encoding: .utf8)
    #expect(html.contains("Comparison of 2 runs") && html.contains(first))
  }

  @Test func jsonHoldsEachRunsReport() throws {
    let json = try HostProgram.run("report", first, second, "--json").json()
    #expect(json[first]?["count"] == 2 && json[second]?["count"] == 3)
    let own = try JSONValue(
      parsing: String(contentsOfFile: first + "/report.json", encoding: .utf8))
    #expect(json[first] == own)
    let alone = try HostProgram.run("report", first)
    #expect(alone.output.split(separator: "\n")[0].split(separator: " ").contains("run"))
  }

  @Test func aFolderWithoutAReportIsNamed() throws {
    let empty = try HostProgram.run("report", first, scratch.folder.path)
    #expect(empty.code == 65 && empty.errors.contains("neither report.json nor run.json"))
    try scratch.write(#"{"outcome": "running"}"#, to: "run.json")
    let unfinished = try HostProgram.run("report", scratch.folder.path)
    #expect(unfinished.code == 65 && unfinished.errors.contains("holds no report"))
    try scratch.write(#"{"count": "many"}"#, to: "report.json")
    let broken = try HostProgram.run("report", scratch.folder.path)
    #expect(broken.code == 65 && broken.errors.contains("report.json"))
    #expect(try HostProgram.run("report").code == 64)
  }
}
