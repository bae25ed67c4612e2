import Foundation
import JSON
import Testing

/// Lengths in `host data audit`.
@Suite struct LengthAuditTests {
  private let scratch: Scratch
  private let data: String

  /// Training rows of 11 to 50 characters, each once; validation repeats two, test one of those.
  init() throws {
    scratch = try Scratch()
    func row(_ length: Int) -> String {
      #"{"messages": [{"role": "user", "content": ""#
        + String(repeating: "a", count: length - 1)
        + #""}, {"role": "assistant", "content": "b"}]}"#
    }
    let train = try scratch.write((11...50).map(row).joined(separator: "\n"), to: "train.jsonl")
    let validation = try scratch.write(row(12) + "\n" + row(60), to: "validation.jsonl")
    let test = try scratch.write(row(60), to: "test.jsonl")
    data =
      "--task instruct --set data.train=\(train) --set data.validation=\(validation)"
      + " --set data.test=\(test)"
  }

  @Test func charactersNeedNoModel() throws {
    let outcome = try HostProgram.shell(
      "host data audit \(data) --model /no/such --chars --max-length 45 --longest 2"
        + " --percentiles 0,50,95,100 --json")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let train = try outcome.json()["train"]
    #expect(
      train?["character_lengths"] == [
        "min": 11, "mean": 30.5, "p0": 11, "p50": 30, "p95": 48, "p100": 50, "max": 50,
      ])
    #expect(train?["tokens"] == nil && train?["token_lengths"] == nil)
    #expect(train?["overlength"]?.array?.count == 5 && train?["overlength_share"] == 0.125)
    let longest = train?["longest"]
    #expect(longest?.array?.count == 2 && longest?[0]?["row"] == 39)
    #expect(longest?[0]?["characters"] == 50 && longest?[1]?["characters"] == 49)
    #expect(longest?[0]?["excerpt"]?.string == String(repeating: "a", count: 49))
  }

  @Test func splitsThatShareRowsAreNamed() throws {
    let report = try HostProgram.shell("host data audit \(data) --chars --json").json()
    #expect(report["validation"]?["prompts_in_train"] == 1)
    #expect(report["test"]?["prompts_in_train"] == 0)
    #expect(report["test"]?["conversations_in_validation"] == 1)
    // The recipe's max_length counts tokens, so that there is none to hold characters against.
    #expect(report["train"]?["overlength"] == nil)
    let table = try HostProgram.shell("host data audit \(data) --chars")
    #expect(table.output.contains("test: 1 rows ask what a row of validation asks"))
  }

  @Test func tokensAreMeasuredByTheModelsTokenizer() throws {
    let outcome = try HostProgram.run("data", "audit", "--task", "hri_dialogue", "--json")
    let train = try outcome.json()["train"], lengths = train?["token_lengths"]
    let percentiles = ["min", "p50", "p90", "p95", "p99", "p100"].compactMap { lengths?[$0]?.int }
    #expect(percentiles.count == 6 && percentiles == percentiles.sorted())
    #expect(lengths?["p100"] == lengths?["max"])
    let tokens = try #require(train?["tokens"]?.int), rows = try #require(train?["rows"]?.int)
    #expect(lengths?["mean"]?.double == Double(tokens) / Double(rows))
    #expect(train?["longest"]?[0]?["tokens"] == lengths?["max"])
    let short = try HostProgram.run(
      "data", "audit", "--task", "hri_dialogue", "--max-length", "100", "--longest", "1")
    #expect(short.code == 0)
    #expect(short.output.contains("over 100") && short.output.contains("tokens, over max_length"))
  }

  @Test(arguments: ["--percentiles 50,half", "--percentiles 101", "--longest -1"])
  func badListsAreBadUsage(option: String) throws {
    let outcome = try HostProgram.shell("host data audit \(data) --chars \(option)")
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains(option.split(separator: " ")[0]), "\(outcome.errors)")
  }
}
