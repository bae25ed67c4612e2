import Formats
import Foundation
import JSON
import Objectives
import Tasks
import TestSupport
import Testing

/// The points and cases of `numbers.json`.
struct Numbers {
  private let file: JSONValue
  private let points: [Point]

  init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    file = try JSONValue(
      readingFile: folder.appending(path: "Goldens/preference/numbers.json").path)
    points = try #require(file["points"]?.array).map(Point.init)
  }

  /// The cases of a trainer.
  func cases(_ name: String, atLeast count: Int) throws -> [JSONValue] {
    let cases = try #require(file[name]?.array)
    #expect(cases.count >= count)
    return cases
  }

  /// Expects the weighted sum of `terms` and its derivatives to be those of `expected`, of each point
  /// alone and of all points as one batch; `alone`: the one answer of a point that is a row.
  func check(
    _ expected: JSONValue, _ terms: [(objective: any Objective, weight: Double)],
    scoresPrompts: Bool = false, alone: String? = nil
  ) throws {
    let names = ["chosen", "rejected", "prompt"].filter { expected[$0] != nil }
    let what = expected["settings"].map { "\($0)" } ?? ""
    for (index, point) in points.enumerated() {
      let actual = Outcome(Texts([point], scoresPrompts, alone), terms)
      expectClose(
        actual.loss, try #require(expected["loss"]?[index]?.double), atol: 1e-9, rtol: 1e-6,
        "\(what), point \(index)")
      for name in names {
        expectClose(
          try #require(actual.derivatives[name]),
          [try #require(expected[name]?[index]?.double)], atol: 1e-9, rtol: 1e-5,
          "\(what), point \(index), \(name)")
      }
    }
    let actual = Outcome(Texts(points, scoresPrompts, alone), terms)
    let batch = try #require(expected["batch"])
    expectClose(actual.loss, try #require(batch["loss"]?.double), rtol: 1e-6, what)
    for name in names {
      expectClose(
        try #require(actual.derivatives[name]),
        try #require(batch[name]?.array).compactMap(\.double), atol: 1e-9, rtol: 1e-5,
        "\(what), all points, \(name)")
    }
  }
}

/// A pair of `numbers.json`.
struct Point {
  let chosen: [Float], rejected: [Float], prompt: [Float]
  let reference: [Float]

  init(_ value: JSONValue) throws {
    func floats(_ name: String) throws -> [Float] {
      try #require(value[name]?.array).compactMap(\.double).map(Float.init)
    }
    chosen = try floats("chosen")
    rejected = try floats("rejected")
    prompt = try floats("prompt")
    reference = try floats("reference")
  }
}

/// Points as an objective gets them.
struct Texts {
  private(set) var batch = Batch(texts: [], weights: [])
  private(set) var policy: [Float] = [], reference: [Float] = []

  init(_ points: [Point], _ scoresPrompts: Bool, _ alone: String?) {
    for (row, point) in points.enumerated() {
      let labels: (Sample.Role, Sample.Role) =
        alone == nil ? (.chosen, .rejected) : (.desirable, .undesirable)
      if alone != "rejected" {
        add(labels.0, row, scoresPrompts ? point.prompt : [], point.chosen, point.reference[0])
      }
      if alone != "chosen" { add(labels.1, row, [], point.rejected, point.reference[1]) }
    }
    batch.weights = policy.map { _ in 1 }
  }

  /// A pair whose answers had log-probability 0 under the reference.
  init(chosen: [Float], rejected: [Float]) {
    add(.chosen, 0, [], chosen, 0)
    add(.rejected, 0, [], rejected, 0)
    batch.weights = policy.map { _ in 1 }
  }

  /// The reference's sum is put on the answer's first token.
  private mutating func add(
    _ role: Sample.Role, _ row: Int, _ prompt: [Float], _ answer: [Float], _ reference: Float
  ) {
    let start = policy.count, middle = start + prompt.count
    policy += prompt + answer
    self.reference += (prompt + answer).indices.map { $0 == prompt.count ? reference : 0 }
    batch.texts.append(
      Batch.Text(role: role, row: row, prompt: start..<middle, answer: middle..<policy.count))
  }
}

/// The sum of terms over texts, and by which part of a text how it changes with one token.
struct Outcome {
  private(set) var loss = 0.0
  private(set) var derivatives: [String: [Double]] = [:]

  init(_ texts: Texts, _ terms: [(objective: any Objective, weight: Double)]) {
    var derivative = texts.policy.map { _ in 0.0 }
    for (objective, weight) in terms {
      let result = objective(texts.policy, texts.reference, texts.batch)
      let scale = weight / objective.weight(of: texts.batch)
      loss += scale * result.value
      for place in derivative.indices {
        derivative[place] += scale * Double(result.derivative[place])
      }
    }
    for text in texts.batch.texts {
      let isFirst = text.role == .chosen || text.role == .desirable
      append(derivative[text.answer], to: isFirst ? "chosen" : "rejected")
      append(derivative[text.prompt], to: "prompt")
    }
  }

  /// Within a text the derivative is the same for each token.
  private mutating func append(_ derivative: ArraySlice<Double>, to name: String) {
    guard let first = derivative.first else { return }
    #expect(derivative.allSatisfy { $0 == first }, "\(name)")
    derivatives[name, default: []].append(first)
  }
}
