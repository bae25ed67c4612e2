import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Model folders as others publish them: names without `model.`, F64, tied and missing heads.
@Suite struct ModelFolderTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  private var path: String { folder.path }

  /// Writes the variants' weights with the configuration `name`, changed, into the folder.
  private func write(
    _ name: String = "mistral-window", _ changes: [String: JSONValue] = [:],
    _ source: (TensorEntry, MappedFile) throws -> TensorSource? = { .init(copying: $0, of: $1) }
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var config = try #require(VariantTests.description?["configs"]?[name])
    for (key, value) in changes { config = config.setting(key, value) }
    try Data(config.text(.pretty).utf8).write(to: folder.appending(path: "config.json"))
    let weights = try SafeTensorsFile(path: VariantTests.folder + "/model.safetensors")
    try SafeTensorsWriter.write(
      weights.entries.values.compactMap { try source($0, weights.file) },
      to: path + "/model.safetensors")
  }

  private func remove() { try? FileManager.default.removeItem(at: folder) }

  private func logits(_ model: CausalLanguageModel) -> [Float] {
    Recording.off {
      model.logits(model.hidden([1, 5, 9, 2, 40, 7], Segments(lengths: [4, 2]))).values
    }
  }

  private func expected(_ name: String = "mistral-window") throws -> [Float] {
    logits(try VariantTests().model(name))
  }

  @Test func namesWithoutModelAreRead() throws {
    defer { remove() }
    try write("mistral-window", ["architectures": ["MistralModel"]]) { entry, file in
      TensorSource(copying: entry, of: file, as: entry.name.replacing("model.", with: ""))
    }
    let model = try CausalLanguageModel(folder: path)
    #expect(try logits(model) == expected())
    #expect(model.projections[0].path == "model.layers.0.self_attn.q_proj")
    let stored = path + "-nf4", names = Set(model.projections.map { $0.path + ".weight" })
    defer { try? FileManager.default.removeItem(atPath: stored) }
    try QuantizedFolder(source: path, projections: names, quantization: .nf4(double: true))
      .write(to: stored) { _, _ in }
    let quantized = try CausalLanguageModel(folder: path, quantization: .nf4(double: true))
    #expect(logits(try CausalLanguageModel(folder: stored)) == logits(quantized))
  }

  @Test func numbersInF64AreRounded() throws {
    defer { remove() }
    try write("qwen3-layers") { entry, file in
      TensorSource(name: entry.name, type: .f64, shape: entry.shape) { (sink) throws(FormatError) in
        let values = file.withBytes(entry.bytes) { bytes in
          (0..<entry.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        try sink.write(values.flatMap { value in withUnsafeBytes(of: Double(value)) { Array($0) } })
      }
    }
    let model = try CausalLanguageModel(folder: path)
    #expect(try logits(model) == expected("qwen3-layers"))
    let stored = path + "-int8", names = Set(model.projections.map { $0.path + ".weight" })
    defer { try? FileManager.default.removeItem(atPath: stored) }
    try QuantizedFolder(source: path, projections: names, quantization: .int8)
      .write(to: stored) { _, _ in }
    let quantized = try CausalLanguageModel(folder: path, quantization: .int8)
    #expect(logits(try CausalLanguageModel(folder: stored)) == logits(quantized))
  }

  @Test func aMissingHeadIsNamed() throws {
    defer { remove() }
    let headless: (TensorEntry, MappedFile) -> TensorSource? = { entry, file in
      entry.name == "lm_head.weight" ? nil : TensorSource(copying: entry, of: file)
    }
    try write("mistral-window", ["architectures": ["MistralModel"]], headless)
    let error = try #require(throws: FormatError.self) { try CausalLanguageModel(folder: path) }
    #expect(error.message.contains("lacks the output matrix 'lm_head.weight'"))
    try write("mistral-window", ["tie_word_embeddings": true], headless)
    let model = try CausalLanguageModel(folder: path)
    #expect(model.head.weight.rows == 48)
  }

  @Test func aTiedHeadMayOnlyBeACopy() throws {
    defer { remove() }
    try write("mistral-window", ["tie_word_embeddings": true])
    let error = try #require(throws: FormatError.self) { try CausalLanguageModel(folder: path) }
    #expect(error.message.contains("differs from 'model.embed_tokens.weight'"))
    let weights = try SafeTensorsFile(path: VariantTests.folder + "/model.safetensors")
    let embedding = try weights.entry("model.embed_tokens.weight")
    try write("mistral-window", ["tie_word_embeddings": true]) { entry, file in
      entry.name == "lm_head.weight"
        ? TensorSource(copying: embedding, of: file, as: entry.name)
        : TensorSource(copying: entry, of: file)
    }
    _ = try CausalLanguageModel(folder: path)
  }

  @Test func tensorsThatAreNoPartAreNamed() throws {
    defer { remove() }
    try write("smollm3-window")
    let model = try CausalLanguageModel(folder: path)
    let unread = model.unreadTensors(of: try SafeTensorsFolder(path: path))
    #expect(unread.count == 8 && unread.allSatisfy { $0.contains("self_attn.") })
    #expect(unread.contains("model.layers.3.self_attn.q_norm.weight"))
    try write("mistral-window") { entry, file in
      let isExtra = entry.name.contains("_norm.") || entry.name.hasSuffix("bias")
      return isExtra ? nil : TensorSource(copying: entry, of: file)
    }
    let plain = try CausalLanguageModel(folder: path)
    #expect(plain.unreadTensors(of: try SafeTensorsFolder(path: path)).isEmpty)
  }

  @Test(arguments: ["mistral-window", "smollm3-window"], Quantization.all)
  func newFamiliesAreQuantized(name: String, kind: Quantization) throws {
    defer { remove() }
    try write(name)
    let model = try CausalLanguageModel(folder: path, quantization: kind)
    let stored = path + "-stored", names = Set(model.projections.map { $0.path + ".weight" })
    defer { try? FileManager.default.removeItem(atPath: stored) }
    try QuantizedFolder(source: path, projections: names, quantization: kind)
      .write(to: stored) { _, _ in }
    #expect(logits(try CausalLanguageModel(folder: stored)) == logits(model))
    #expect(try logits(model) != expected(name))
  }
}
