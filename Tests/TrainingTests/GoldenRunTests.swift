import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Twenty optimizer steps against torch and peft: `Tests/Goldens/training`.
@Suite struct GoldenRunTests {
  static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens").path

  /// The twelve rows that every run takes in order.
  static func rows() throws -> [Sample] {
    let file = try SafeTensorsFile(path: goldens + "/training/rows.safetensors")
    return try (0..<12).map { index in
      let ids = try file.entry("ids_\(index)"), mask = try file.entry("mask_\(index)")
      return Sample(
        ids: file.file.withBytes(ids.bytes) { bytes in
          (0..<ids.count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
        },
        isTrained: file.file.withBytes(mask.bytes) { $0.map { $0 == 1 } }, source: "row \(index)")
    }
  }

  @Test(arguments: ["llama", "qwen2", "qwen3", "qwen3_full"])
  func losses(name: String) throws {
    let family = name.replacing("_full", with: ""), isFull = name.hasSuffix("_full")
    let run = try JSONValue(readingFile: "\(Self.goldens)/training/\(name)/run.json")
    let model = try CausalLanguageModel(folder: "\(Self.goldens)/models/\(family)")
    let parameters =
      isFull
      ? model.unfreeze()
      : try AdapterSet.load(
        folder: "\(Self.goldens)/models/\(family)/adapter", on: model.seats
      ).parameters
    let optimizer = AdamW(parameters, weightDecay: 0.01)
    let rate = LearningRate(.cosine, peak: 1e-3, warmup: 4, total: 20)
    let rows = try Self.rows()
    let order = DataOrder(rows: 12, rowsPerStep: 4, seed: 0, isShuffled: false)
    for expected in try #require(run["steps"]?.array) {
      let number = try #require(expected["step"]?.int)
      let samples = order.rows(of: number).map { rows[$0] }
      let result = try model.step(samples, batchSize: 2, sharing: false)
      let norm = optimizer.norm(result.gradients)
      optimizer.update(
        result.gradients, step: number, learningRate: rate(number), norm: norm,
        maximumNorm: isFull ? 10 : 1)
      let loss = try #require(expected["loss"]?.double)
      #expect(abs(result.loss - loss) < 1e-4 * loss, "step \(number)")
      #expect(result.weight == expected["trained_tokens"]?.double)
      let goldenNorm = try #require(expected["grad_norm"]?.double)
      #expect(abs(norm - goldenNorm) < 1e-3 * goldenNorm, "step \(number)")
      let goldenRate = try #require(expected["learning_rate"]?.double)
      #expect(abs(rate(number) - goldenRate) < 1e-12, "step \(number)")
    }
    let final = try SafeTensorsFile(path: "\(Self.goldens)/training/\(name)/final.safetensors")
    for parameter in parameters {
      let expected = try final.floats(parameter.name)
      expectClose(parameter.tensor.values, expected, atol: 2e-4, rtol: 0, parameter.name)
    }
  }

  /// How a step is cut into micro-batches changes neither loss nor gradient beyond rounding.
  @Test func accumulationEqualsOneBatch() throws {
    let rows = try Self.rows()
    func run(_ batchSize: Int) throws -> (Double, [Float]) {
      let model = try CausalLanguageModel(folder: "\(Self.goldens)/models/qwen3")
      let adapters = try AdapterSet.load(
        folder: "\(Self.goldens)/models/qwen3/adapter", on: model.seats)
      let result = try model.step(Array(rows[..<6]), batchSize: batchSize, sharing: false)
      let gradient = adapters.parameters[0].tensor.slot.flatMap { result.gradients[$0] }
      return (result.loss, try #require(gradient).values)
    }
    let whole = try run(6)
    for size in [1, 2, 4] {
      let part = try run(size)
      #expect(abs(part.0 - whole.0) < 1e-5 * whole.0)
      expectClose(part.1, whole.1, atol: 1e-5, rtol: 0)
    }
  }
}

@Suite struct ScheduleTests {
  @Test func orderIsAPermutationThatDependsOnSeedAndEpoch() {
    let order = DataOrder(rows: 10, rowsPerStep: 4, seed: 1, isShuffled: true)
    #expect(order.stepsPerEpoch == 3)
    let epochs = (0..<2).map { epoch in (1...3).flatMap { order.rows(of: epoch * 3 + $0) } }
    #expect(epochs.allSatisfy { $0.sorted() == Array(0..<10) })
    #expect(epochs[0] != epochs[1])
    #expect(order.rows(of: 3).count == 2)
    let other = DataOrder(rows: 10, rowsPerStep: 4, seed: 2, isShuffled: true)
    #expect((1...3).flatMap { other.rows(of: $0) } != epochs[0])
    #expect(order.progress(after: 3) == 1 && order.progress(after: 4) == 1.4)
  }

  /// transformers' get_linear_schedule_with_warmup(2, 6) and get_cosine_schedule_with_warmup(2, 6).
  @Test func curves() {
    let linear = LearningRate(.linear, peak: 1, warmup: 2, total: 6)
    #expect((1...6).map { linear($0) } == [0, 0.5, 1, 0.75, 0.5, 0.25])
    let cosine = LearningRate(.cosine, peak: 1, warmup: 2, total: 6)
    let expected = [0, 0.5, 1, 0.8535533905932737, 0.5, 0.14644660940672627]
    expectClose((1...6).map { cosine($0) }, expected, atol: 1e-12, rtol: 0)
    let constant = LearningRate(.constant, peak: 2, warmup: 2, total: 6)
    #expect(constant(1) == 2)
    let warm = LearningRate(.constantWithWarmup, peak: 2, warmup: 2, total: 6)
    #expect((1...4).map { warm($0) } == [0, 1, 2, 2])
  }
}
