import Foundation
import Generation
import JSON
import Models
import Tasks
import TestSupport
import Testing
import Text

@testable import Benchmarks
@testable import Formats

/// The package's root, and what the harness said (`Tests/Goldens/benchmarks`).
let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path
let goldens = root + "/Tests/Goldens/benchmarks"

/// A task that comes with the program.
func task(_ name: String) throws -> BenchmarkTask {
  try #require(try BenchmarkTask.tasks(inFile: "\(root)/tasks/benchmarks/\(name).yaml").first)
}

/// Prompts, shots, weights, verdicts and standard errors are the harness's, on the model that comes with
/// the program.
@Suite struct HarnessTests {
  static let folder = root + "/tasks/models/nano-qwen3"
  static let runs: JSONValue? = try? JSONValue(readingFile: goldens + "/runs.json")

  /// Which run of the harness, and the task.
  static let cases: [(run: String, task: String)] = (runs?.object ?? [:]).flatMap { run, tasks in
    (tasks.object ?? [:]).keys.map { (run, $0) }
  }

  @Test func runsAreFound() { #expect(Self.cases.count == 17) }

  private func style(_ run: String, _ tokenizer: Tokenizer) throws -> PromptStyle {
    guard !run.hasPrefix("plain"), !run.hasPrefix("written") else { return .plain }
    let encoder = try ConversationEncoder(folder: Self.folder, tokenizer: tokenizer)
    return .chat(
      isMultiturn: !run.contains("one_turn"), system: run.hasPrefix("system") ? "Be careful." : nil
    ) { messages in
      try encoder.render(messages: messages, label: "prompt", addGenerationPrompt: true).text
    }
  }

  @Test(arguments: cases) func aRunIsTheHarnesss(run: String, name: String) throws {
    let golden = try #require(Self.runs?[run]?[name]), task = try task(name)
    let model = try CausalLanguageModel(folder: Self.folder)
    let tokenizer = try Tokenizer(folder: Self.folder)
    let shots = try #require(run.split(separator: "_").last.flatMap { Int($0) })
    let rows = try TaskRows(task, in: [goldens + "/rows"], withPool: shots > 0)
    var maker = ItemMaker(task, rows, try style(run, tokenizer), shots: shots)
    let prompts = try #require(golden["prompts"]?.array)
    let items = try maker.items(limit: prompts.count)
    for (item, place) in zip(items, prompts.indices) {
      #expect(item.promptHash.hasPrefix(prompts[place].string ?? "-"), "row \(place)")
      #expect(item.documentHash.hasPrefix(golden["documents"]?[place]?.string ?? "-"))
      #expect(item.targetHash.hasPrefix(golden["targets"]?[place]?.string ?? "-"))
    }
    let scorer = BenchmarkScorer(
      model, tokenizer, stopTokens: [2047, 2045], batchSize: 4)
    var results = [ItemResult?](repeating: nil, count: items.count)
    try scorer(items, of: task) { for (place, result) in $0 { results[place] = result } }
    let outcome = try TaskOutcome(
      task, shots: shots, rows: rows.documents.count, items: items,
      results: try results.map { try #require($0) })
    check(outcome, golden)
  }

  private func check(_ outcome: TaskOutcome, _ golden: JSONValue) {
    for (place, result) in outcome.results.enumerated() {
      if let answer = result.answer {
        #expect(answer == golden["answers"]?[place]?.string, "row \(place)")
      }
      for (choice, weight) in result.weights.enumerated() {
        let right = golden["weights"]?[place]?[choice]?.double ?? .nan
        let isNear = abs(weight.logLikelihood - right) <= 2e-4 + 5e-6 * abs(right)
        #expect(isNear, "row \(place): \(weight.logLikelihood), not \(right)")
        #expect(weight.isLikeliest == golden["likeliest"]?[place]?[choice]?.bool)
      }
    }
    for (filter, texts) in outcome.extracted {
      #expect(texts == golden["read"]?[filter]?.array?.compactMap(\.string), "\(filter)")
    }
    for score in outcome.scores {
      let verdicts = golden[score.metric]?[score.filter] ?? golden[score.metric]
      #expect(score.values == verdicts?.array?.compactMap(\.double), "\(score.name)")
      let mean = golden["results"]?["\(score.metric),\(score.filter)"]?.double ?? .nan
      let error = golden["results"]?["\(score.metric)_stderr,\(score.filter)"]?.double ?? .nan
      #expect(abs(score.mean - mean) < 1e-12)
      #expect(abs((score.standardError ?? .nan) - error) < 1e-12)
    }
  }

  /// Answers of our own making, as the harness's filters and its exact match judge them.
  @Test func verdictsAreTheHarnesss() throws {
    let golden = try JSONValue(readingFile: goldens + "/verdicts.json")
    let reading = try AnswerReading(try #require(try task("gsm8k").writing))
    let references = try #require(golden["references"]?.array).compactMap(\.string)
    for answer in try #require(golden["cases"]?.array) {
      let text = try #require(answer["text"]?.string), read = reading.extracted(text)
      for (place, (filter, found)) in read.enumerated() {
        #expect(found == answer[filter]?.string, "\(text.debugDescription), \(filter)")
        for (number, reference) in references.enumerated() {
          let isRight = answer["verdicts"]?[number]?[place]?.int == 1
          #expect(reading.isExact(found, reference) == isRight, "\(text.debugDescription)")
        }
      }
    }
  }

  @Test func groupsArePooledByTheirSizes() {
    // Two tasks of 4 and 2 rows: Σ n·mean / Σ n, and √(Σ (n−1)·se²·n / (N − k) / N).
    let first = standardErrorOfMean([1, 0, 1, 1]) ?? 0, second = standardErrorOfMean([0, 1]) ?? 0
    #expect(abs(first - 0.25) < 1e-12)
    #expect(abs(second - 0.5) < 1e-12)
    #expect(standardErrorOfMean([1]) == nil)
  }
}
