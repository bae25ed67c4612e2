import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// A tiny Qwen2-Audio against transformers and peft: `Tests/Goldens/qwen2_audio`.
@Suite struct Qwen2AudioTests {
  static let folder = URL(filePath: GoldenTests.folder).deletingLastPathComponent()
    .appending(path: "qwen2_audio").path
  static let bins = 16

  let golden: SafeTensorsFile, scalars: JSONValue

  init() throws {
    golden = try SafeTensorsFile(path: Self.folder + "/golden.safetensors")
    scalars = try JSONValue(readingFile: Self.folder + "/golden.json")
  }

  func integers<Value: FixedWidthInteger>(_ name: String, as: Value.Type) throws -> [Value] {
    let entry = try golden.entry(name)
    return golden.file.withBytes(entry.bytes) { bytes in
      (0..<entry.count).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self)
      }
    }
  }

  /// The formula of make_goldens.py.
  static func clip(_ number: Int, frames: Int) throws -> AudioClip {
    let columns = frames + 2
    var values: [Float] = []
    for bin in 0..<bins {
      for frame in 0..<columns {
        let mixed = UInt64(number * 7919 + bin * 104_729 + frame * 1_299_709 + 12345) & 0xFFFF_FFFF
        values.append(Float((mixed * 2_654_435_761 & 0xFFFF_FFFF) >> 8) / 0x80_0000 - 1)
      }
    }
    return try AudioClip(
      "clip \(number)", shape: [bins, columns], values: values, melBins: bins)
  }

  /// Some of the golden conversations, packed.
  struct Packed {
    var batch: PackedTexts, clips: [AudioClip] = []

    func hidden(_ model: CausalLanguageModel, rows: [Int]?) -> Tensor {
      model.hidden(
        batch.ids, Segments(lengths: batch.lengths), rows: rows,
        media: model.media(model.audioFeatures(clips), among: batch.ids))
    }

    /// The mean loss of the trained tokens and its gradients.
    func step(_ model: CausalLanguageModel) -> (loss: Float, gradients: Gradients) {
      let loss = batch.loss(
        hidden(model, rows: batch.predictingRows), head: model.head.weight)
      var gradients = Gradients()
      loss.sum.backward(seed: 1 / Float(batch.targets.count), into: &gradients)
      return (loss.sum.scalar / Float(batch.targets.count), gradients)
    }
  }

  func packed(_ indices: [Int]) throws -> Packed {
    let ids = try indices.map { try integers("ids_\($0)", as: Int32.self) }
    let flags = try indices.flatMap { try integers("mask_\($0)", as: UInt8.self).map { $0 == 1 } }
    let clips = try indices.flatMap { index in
      let flat = try integers("clips_\(index)", as: Int32.self).map(Int.init)
      return try stride(from: 0, to: flat.count, by: 2).map {
        try Self.clip(flat[$0], frames: flat[$0 + 1])
      }
    }
    return Packed(
      batch: .init(ids: ids.flatMap { $0 }, lengths: ids.map(\.count), isTarget: flags),
      clips: clips)
  }

  func model(_ name: String = "model") throws -> CausalLanguageModel {
    try CausalLanguageModel(folder: Self.folder + "/" + name)
  }

  func expectGolden(
    _ values: [Float], _ name: String, atol: Double, rtol: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    expectClose(
      values, try golden.floats(name), atol: atol, rtol: rtol, name, sourceLocation: sourceLocation)
  }

  /// One clip; two in one conversation, of different length; 30 s.
  @Test(arguments: 0..<3) func logits(conversation: Int) throws {
    let model = try model(), packed = try packed([conversation])
    let rows = try integers("rows_\(conversation)", as: Int32.self).map(Int.init)
    let logits = Recording.off { model.logits(selectRows(packed.hidden(model, rows: nil), rows)) }
    try expectGolden(logits.values, "base_logits_\(conversation)", atol: 2e-5, rtol: 2e-5)
  }

  @Test func audioFeatures() throws {
    let model = try model()
    for (index, frames) in [100, 37, 64, 3000].enumerated() {
      let features = model.audioFeatures([try Self.clip(index, frames: frames)])
      #expect(features.rows == AudioClip.tokens(frames: frames))
      let rows = Array(0..<4) + Array(features.rows - 4..<features.rows)
      try expectGolden(selectRows(features, rows).values, "audio_\(index)", atol: 2e-5, rtol: 2e-5)
    }
  }

  @Test(arguments: [false, true]) func fullGradients(checkpointing: Bool) throws {
    let model = try model(), packed = try packed([0, 1])
    let leaves = model.unfreeze()
    model.usesCheckpointing = checkpointing
    let (loss, gradients) = packed.step(model)
    let expected = Float(try #require(scalars["loss_full"]?.double))
    #expect(abs(loss - expected) < 1e-5 * expected)
    let names = try SafeTensorsFolder(path: Self.folder + "/model").names
    #expect(Set((leaves + model.constants).map(\.name)) == Set(names))
    for leaf in leaves {
      let gradient = try #require(leaf.tensor.slot.flatMap { gradients[$0] })
      try expectGolden(gradient.values, "full." + leaf.name, atol: 1e-5, rtol: 1e-4)
    }
  }

  @Test func gradientsOverThirtySeconds() throws {
    let model = try model(), packed = try packed([2])
    let leaves = model.unfreeze().filter { ModelPart(of: $0.name) != .languageModel }
    let (loss, gradients) = packed.step(model)
    let expected = Float(try #require(scalars["loss_long"]?.double))
    #expect(abs(loss - expected) < 1e-5 * expected)
    #expect(leaves.count == 4 + 2 * 15 + 2 + 2)
    for leaf in leaves {
      let gradient = try #require(leaf.tensor.slot.flatMap { gradients[$0] })
      try expectGolden(gradient.values, "long." + leaf.name, atol: 1e-5, rtol: 1e-4)
    }
  }

  @Test func adapterGradients() throws {
    let model = try model(), packed = try packed([0, 1])
    let adapters = try AdapterSet.load(folder: Self.folder + "/adapter", on: model.seats)
    #expect(adapters.config.targets.isByPart && adapters.config.targets.names.count == 7)
    let (loss, gradients) = packed.step(model)
    let expected = Float(try #require(scalars["loss_lora"]?.double))
    #expect(abs(loss - expected) < 1e-5 * expected)
    #expect(adapters.parameters.count == 28)
    for parameter in adapters.parameters {
      let gradient = try #require(parameter.tensor.slot.flatMap { gradients[$0] })
      try expectGolden(gradient.values, "lora." + parameter.name, atol: 1e-5, rtol: 1e-4)
    }
  }

  /// PEFT's own list of names means the encoder's projections, too.
  @Test(arguments: [("adapter", "lora", 14, 0), ("everywhere", "everywhere", 4, 4)])
  func adapters(folder: String, key: String, text: Int, audio: Int) throws {
    let model = try model()
    let adapters = try AdapterSet.load(folder: Self.folder + "/" + folder, on: model.seats)
    let counts = adapters.counts(among: model.linears).map(\.adapted)
    #expect(counts == [text, audio, 0])
    for index in 0..<2 {
      let rows = try integers("rows_\(index)", as: Int32.self).map(Int.init)
      let packed = try packed([index])
      let logits = Recording.off { model.logits(selectRows(packed.hidden(model, rows: nil), rows)) }
      try expectGolden(logits.values, "\(key)_logits_\(index)", atol: 2e-5, rtol: 2e-5)
    }
  }
}
