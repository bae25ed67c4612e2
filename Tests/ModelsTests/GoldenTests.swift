import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The three families against transformers and peft: `Tests/Goldens/models`.
@Suite struct GoldenTests {
  static let families = ["llama", "qwen2", "qwen3"]
  static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens").path
  static let folder = goldens + "/models"

  struct Golden {
    let tensors: SafeTensorsFile, json: JSONValue, folder: String

    init(_ family: String) throws {
      folder = GoldenTests.folder + "/" + family
      tensors = try SafeTensorsFile(path: folder + "/golden.safetensors")
      json = try JSONValue(readingFile: folder + "/golden.json")
    }

    func integers<Value: FixedWidthInteger>(_ name: String, as: Value.Type) throws -> [Value] {
      let entry = try tensors.entry(name)
      return tensors.file.withBytes(entry.bytes) { bytes in
        (0..<entry.count).map {
          bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self)
        }
      }
    }

    func ids(_ index: Int) throws -> [Int32] { try integers("ids_\(index)", as: Int32.self) }

    /// Both sequences as one packed batch, or one alone.
    func batch(_ indices: [Int] = [0, 1]) throws -> PackedTexts {
      let ids = try indices.map(ids)
      let flags = try indices.flatMap { try integers("mask_\($0)", as: UInt8.self).map { $0 == 1 } }
      return .init(ids: ids.flatMap { $0 }, lengths: ids.map(\.count), isTarget: flags)
    }
  }

  @Test(arguments: families) func logits(family: String) throws {
    let golden = try Golden(family), model = try CausalLanguageModel(folder: golden.folder)
    for index in 0..<2 {
      let ids = try golden.ids(index), segments = Segments(lengths: [ids.count])
      let logits = model.logits(model.hidden(ids, segments))
      expectClose(
        logits.values, try golden.tensors.floats("logits_\(index)"), atol: 2e-5, rtol: 2e-5,
        "logits")
    }
    let adapters = try AdapterSet.load(folder: golden.folder + "/adapter", on: model.seats)
    let ids = try golden.ids(0), segments = Segments(lengths: [ids.count])
    let adapted = Recording.off { model.logits(model.hidden(ids, segments)) }
    expectClose(
      adapted.values, try golden.tensors.floats("lora_logits_0"), atol: 2e-5, rtol: 2e-5, "lora")
    let base = adapters.withoutAdapters { model.logits(model.hidden(ids, segments)) }
    expectClose(
      base.values, try golden.tensors.floats("logits_0"), atol: 2e-5, rtol: 2e-5, "base again")
  }

  @Test(arguments: families, [false, true])
  func adapterGradients(family: String, checkpointing: Bool) throws {
    let golden = try Golden(family), model = try CausalLanguageModel(folder: golden.folder)
    let adapters = try AdapterSet.load(folder: golden.folder + "/adapter", on: model.seats)
    model.usesCheckpointing = checkpointing
    let batch = try golden.batch(), count = Float(batch.targets.count)
    #expect(batch.targets.count == golden.json["trained_tokens"]?.int)
    let loss = batch.loss(
      model.hidden(batch.ids, Segments(lengths: batch.lengths), rows: batch.predictingRows),
      head: model.head.weight)
    let expected = Float(try #require(golden.json["loss_lora"]?.double))
    #expect(abs(loss.sum.scalar / count - expected) < 1e-5 * expected)
    var gradients = Gradients()
    loss.sum.backward(seed: 1 / count, into: &gradients)
    #expect(adapters.parameters.count == 28)
    for parameter in adapters.parameters {
      let gradient = try #require(parameter.tensor.slot.flatMap { gradients[$0] })
      expectClose(
        gradient.values, try golden.tensors.floats("grad." + parameter.name), atol: 1e-5,
        rtol: 1e-4,
        parameter.name)
    }
  }

  @Test(arguments: families) func fullGradients(family: String) throws {
    let golden = try Golden(family), model = try CausalLanguageModel(folder: golden.folder)
    let leaves = model.unfreeze(), batch = try golden.batch()
    let loss = batch.loss(
      model.hidden(batch.ids, Segments(lengths: batch.lengths), rows: batch.predictingRows),
      head: model.head.weight)
    var gradients = Gradients()
    loss.sum.backward(seed: 1 / Float(batch.targets.count), into: &gradients)
    let names = try SafeTensorsFolder(path: golden.folder).names
    #expect(Set(leaves.map(\.name)) == Set(names))
    for leaf in leaves {
      let gradient = try #require(leaf.tensor.slot.flatMap { gradients[$0] })
      expectClose(
        gradient.values, try golden.tensors.floats("full_grad." + leaf.name), atol: 1e-5,
        rtol: 1e-4,
        leaf.name)
    }
  }

  @Test(arguments: families) func packedEqualsSeparate(family: String) throws {
    let golden = try Golden(family), model = try CausalLanguageModel(folder: golden.folder)
    func losses(_ batch: PackedTexts) -> [Float] {
      batch.loss(
        model.hidden(batch.ids, Segments(lengths: batch.lengths), rows: batch.predictingRows),
        head: model.head.weight
      ).tokens
    }
    let separate = losses(try golden.batch([0])) + losses(try golden.batch([1]))
    expectClose(losses(try golden.batch()), separate, atol: 2e-5, rtol: 2e-5)
  }
}
