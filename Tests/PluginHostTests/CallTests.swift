import FoundationEssentials
import JSON
import Synchronization
import Tasks
import Testing

@testable import PluginHost

/// A task in C, called through the host's protocols.
@Suite(.enabled(if: Workshop.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct CallTests {
  let workshop: Workshop
  let task: PluginTask

  init() throws {
    workshop = try Workshop()
    try workshop.buildEcho()
    task = try workshop.catalog().task(named: "echo")
  }

  @Test func description() {
    #expect(task.description.name == "echo" && task.description.dataset == "echo.rows")
    #expect(task.description.evaluator == "echo.right")
    #expect(task.description.defaults["training_args"]?["seed"] == 1)
  }

  @Test func rows() throws {
    let dataset = try #require(try task.dataset(split: .train, configuration: [:]))
    #expect(dataset.count == 9)
    let row = try dataset.example(at: 0, epoch: 2, seed: .max)
    #expect(
      row
        == Example(
          turns: [
            Turn(role: "user", text: "row 0 epoch 2 seed 18446744073709551615"),
            Turn(role: "assistant", text: "Yes"),
          ], metadata: ["id": 7], choices: ["Yes", "No"]))
    let clip = try dataset.example(at: 1, epoch: 0, seed: 0)
    #expect(clip.turns[0].parts == [.media(kind: "audio", tensor: "clip"), .text("listen")])
    #expect(clip.tensors["clip"] == MediaTensor(shape: [2, 2], values: [1, 2, 3, 4]))
    #expect(clip.tensors["mask"]?.values == [5, 6, 7, 255])
    #expect(try task.dataset(split: .test, configuration: [:]) == nil)
  }

  @Test(arguments: [
    (2, TaskError.Kind.data, "line 3 of data.jsonl is empty"),
    (3, .internal, "the row has no turns"),
    (4, .internal, "a turn's audio names the tensor 'nowhere', which the row lacks"),
    (5, .internal, "the tensor 't' of shape [2, 2] has 8 bytes"),
    (6, .internal, "turn 0 has the role 'robot'; known: system, developer, user, assistant, tool"),
    (7, .internal, "the metadata is an array, not an object"),
  ])
  func badRow(index: Int, kind: TaskError.Kind, text: String) throws {
    let dataset = try #require(try task.dataset(split: .train, configuration: [:]))
    let error = #expect(throws: TaskError.self) {
      try dataset.example(at: index, epoch: 0, seed: 0)
    }
    #expect(error?.kind == kind)
    #expect(error?.message == "echo: dataset 'echo.rows', split 'train', row \(index): \(text)")
  }

  @Test(arguments: [
    ("wrong", TaskError.Kind.configuration, "'wrong' is not allowed: réponse"),
    ("silent", .data, "no message given (status -2)"),
    ("latin1", .unsupported, "caf\u{FFFD}"),
    ("unterminated", .internal, String(repeating: "x", count: 4095)),
    ("uncountable", .data, "it cannot count its rows (status -2)"),
  ])
  func badConfiguration(key: String, kind: TaskError.Kind, text: String) {
    let error = #expect(throws: TaskError.self) {
      try task.dataset(split: .train, configuration: .object([key: 1]))
    }
    #expect(error?.kind == kind)
    #expect(error?.message == "echo: dataset 'echo.rows', split 'train': " + text)
  }

  @Test func evaluation() throws {
    let evaluator = try #require(try task.evaluator(split: .train, configuration: [:]))
    let asked = [Turn(role: "user", text: "?"), Turn(role: "assistant", text: "Да")]
    let report = try evaluator.evaluate([
      Prediction(
        index: 5, text: "Да", example: Example(turns: asked, metadata: ["k": "v"], choices: ["a"]),
        choiceLogLikelihoods: [-1.5, -2]),
      Prediction(index: 6, text: "", example: Example(turns: [asked[0]])),
      Prediction(index: 7, text: "no", example: Example(turns: asked), choiceLogLikelihoods: [0.5]),
    ])
    #expect(report.count == 3 && report.primary == "right")
    #expect(report["right"]?.value == 1 && report["sum"]?.value == -3)
    #expect(report.details["absent"] == 1)
    #expect(
      report.details["first"] == [
        "turns": [
          ["role": "user", "parts": [["text": "?"]]],
          ["role": "assistant", "parts": [["text": "Да"]]],
        ], "metadata": ["k": "v"], "choices": ["a"],
      ])
    let error = #expect(throws: TaskError.self) { try evaluator.evaluate([]) }
    #expect(error?.message.contains("primary metric 'none' is not in its metrics") == true)
  }

  @Test func reportsThatMisleadAreRefused() throws {
    func fault(_ report: Report) -> String? {
      do throws(TaskError) {
        try report.check(predictions: 2)
        return nil
      } catch { return error.message }
    }
    let rising = [("r", Measure(value: 1))]
    let falling = [("r", Measure(value: 1, lowerIsBetter: true))]
    #expect(fault(Report(count: 2, primary: "r", metrics: rising, clusters: ["a", "b"])) == nil)
    let odd = fault(Report(count: 2, primary: "r", metrics: rising, clusters: ["a"]))
    #expect(odd == "the report names 1 clusters for 2 predictions")
    #expect(fault(Report(count: 2, primary: "r", metrics: falling))?.contains("must rise") == true)
  }

  @Test func logReachesTheHost() throws {
    let lines = Mutex<[String]>([])
    let shared = Box(lines: lines)
    let catalog = workshop.catalog { level, text in shared.add("\(level): \(text)") }
    _ = try catalog.task(named: "echo").dataset(split: .train, configuration: [:])
    #expect(shared.all == ["info: opening"])
  }

  /// The dataset of `echo` fails when two calls are within it at once.
  @Test func callsOnOneInstanceNeverOverlap() async throws {
    let dataset = try #require(try task.dataset(split: .train, configuration: [:]))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<500 { _ = try dataset.example(at: 8, epoch: 0, seed: 0) }
        }
      }
      try await group.waitForAll()
    }
  }
}

/// Lines that a plugin logged.
private final class Box: Sendable {
  private let lines: Mutex<[String]>
  init(lines: consuming sending Mutex<[String]>) { self.lines = lines }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}
