import Adapters
import Formats
import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

/// Adapters whose start is subtracted of a base before that is quantized.
@Suite struct ResidualTests {
  private static let folder = GoldenRunTests.goldens + "/models/qwen2"
  private static let beginnings: [LoRAConfig.Beginning] = [.pissa(iterations: nil), .olora]
  private static let kinds: [Quantization] = [.nf4(double: true), .nf4(double: false), .int8]

  private func model(_ kind: Quantization?) throws -> CausalLanguageModel {
    try CausalLanguageModel(folder: Self.folder, quantization: kind)
  }

  private func fresh(
    _ beginning: LoRAConfig.Beginning, on model: CausalLanguageModel, rootScale: Bool = false
  ) throws -> AdapterSet {
    var config = LoRAConfig(
      r: 6, alpha: 9, targets: AdapterTargets(.allLinear), usesRSLoRA: rootScale)
    config.beginning = beginning
    return try AdapterSet.fresh(AdapterConfig(config, baseModel: nil), on: model.seats, seed: 3)
  }

  private func bits(_ weight: Weight) -> [UInt32] { weight.tensor().values.map(\.bitPattern) }

  @Test(arguments: beginnings, kinds)
  func codesAreOfWhatTheStartLeaves(beginning: LoRAConfig.Beginning, kind: Quantization) throws {
    let plain = try model(kind), model = try model(kind)
    let set = try fresh(beginning, on: model)
    let state = Dictionary(uniqueKeysWithValues: set.state.map { ($0.name, $0.tensor) })
    for (linear, base) in zip(model.projections, plain.projections) {
      let name = "base_model.model." + linear.path
      let a = try #require(state[name + ".lora_A.start_of_residual"])
      let b = try #require(state[name + ".lora_B.start_of_residual"])
      let original = try #require(linear.original)
      let left = Weight.tensor(original.adding(b, a, scale: -1.5))
      #expect(bits(linear.weight) == bits(left.quantized(kind)))
      #expect(linear.weight.quantization == kind)
      // What is trained begins as what was taken.
      #expect(state[name + ".lora_A.weight"]?.values == a.values)
      set.withoutAdapters { #expect(bits(linear.weight) == bits(base.weight)) }
    }
    let residual = try #require(set.residual)
    #expect(residual.quantization == kind && residual.loss < 1)
  }

  /// What is published says what was trained: to the bit on a base that is quantized alike, and as a plain
  /// adapter of twice the rank on the base itself.
  @Test(arguments: kinds, [false, true])
  func whatIsPublishedIsWhatWasTrained(kind: Quantization, rootScale: Bool) throws {
    let model = try model(kind)
    let set = try fresh(.pissa(iterations: nil), on: model, rootScale: rootScale)
    let rows = try GoldenRunTests.rows()
    let optimizer = AdamW(set.parameters)
    for number in 1...3 {
      let result = try model.step(Array(rows[..<4]), batchSize: 2, sharing: false)
      optimizer.update(
        result.gradients, step: number, learningRate: 1e-2,
        norm: optimizer.norm(result.gradients), maximumNorm: 1)
    }
    let folder = try published(set, as: .adapter(set))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let logits = AdapterMethodTests.logits(model)
    let again = try self.model(kind)
    let read = try AdapterSet.load(folder: folder, on: again.seats, trains: true)
    #expect(AdapterMethodTests.logits(again) == logits)
    #expect(read.publishedConfig == set.publishedConfig && read.metadata == set.metadata)
    #expect(
      zip(read.published, set.published).allSatisfy { $0.tensor.values == $1.tensor.values })
    #expect(read.parameters.map(\.shape) == set.parameters.map(\.shape))
    // On the base itself: what every reader makes of it.
    let whole = try self.model(nil), other = try self.model(nil)
    _ = try AdapterSet.load(folder: folder, on: whole.seats)
    try SafeTensorsWriter.write(
      set.published.map { $0.source() }, to: folder + "/adapter_model.safetensors")
    _ = try AdapterSet.load(folder: folder, on: other.seats)
    expectClose(
      AdapterMethodTests.logits(whole), AdapterMethodTests.logits(other), atol: 1e-4, rtol: 1e-5)
  }

  private func published(_ set: AdapterSet, as trainable: Trainable) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try set.publishedConfig.write(folder: folder)
    try SafeTensorsWriter.write(
      trainable.saved.sources, metadata: trainable.metadata,
      to: folder + "/adapter_model.safetensors")
    return folder
  }

  @Test func otherCodesAreNoticed() throws {
    let model = try model(.int8)
    let set = try fresh(.pissa(iterations: 2), on: model)
    let folder = try published(set, as: .adapter(set))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func missed(_ other: CausalLanguageModel) throws -> Quantization? {
      try AdapterSet.load(folder: folder, on: other.seats).missedResidual
    }
    #expect(try missed(self.model(.int8)) == nil)
    #expect(try missed(self.model(nil)) == nil)
    #expect(try missed(self.model(.nf4(double: true))) == .int8)
    let stored = GoldenRunTests.goldens + "/quantization/int8"
    #expect(try missed(CausalLanguageModel(folder: stored)) == .int8)
  }

  @Test(arguments: [("nf5", "which is none of"), ("nf4", "must be even")])
  func aFileThatSaysWhatCannotBeIsRefused(name: String, why: String) throws {
    let model = try model(nil)
    var config = LoRAConfig(r: 3, alpha: 3, targets: AdapterTargets(["q_proj"]))
    config.beginning = .gaussian
    let set = try AdapterSet.fresh(AdapterConfig(config, baseModel: nil), on: model.seats, seed: 1)
    let folder = try published(set, as: .adapter(set))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SafeTensorsWriter.write(
      set.published.map { $0.source() }, metadata: ["quantized_residual": name],
      to: folder + "/adapter_model.safetensors")
    let fault = #expect(throws: FormatError.self) { try AdapterConfig(folder: folder) }
    #expect(fault?.message.contains(why) == true, "\(String(describing: fault))")
  }
}
