import Foundation
import Testing

/// Rows that are kept from one run of the program to the next.
@Suite struct CacheTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try write(rows: 12)
  }

  private func write(rows: Int) throws {
    let lines = (0..<rows).map {
      #"{"instruction": "say \#($0)", "output": "it is \#($0) bolts"}"#
    }
    try Data(lines.joined(separator: "\n").utf8).write(to: scratch.url("rows.jsonl"))
    // Files that are as young as the tick of the clock in which they are read are not trusted.
    usleep(20_000)
  }

  private func arguments(_ verb: String, _ output: String) -> [String] {
    [
      verb, "--task", "instruct", "--model", "nano-qwen3", "--max-length", "64",
      "--set", "data.train=\(scratch.path("rows.jsonl"))", "--set",
      "data.validation_fraction=0.25", "--set", "evaluation.predict_with_generate=false",
    ] + (verb == "train" ? ["--max-steps", "3", "--output-dir", scratch.path(output)] : [])
  }

  private var environment: [String: String] { ["XDG_CACHE_HOME": scratch.path("cache")] }

  private func train(_ output: String, _ more: String...) throws -> HostProgram.Outcome {
    let outcome = try HostProgram.run(
      arguments("train", output) + more, environment: environment)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return outcome
  }

  private func metrics(_ output: String) throws -> String {
    try String(contentsOf: scratch.url("\(output)/metrics.jsonl"), encoding: .utf8)
  }

  private var files: [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: scratch.path("cache/host/rows"))
    return (names ?? []).sorted()
  }

  private static let note = "the tokens of train, validation are an earlier run's"

  @Test func theSecondRunTakesTheTokensOfTheFirst() throws {
    #expect(try !train("plain", "--no-cache").errors.contains(Self.note))
    #expect(files.isEmpty)
    #expect(try !train("first").errors.contains(Self.note))
    #expect(files.count == 2)
    #expect(try train("second").errors.contains(Self.note))
    #expect(try metrics("first") == metrics("plain") && metrics("second") == metrics("plain"))
    let plan = try HostProgram.run(arguments("plan", ""), environment: environment)
    #expect(plan.code == 0 && files.count == 2)
    // Other rows, another length, another tokenizer's template: each has files of its own.
    try write(rows: 13)
    #expect(try !train("third").errors.contains(Self.note))
    #expect(files.count == 4)
    #expect(try !train("fourth", "--max-length", "63").errors.contains(Self.note))
    #expect(files.count == 6)
    let seed = ["--set", "training_args.seed=5"]
    let other = try HostProgram.run(arguments("plan", "") + seed, environment: environment)
    #expect(other.code == 0 && files.count == 7)
  }

  @Test func aDamagedFileIsNoticedAndReplaced() throws {
    _ = try train("first")
    for (index, name) in files.enumerated() {
      let file = scratch.url("cache/host/rows/\(name)")
      var bytes = try Data(contentsOf: file)
      if index == 0 { bytes[bytes.count / 2] ^= 4 } else { bytes.removeLast(100) }
      try bytes.write(to: file)
    }
    let outcome = try train("second")
    let notes = outcome.errors.split(separator: "\n").filter { $0.hasSuffix("encoded anew") }
    #expect(notes.count == 2)
    #expect(notes.contains { $0.contains(" is damaged; the rows are encoded anew") })
    #expect(try metrics("second") == metrics("first"))
    #expect(try train("third").errors.contains(Self.note))
  }

  @Test func twoRunsAtOnceDoNotHurtEachOther() throws {
    let line = arguments("train", "X").map { "'\($0)'" }.joined(separator: " ")
    let package = HostProgram.package.path
    let script =
      "export HOST_HOME='\(package)' XDG_CACHE_HOME='\(scratch.path("cache"))'; "
      + "for i in 1 2 3; do host \(line)$i --overwrite & runs=\"$runs $!\"; done; "
      + "for run in $runs; do wait $run || exit 1; done"
    let outcome = try HostProgram.shell(script)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(files.count == 2)
    #expect(try metrics("X1") == metrics("X2") && metrics("X1") == metrics("X3"))
    #expect(try train("after").errors.contains(Self.note))
  }
}
