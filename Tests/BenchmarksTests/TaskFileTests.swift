import Foundation
import JSON
import Generation
import Testing

@testable import Benchmarks
@testable import Formats

/// Task files and rows as users write them.
@Suite struct TaskFileTests {
  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "tasks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "mine.yaml").path
    try Data(text.utf8).write(to: URL(filePath: path))
    try body(path)
  }

  private static let good = """
    files: {validation: mine_validation.jsonl}
    text: "{question}"
    choices: ["yes", "no"]
    gold: {index: "{label}"}
    metrics: [acc]
    """

  @Test(arguments: [
    ("colour: red", ":6: unknown key 'colour'; there are"),
    ("tekst: x", ":6: unknown key 'tekst'; did you mean 'text'?"),
    ("metrics: [accuracy]", "the key 'metrics' stands twice"),
    ("description: '{a'", ":6: 'description' has a '{' that no '}' closes"),
    ("description: '{a|upper}'", "knows no filter 'upper'; there are strip"),
    ("shots: {count: -1}", "'shots.count' must be a whole number from 0, found -1"),
    ("shots: {from: train}", "'shots.from' is 'train', of which 'files' names none"),
    ("generate: {until: x}", "has choices and 'generate'"),
    ("filters: [{name: a, pattern: '('}]", "'filters.pattern' is no regular expression: ("),
  ])
  func aFaultHasItsLine(line: String, sentence: String) throws {
    try withFile(Self.good + "\n" + line + "\n") { path in
      #expect {
        try BenchmarkTask.tasks(inFile: path)
      } throws: { error in
        "\(error)".hasPrefix(path) && "\(error)".contains(sentence)
      }
    }
  }

  @Test func allThatComeWithTheProgramAreGood() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: root + "/tasks/benchmarks")
    var count = 0
    for name in names where name.hasSuffix(".yaml") {
      count += try BenchmarkTask.tasks(inFile: "\(root)/tasks/benchmarks/\(name)").count
    }
    #expect(count == 9 + 57)
    let mmlu = try BenchmarkTask.tasks(inFile: root + "/tasks/benchmarks/mmlu.yaml")
    #expect(mmlu[0].name == "mmlu_abstract_algebra")
    #expect(mmlu[0].groups == ["mmlu_stem", "mmlu"])
    #expect(mmlu[0].patterns("dev") == ["abstract_algebra/dev-*.parquet"])
  }

  private func fault(_ row: String) throws -> String {
    var message = "none"
    try withFile(Self.good) { path in
      let folder = DurableFile.folder(of: path)
      try Data((row + "\n").utf8).write(to: URL(filePath: folder + "/mine_validation.jsonl"))
      do {
        let task = try BenchmarkTask.tasks(inFile: path)[0]
        let rows = try TaskRows(task, in: [folder], withPool: false)
        var maker = ItemMaker(task, rows, .plain, shots: 0)
        _ = try maker.items(limit: nil)
      } catch { message = "\(error)" }
    }
    return message
  }

  @Test func aRowsFaultHasItsPlace() throws {
    #expect(
      try fault(#"{"question": "q", "label": ""}"#).contains("mine_validation.jsonl:1: the row"))
    #expect(try fault(#"{"question": "q", "label": ""}"#).contains("has no right answer"))
    #expect(try fault(#"{"question": "q", "label": 2}"#).contains("number 2, but there are 2"))
    #expect(try fault(#"{"query": "q", "label": 1}"#).contains("has no 'question'; its fields are"))
    #expect(try fault(#"{"question": ["q"], "label": 1}"#).contains("is an array, not a text"))
    #expect(try fault(#"{"question": "q", "label": 1}"#) == "none")
    #expect(try fault("[1").contains("not JSON"))
  }

  @Test func rowsAsTheirAuthorsPublishedThemAreRead() throws {
    try withFile(
      #"{"id": "a", "question": {"stem": "Q?", "choices": [{"text": "x", "label": "1"}, {"text": "y", "label": "2"}]}, "answerKey": "2"}"#
    ) { path in
      let folder = DurableFile.folder(of: path)
      try FileManager.default.moveItem(atPath: path, toPath: folder + "/ARC-Challenge-Test.jsonl")
      let task = try task("arc_challenge")
      let rows = try TaskRows(task, in: [folder], withPool: false)
      var maker = ItemMaker(task, rows, .plain, shots: 0)
      let item = try maker.items(limit: nil)[0]
      #expect(item.requests.map(\.context) == ["Question: Q?\nAnswer:", "Question: Q?\nAnswer:"])
      #expect(item.requests.map(\.continuation) == [" x", " y"])
      #expect(item.gold == 1)
    }
  }

  @Test func shotsNeedRows() throws {
    let task = try task("arc_challenge")
    let rows = try TaskRows(task, in: [goldens + "/rows"], withPool: true)
    var maker = ItemMaker(task, rows, .plain, shots: 30)
    #expect {
      try maker.items(limit: nil)
    } throws: {
      "\($0)".contains("30 shots need 30 rows of the split 'train', which has 10")
    }
    #expect {
      try TaskRows(task, in: ["/nowhere"], withPool: false)
    } throws: {
      "\($0)".contains("there are no rows of its split 'test'")
    }
  }

  @Test func wikiHowsMarksAreTakenOut() {
    #expect(WikiHow.cleaned(" a [title] b [step] c ") == "a. b c")
    #expect(WikiHow.cleaned("[title] eats") == " eats")
    #expect(WikiHow.cleaned("x [open\nnext] y    z") == "x [open\nnext] y  z")
  }

  @Test func itemsThatBeginAlikeAreAskedTogether() {
    let shots = Array(repeating: Int32(7), count: 5000)
    let texts = (0..<6).map { row in
      [
        Continuation(
          ids: (row % 2 == 0 ? shots : shots.map { $0 + 1 }) + [Int32(row), 1], start: 5000)
      ]
    }
    #expect(BenchmarkScorer.batches(texts) == [[0, 2, 4], [1, 3, 5]])
  }
}
