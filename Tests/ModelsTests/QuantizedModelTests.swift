import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import Testing

/// A model quantized while it is opened against the same one stored quantized by bitsandbytes.
@Suite struct QuantizedModelTests {
  static let source = GoldenTests.folder + "/qwen2"
  static func stored(_ kind: Quantization) -> String {
    URL(filePath: GoldenTests.folder).deletingLastPathComponent()
      .appending(path: "quantization/\(kind.name)").path
  }

  private func logits(_ model: CausalLanguageModel) -> [Float] {
    Recording.off { model.logits(model.hidden([1, 5, 9, 2], Segments(lengths: [4]))).values }
  }

  @Test(arguments: Quantization.all) func onLoadOrFromTheFolderTheBitsAreTheSame(
    _ kind: Quantization
  ) throws {
    var steps: [Int] = []
    let model = try CausalLanguageModel(folder: Self.source, quantization: kind) { done, total in
      #expect(total == 14)
      steps.append(done)
    }
    #expect(steps == Array(1...14))
    let values = logits(model)
    #expect(values == logits(try CausalLanguageModel(folder: Self.stored(kind))))
    #expect(
      values == logits(try CausalLanguageModel(folder: Self.stored(kind), quantization: kind)))
    #expect(values != logits(try CausalLanguageModel(folder: Self.source)))
  }

  @Test func embeddingAndHeadStayAsTheyAre() throws {
    let model = try CausalLanguageModel(folder: Self.source, quantization: .nf4(double: true))
    guard case .dense = model.modules.embedding.weight, case .dense = model.head.weight else {
      return #expect(Bool(false), "quantized")
    }
    let kinds = model.linears.filter { if case .nf4 = $0.weight { true } else { false } }
    #expect(kinds.count == 14)
  }

  @Test func aFolderIsNotQuantizedAnew() throws {
    let folder = Self.stored(.nf4(double: true))
    for kind in [Quantization.int8, .nf4(double: false)] {
      let error = try #require(throws: FormatError.self) {
        try CausalLanguageModel(folder: folder, quantization: kind)
      }
      #expect(error.kind == .usage && error.place == folder)
      #expect(error.message.contains("stored in nf4 and cannot be quantized to \(kind.name)"))
    }
  }

  @Test(arguments: [("int8", "is stored in nf4, but config.json says int8"), ("", "has no")])
  func aConfigThatContradictsTheTensorsIsRefused(_ other: String, _ message: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let nf4 = Self.stored(.nf4(double: true))
    let config = other.isEmpty ? Self.source : Self.stored(.int8)
    for (name, from) in [("config.json", config), ("model.safetensors", nf4)] {
      try FileManager.default.copyItem(
        atPath: from + "/" + name, toPath: folder.appending(path: name).path)
    }
    let error = try #require(throws: FormatError.self) {
      try CausalLanguageModel(folder: folder.path)
    }
    #expect(error.message.contains(message), "\(error)")
  }
}
