import Generation
import Models
import Testing
import Text

@testable import Benchmarks
@testable import Formats

/// How items become batches, and what they have in common.
@Suite struct BatchTests {
  private func texts(_ stem: Int, _ rows: Int) -> [[Continuation]] {
    (0..<rows).map { row in
      let ids = (0..<stem).map { Int32($0 % 90) } + (0..<100).map { Int32((row * 131 + $0) % 1009) }
      return [Continuation(ids: ids, start: ids.count - 1)]
    }
  }

  @Test func whatIsKeptCostsNothing() {
    let all = texts(2000, 200), batches = BenchmarkScorer.batches(all)
    let kept = BenchmarkScorer.batches(all, behind: 2000)
    #expect(batches.joined().sorted() == Array(0..<200))
    #expect(kept.joined().sorted() == Array(0..<200))
    // Either way texts of 2,100 tokens are read, 31 of them in 2¹⁶.
    #expect(kept.allSatisfy { $0.count <= 31 })
  }

  /// Rows of several batches behind the shots that all have in common say what each says alone.
  @Test func shotsOfASubjectAreKept() throws {
    let folder = HarnessTests.folder
    let model = try CausalLanguageModel(folder: folder), tokenizer = try Tokenizer(folder: folder)
    let shots = (0..<5).map { "Question: what comes after \($0)?\nAnswer: \($0 + 1)\n\n" }.joined()
    let task = try BenchmarkTask.tasks(
      inFile: root + "/tasks/benchmarks/arc_challenge.yaml")[0]
    let items = (0..<200).map { row in
      let more = String(repeating: "one more than ", count: 20 + row % 3)
      let prompt = shots + "Question: \(more)\(row)?\nAnswer:"
      return BenchmarkItem(
        index: row, document: Document(fields: ["row": .int(row)], place: "row \(row)"),
        requests: ["\(row + 1)", "no number", "\(row)"].map { (prompt, " " + $0) },
        choices: ["a", "b", "c"], gold: 0, target: "0")
    }
    let scorer = BenchmarkScorer(model, tokenizer, stopTokens: [], batchSize: 4)
    var together = [ItemResult?](repeating: nil, count: items.count), batches = 0
    try scorer(items, of: task) { found in
      batches += 1
      for (place, result) in found { together[place] = result }
    }
    #expect(batches > 1)
    for row in [0, 1, 57, 199] {
      try scorer([items[row]], of: task) { found in
        for (one, other) in zip(found[0].result.weights, together[row]?.weights ?? []) {
          #expect(abs(one.logLikelihood - other.logLikelihood) < 1e-4)
        }
        #expect(found[0].result.weights.count == together[row]?.weights.count)
      }
    }
  }
}
