import Foundation
import JSON
import Testing

/// Answers in scripts that are written without spaces between words.
@Suite struct UnspacedMetricsTests {
  static let rows = [
    ("今天天气很好我们去公园", "今天天气不错我们去公园"), ("猫坐在垫子上", "一只猫坐在垫子上"),
    ("今日は天気がいい", "今日は天気がとてもいい"), ("ฉันไปตลาด", "ฉันไปตลาดแล้ว"),
  ]

  @Test func theEchoSharesMostCharacters() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    let lines = Self.rows.map { user, assistant in
      #"{"messages": [{"role": "user", "content": "\#(user)"}, "#
        + #"{"role": "assistant", "content": "\#(assistant)"}]}"#
    }
    let path = scratch.url("rows.jsonl").path
    try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let outcome = try HostProgram.run(
      "evaluate", "--task", "instruct", "--model", model, "--set", "data.train=\(path)", "--set",
      "data.validation=\(path)", "--set", "generation.max_new_tokens=2", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let report = try outcome.json()["base"], echo = report?["baselines"]?["echo"]
    for name in ["token_f1", "rouge_l"] {
      let value = try #require(echo?[name]?.double)
      #expect(abs(value - (18.0 / 22 + 12.0 / 14 + 16.0 / 19 + 18.0 / 22) / 4) < 1e-9, "\(name)")
    }
    #expect(report?["details"]?["words"]?.string?.contains("each character") == true)
  }
}
