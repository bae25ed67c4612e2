import Foundation
import JSON
import Testing

/// The reward `command` with Python: functions that were written for TRL run unchanged, and give the
/// scores that TRL's own functions give.
@Suite(.enabled(if: HostProgram.has(["python3"]), "needs python3"))
struct CommandRewardTests {
  private static let goldens = HostProgram.package.appending(path: "Tests/Goldens/rewards").path
  private static let serve =
    HostProgram.package.appending(path: "Plugins/Examples/python/reward/serve.py").path

  private func golden(_ key: String) throws -> [JSONValue] {
    let text = try String(contentsOfFile: Self.goldens + "/trl.json", encoding: .utf8)
    return try #require(try JSONValue(parsing: text)[key]?.array)
  }

  /// Runs rows through a function.
  private func run(
    _ rows: [JSONValue], _ function: String, _ options: [String] = [], in scratch: Scratch
  ) throws -> HostProgram.Outcome {
    let data = try scratch.write(rows.map { $0.text() + "\n" }.joined(), to: "rows.jsonl")
    let words = ["python3", Self.serve, function] + options
    let config: JSONValue = ["run": .array(words.map(JSONValue.string)), "name": "mine"]
    return try HostProgram.run(
      "reward", "try", "--reward", "command", "--data", data, "--config", config.text(), "--json")
  }

  /// The scores; nil for an abstention.
  private func scores(_ rows: [JSONValue], _ function: String) throws -> [Double?] {
    let outcome = try run(rows, function, in: try Scratch())
    try #require(outcome.code == 0, "\(outcome.errors)")
    let scored = try #require(try outcome.json()["rows"]?.array)
    return scored.map { $0["rewards"]?["mine"]?["score"]?.double }
  }

  @Test func thoughtsScoreAsByTRL() throws {
    let cases = try golden("think_format")
    let rows: [JSONValue] = cases.map { ["completion": $0["text"] ?? .null] }
    let found = try scores(rows, Self.goldens + "/format.py:think_first")
    #expect(found == cases.map { $0["score"]?.double })
  }

  @Test func boxedAnswersScoreAsByTRL() throws {
    let cases = try golden("accuracy")
    let rows: [JSONValue] = cases.map {
      ["completion": $0["text"] ?? .null, "metadata": ["solution": $0["solution"] ?? .null]]
    }
    let found = try scores(rows, Self.goldens + "/accuracy.py:boxed_accuracy")
    #expect(found == cases.map { $0["score"]?.double })
    #expect(found.contains(nil) && found.contains(1) && found.contains(0))
  }

  @Test func overlongTextsScoreAsByTRL() throws {
    let golden = try #require(try golden("soft_overlong").first { $0["most"]?.int == 100 })
    let lengths = try #require(golden["lengths"]?.array)
    let rows: [JSONValue] = lengths.map { ["completion": "x", "tokens": $0] }
    let found = try scores(rows, Self.goldens + "/overlong.py:soft_overlong")
    for (score, wanted) in zip(found, try #require(golden["scores"]?.array)) {
      #expect(abs((score ?? 9) - (wanted.double ?? 8)) < 1e-6)
    }
  }

  @Test func textsAndColumnsReachAFunctionThatAsksForThem() throws {
    let scratch = try Scratch()
    let file = try scratch.write(
      """
      def first(prompts, completions, bonus, references, truncated, log_metric):
          print("heard")
          log_metric("rows", len(prompts))
          return [len(c) + (b or 0) + len(r or "") + 10 * t
                  for c, b, r, t in zip(completions, bonus, references, truncated)]
      """, to: "first.py")
    let rows: [JSONValue] = [
      ["prompt": "p", "completion": "ab", "metadata": ["bonus": 0.5], "reference": "xyz"],
      ["prompt": "p", "completion": "é", "truncated": true],
    ]
    let outcome = try run(rows, file, ["--completions", "text"], in: scratch)
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("heard"))
    let scored = try #require(try outcome.json()["rows"]?.array)
    #expect(scored.map { $0["reward"]?.double } == [5.5, 11])
    #expect(scored[0]["rewards"]?["mine"]?["components"] == ["rows": 2.0])
  }

  @Test(arguments: [
    ("raise ValueError('no such word')", "reward 'mine': ValueError: no such word"),
    ("return [1, 2]", "reward 'mine': the function gives 2 scores for 1 completions"),
    ("return [float('nan')]", "reward 'mine': score 0 of 1 is nan; return a finite number"),
    ("return ['high']", "reward 'mine': score 0 of 1 is 'high'"),
    ("return [len(columns['completion_ids'][0])]", "KeyError: 'completion_ids'"),
    (
      "import os; os._exit(3)",
      "reward 'mine': its program left with exit code 3, while scoring 1 completions"
    ),
    (
      "import sys; sys.exit('enough')",
      "its program left with exit code 1, while scoring 1 completions; the last that it wrote to "
        + "standard error: enough"
    ),
    ("import os; os.kill(os.getpid(), 11)", "its program died: Segmentation fault"),
  ])
  func whatGoesWrongIsNamed(body: String, sentence: String) throws {
    let scratch = try Scratch()
    let file = try scratch.write("def f(completions, **columns):\n    \(body)\n", to: "f.py")
    let outcome = try run([["completion": "a"]], file, in: scratch)
    #expect(outcome.code != 0 && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test func aColumnThatTheRowsLackIsNamed() throws {
    let scratch = try Scratch()
    let file = try scratch.write(
      "def f(completions, solution, **columns):\n    return [0] * len(completions)\n", to: "f.py")
    let outcome = try run([["completion": "a"]], file, in: scratch)
    #expect(
      outcome.errors.contains("the function wants 'solution', which the rows do not have"),
      "\(outcome.errors)")
    let missing = try run([["completion": "a"]], scratch.path("none.py"), in: scratch)
    #expect(missing.errors.contains("its program left with exit code 1"), "\(missing.errors)")
    #expect(missing.errors.contains("none.py"))
  }

  @Test func memoryIsBounded() throws {
    let scratch = try Scratch()
    let file = try scratch.write(
      "def f(completions, **columns):\n    return [len(bytearray(1 << 30))]\n", to: "f.py")
    let data = try scratch.write("{\"completion\": \"a\"}\n", to: "rows.jsonl")
    let config: JSONValue = ["run": ["python3", .string(Self.serve), .string(file)]]
    let outcome = try HostProgram.run(
      "reward", "try", "--reward", "command", "--data", data, "--config", config.text(),
      "--memory-limit", "200MB")
    #expect(outcome.errors.contains("reward 'command': MemoryError"), "\(outcome.errors)")
  }
}
