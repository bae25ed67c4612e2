import Adapters
import Formats
import JSON
import Layers
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Prefix and prompt tuning against peft: `Tests/Goldens/virtual_tokens`.
@Suite struct VirtualTokenGoldenTests {
  static let families = ["llama", "qwen2", "qwen3"], methods = ["prefix", "projected", "prompt"]

  /// A model with a golden adapter, and the golden.
  private struct Case {
    let model: CausalLanguageModel, set: AdapterSet, golden: SafeTensorsFile, folder: String

    init(_ family: String, _ method: String, quantization: Quantization? = nil) throws {
      folder = GoldenRunTests.goldens + "/virtual_tokens/\(family)_\(method)"
      model = try CausalLanguageModel(
        folder: GoldenRunTests.goldens + "/models/" + family, quantization: quantization)
      golden = try SafeTensorsFile(path: folder + "/golden.safetensors")
      set = try AdapterSet.load(folder: folder, on: model.seats, trains: true)
    }

    /// As it is trained: of a projected prefix with its projections.
    func training(_ family: String) throws -> (CausalLanguageModel, AdapterSet) {
      guard golden.entries["start.embedding.weight"] != nil else { return (model, set) }
      set.lift()
      let set = try AdapterSet.fresh(
        AdapterConfig(
          PrefixTuning(of: 5, projectedThrough: 12, shape: nil), baseModel: nil),
        on: model.seats, seed: 1)
      for parameter in set.parameters {
        let name = parameter.name.replacing("prompt_encoder.", with: "start.")
        let tensor = parameter.tensor
        tensor.assign(
          Tensor(rows: tensor.rows, columns: tensor.columns, values: try golden.floats(name)))
      }
      return (model, set)
    }
  }

  /// The rows of the models' goldens.
  static func rows() throws -> [Sample] {
    let file = try SafeTensorsFile(
      path: GoldenRunTests.goldens + "/models/qwen2/golden.safetensors")
    return try (0..<2).map { index in
      let ids = try file.entry("ids_\(index)"), mask = try file.entry("mask_\(index)")
      return Sample(
        ids: file.file.withBytes(ids.bytes) { bytes in
          (0..<ids.count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
        },
        isTrained: file.file.withBytes(mask.bytes) { $0.map { $0 == 1 } }, source: "row \(index)")
    }
  }

  @Test(arguments: families, methods) func logits(family: String, method: String) throws {
    let golden = try Case(family, method), rows = try Self.rows()
    let packed = Recording.off {
      golden.model.logits(
        golden.model.hidden(
          rows.flatMap(\.ids), Segments(lengths: rows.map(\.ids.count))))
    }
    let expected = try (0..<2).flatMap { try golden.golden.floats("logits_\($0)") }
    let largest = Double(expected.map(abs).max() ?? 0)
    expectClose(packed.values, expected, atol: 1e-5 * largest, rtol: 0)
    #expect(golden.model.virtualTokens == 5)
    golden.set.withoutAdapters { #expect(golden.model.virtualTokens == 0) }
  }

  /// The first step's gradients, whether rows are packed or alone, and the losses of twenty.
  @Test(arguments: families, methods) func steps(family: String, method: String) throws {
    let golden = try Case(family, method), rows = try Self.rows()
    let run = try JSONValue(readingFile: golden.folder + "/losses.json")
    let (model, set) = try golden.training(family)
    for size in [1, 2] {
      let result = try model.step(rows, batchSize: size, sharing: size == 2)
      for parameter in set.parameters {
        let part = parameter.name.replacing("prompt_encoder.", with: "")
        let name = part == "prompt_embeddings" ? "embedding.weight" : part
        let expected = try golden.golden.floats("grad." + name)
        let gradient = try #require(parameter.tensor.slot.flatMap { result.gradients[$0] })
        let largest = Double(expected.map(abs).max() ?? 0)
        expectClose(gradient.values, expected, atol: 2e-5 * largest, rtol: 1e-4, name)
      }
    }
    let optimizer = AdamW(set.parameters), rate = try #require(run["rate"]?.double)
    for (index, expected) in (run["losses"]?.array ?? []).enumerated() {
      let result = try model.step(rows, batchSize: 2, sharing: false)
      let loss = try #require(expected.double)
      #expect(abs(result.loss - loss) < 1e-3 * loss, "step \(index + 1)")
      optimizer.update(
        result.gradients, step: index + 1, learningRate: rate,
        norm: optimizer.norm(result.gradients), maximumNorm: 1)
    }
  }

  /// What a projection gives is what its file holds.
  @Test(arguments: families) func projectionsArePublishedFlat(family: String) throws {
    let golden = try Case(family, "projected"), (_, set) = try golden.training(family)
    let file = try SafeTensorsFile(path: golden.folder + "/adapter_model.safetensors")
    let published = try #require(set.published.first)
    #expect(set.published.count == 1 && published.name == "prompt_embeddings")
    #expect(published.shape == (try file.entry("prompt_embeddings").shape))
    expectClose(
      published.tensor.values, try file.floats("prompt_embeddings"), atol: 1e-6, rtol: 1e-5)
    #expect(set.state.map(\.name) == set.parameters.map(\.name) && set.state.count == 5)
  }

  /// What the plan counts of products is what the engine does.
  @Test(arguments: [Throughput.Objective.sft, .dpo])
  func operationsAreThoseOfTheEngine(objective: Throughput.Objective) throws {
    let methods: [any AdapterMethod] = [
      PrefixTuning(of: 20, shape: nil), PrefixTuning(of: 20, projectedThrough: 12, shape: nil),
      PromptTuning(of: 20, beginning: .vocabulary, shape: nil),
    ]
    for method in methods {
      let model = try CausalLanguageModel(folder: GoldenRunTests.goldens + "/models/qwen3")
      let set = try AdapterSet.fresh(
        AdapterConfig(method, baseModel: nil), on: model.seats, seed: 1)
      let throughput = Throughput(objective, length: 160, batch: 2, steps: 1, supervised: 80)
      let result = try throughput.measure(model, .adapter(set)) { _ in }
      func counted(_ names: Set<String>) -> Double {
        result.operations.reduce(0) { $0 + (names.contains($1.name) ? $1.entry.flops : 0) }
      }
      let plain = throughput.cost(model, .adapter(set), countsAttention: false).flops
      let products = counted(["Projection", "LogProbabilities", "ObjectiveValue"])
      #expect(products == plain, "\(products) done, \(plain) counted")
      let ratio = counted(["Attention"]) / (result.flops - plain)
      #expect((1...2).contains(ratio), "\(ratio)")
    }
  }

  /// Quantized bases act as the numbers that they hold.
  @Test(arguments: methods, [Quantization.nf4(double: true), .int8])
  func quantizedBases(method: String, quantization: Quantization) throws {
    let golden = try Case("qwen3", method, quantization: quantization), rows = try Self.rows()
    let plain = try Case("qwen3", method)
    for (linear, other) in zip(golden.model.projections, plain.model.projections) {
      other.substitute(.tensor(linear.weight.tensor()))
    }
    let (model, set) = try golden.training("qwen3"), (other, otherSet) = try plain.training("qwen3")
    let result = try model.step(rows, batchSize: 2, sharing: false)
    let expected = try other.step(rows, batchSize: 2, sharing: false)
    #expect(abs(result.loss - expected.loss) < 1e-5 * expected.loss)
    for (one, two) in zip(set.parameters, otherSet.parameters) {
      let gradient = try #require(one.tensor.slot.flatMap { result.gradients[$0]?.values })
      let wanted = try #require(two.tensor.slot.flatMap { expected.gradients[$0]?.values })
      let largest = Double(wanted.map(abs).max() ?? 0)
      expectClose(gradient, wanted, atol: 1e-5 * largest, rtol: 1e-4, one.name)
    }
  }
}
