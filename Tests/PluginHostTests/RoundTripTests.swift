import JSON
import TaskKit
import Tasks
import Testing

@testable import PluginHost

/// A task written with the SDK, seen through the C tables by the host.
@Suite struct RoundTripTests {
  let task: PluginTask

  init() throws {
    let made = TaskKit.Plugin(
      name: "toy", version: "2.0.0",
      exports: [.task(Toy.self), .dataset(ToyRows.self), .evaluator(ToyEvaluator.self)])
    #expect(made.table(hostABI: 2) == nil)
    let plugin = try PluginHost.Plugin(head: made.table(hostABI: 1), path: "toy.so")
    #expect((plugin.name, plugin.version) == ("toy", "2.0.0"))
    task = try PluginTask(
      "toy", of: plugin, host: HostTable(log: { _, _ in }, isCancelled: { true }))
  }

  @Test func description() {
    #expect(
      task.description
        == TaskDescription(
          name: "toy", summary: "A toy.", dataset: "toy.rows", evaluator: "toy.evaluator",
          defaults: ["training_args": ["num_train_epochs": 2]]))
  }

  @Test func rows() throws {
    let rows = try task.dataset(split: .train, configuration: ["count": 3, "seed": 1])
    let dataset = try #require(rows)
    #expect(dataset.count == 3)
    #expect(dataset.sources == ["rows of train"] && !dataset.variesByEpoch)
    #expect(
      try dataset.example(at: 1, epoch: 4, seed: .max)
        == Tasks.Example(
          turns: [
            Tasks.Turn(role: "system", text: ""),
            Tasks.Turn(
              role: "user", parts: [.media(kind: "audio", tensor: "clip"), .text("1 é \"\n")]),
            Tasks.Turn(role: "assistant", text: "4 18446744073709551615"),
          ],
          metadata: ["half": 0.5, "index": 1, "none": .null], choices: ["", "b"],
          tensors: ["clip": Tasks.MediaTensor(shape: [1, 2], values: [1, 2])]))
    #expect(try task.dataset(split: .test, configuration: [:]) == nil)
  }

  @Test(
    arguments: [
      (
        ["count": "x"], Split.train, TaskError.Kind.configuration,
        "'count' must be a whole number, not a string"
      ),
      (["cuont": 3], .train, .configuration, "unknown key 'cuont'; did you mean 'count'?"),
      ([:], .validation, .data, "no validation file"),
    ] as [(JSONValue, Tasks.Split, TaskError.Kind, String)])
  func badConfiguration(
    configuration: JSONValue, split: Tasks.Split, kind: TaskError.Kind, text: String
  ) {
    let error = #expect(throws: TaskError.self) {
      try task.dataset(split: split, configuration: configuration)
    }
    #expect(error?.kind == kind)
    #expect(error?.message == "toy: dataset 'toy.rows', split '\(split.rawValue)': \(text)")
  }

  @Test func thrownErrors() throws {
    let dataset = try #require(try task.dataset(split: .train, configuration: [:]))
    let own = #expect(throws: TaskError.self) { try dataset.example(at: 7, epoch: 0, seed: 0) }
    #expect(own?.kind == .internal)
    #expect(own?.message == "toy: dataset 'toy.rows', split 'train', row 7: badLuck")
    let stop = #expect(throws: TaskError.self) { try dataset.example(at: 8, epoch: 0, seed: 0) }
    #expect(stop?.kind == .cancelled)
  }

  @Test func evaluation() throws {
    let evaluator = try #require(
      try task.evaluator(split: .train, configuration: ["count": 3, "names": ["x"]]))
    let example = Tasks.Example(
      turns: [
        Tasks.Turn(role: "user", parts: [.media(kind: "audio", tensor: "c"), .text("q")]),
        Tasks.Turn(role: "assistant", text: "é"),
      ], metadata: ["half": 0.5, "deep": [[1, true, .null]]], choices: ["Yes", "No"])
    let report = try evaluator.evaluate([
      Tasks.Prediction(index: 9, text: "é", example: example, choiceLogLikelihoods: [-1, -2.5]),
      Tasks.Prediction(index: 2, text: "", example: Tasks.Example(turns: [])),
    ])
    #expect(
      report
        == Tasks.Report(
          count: 2, primary: "z",
          metrics: [
            ("z", Tasks.Measure(value: 1, low: 0, high: 1.5, count: 2)),
            ("a", Tasks.Measure(value: -3.5)),
          ],
          baselines: [("majority", ["z": 0.25]), ("always", [:])],
          details: [
            "choices": ["Yes", "No"], "indices": [9, 2],
            "metadata": ["deep": [[1, true, .null]], "half": 0.5], "part": "c", "reference": "é",
          ]))
  }
}

private struct Toy: TuningTask {
  static let name = "toy"
  static let summary = "A toy."
  static var dataset: any TaskKit.Dataset.Type { ToyRows.self }
  static var evaluator: (any TaskKit.Evaluator.Type)? { ToyEvaluator.self }
  static let defaults: JSON = ["training_args": ["num_train_epochs": 2]]
}

private struct ToyRows: TaskKit.Dataset {
  struct Config: Decodable, Sendable { var count: Int }
  enum Failure: Error { case badLuck }
  static let name = "toy.rows"
  static let defaults: JSON = ["count": 9]
  let count: Int
  let host: HostServices
  let sources = ["rows of train"], variesByEpoch = false

  init?(config: Config, split: TaskKit.Split, host: HostServices) throws {
    if split == .test { return nil }
    if split == .validation { throw PluginError(.data, "no validation file") }
    count = config.count
    self.host = host
  }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> TaskKit.Example {
    if index == 7 { throw Failure.badLuck }
    if index == 8, host.isCancelled { throw CancellationError() }
    return TaskKit.Example(
      turns: [
        .system(""), .user(parts: .audio("clip"), "\(index) é \"\n"),
        .assistant("\(epoch) \(seed)"),
      ],
      metadata: ["index": .int(index), "half": 0.5, "none": nil], choices: ["", "b"],
      tensors: ["clip": TaskKit.MediaTensor(shape: [1, 2], values: [1, 2])])
  }
}

private struct ToyEvaluator: TaskKit.Evaluator {
  static let name = "toy.evaluator"

  init(config: NoConfig, split: TaskKit.Split, host: HostServices) {}

  func evaluate(_ predictions: [TaskKit.Prediction]) throws -> TaskKit.Report {
    let first = predictions[0]
    var part: JSON = nil
    if case .media(_, let tensor) = first.example.turns[0].parts[0] { part = .string(tensor) }
    return TaskKit.Report(
      count: predictions.count, primary: "z",
      metrics: [
        ("z", TaskKit.Measure(1, low: 0, high: 1.5, count: 2)),
        ("a", TaskKit.Measure(first.choiceLogLikelihoods.reduce(0, +))),
      ],
      baselines: [("majority", ["z": 0.25]), ("always", [:])],
      details: [
        "indices": .array(predictions.map { .int($0.index) }), "metadata": first.metadata,
        "reference": .string(first.reference ?? ""),
        "choices": .array(first.example.choices.map { .string($0) }), "part": part,
      ])
  }
}
