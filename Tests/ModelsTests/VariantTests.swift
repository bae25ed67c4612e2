import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// One set of tiny random weights under many configurations, against transformers:
/// `Tests/Goldens/model_variants`. Every family, every rule of rotation, windows.
@Suite struct VariantTests {
  static let folder = GoldenTests.goldens + "/model_variants"
  static let description = try? JSONValue(readingFile: folder + "/variants.json")
  static func names(_ key: String) -> [String] {
    description?[key]?.object.map { Array($0.keys) } ?? []
  }

  let golden: SafeTensorsFile, weights: SafeTensorsFolder

  init() throws {
    golden = try SafeTensorsFile(path: Self.folder + "/golden.safetensors")
    weights = try SafeTensorsFolder(path: Self.folder)
  }

  func model(_ name: String, _ key: String = "configs") throws -> CausalLanguageModel {
    let json = try #require(Self.description?[key]?[name])
    return try CausalLanguageModel(
      config: ModelConfig(json: json, path: name + ".json"), weights: .folder(weights))
  }

  func integers(_ name: String) throws -> [Int32] {
    let entry = try golden.entry(name)
    return golden.file.withBytes(entry.bytes) { bytes in
      (0..<entry.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
    }
  }

  func expectGolden(
    _ values: [Float], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    expectClose(
      values, try golden.floats(name), atol: 2e-4, rtol: 2e-4, name,
      sourceLocation: sourceLocation)
  }

  @Test func allAreThere() {
    #expect(Self.names("configs").count == 23 && Self.names("decoded").count == 4)
  }

  @Test(arguments: names("configs")) func logits(name: String) throws {
    let model = try model(name)
    let lengths = Self.description?["lengths"]?[name]?.array?.compactMap(\.int) ?? []
    #expect(!lengths.isEmpty)
    for length in lengths {
      let ids = try integers("ids_\(length)"), rows = try integers("rows_\(length)").map(Int.init)
      let logits = Recording.off {
        model.logits(model.hidden(ids, Segments(lengths: [length]), rows: rows))
      }
      try expectGolden(logits.values, "\(name).logits_\(length)")
    }
    // Packed beside another text, each is rotated by its own length.
    guard lengths.count > 1 else { return }
    let ids = try lengths.map { try integers("ids_\($0)") }
    let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    let rows = try lengths.enumerated().flatMap { index, length in
      try integers("rows_\(length)").map { starts[index] + Int($0) }
    }
    let packed = Recording.off {
      model.logits(model.hidden(ids.flatMap { $0 }, Segments(lengths: lengths), rows: rows))
    }
    var row = 0
    for length in lengths {
      let count = try integers("rows_\(length)").count
      try expectGolden(
        (row..<row + count).flatMap { packed.row($0) }, "\(name).logits_\(length)")
      row += count
    }
  }

  /// A prompt at once, then token by token past the length where the rule changes.
  @Test(arguments: names("decoded")) func decoding(name: String) throws {
    let model = try model(name, "decoded"), ids = try integers("ids_decoded")
    let prompt = try #require(Self.description?["prompt"]?.int)
    let caches = model.caches(sequences: 1)
    var logits: [Float] = []
    for part in [Array(ids.prefix(prompt))] + ids.dropFirst(prompt).map({ [$0] }) {
      logits +=
        Recording.off {
          model.logits(
            model.hidden(
              part, Segments(lengths: [part.count]), rows: [part.count - 1], caches: caches))
        }.values
    }
    try expectGolden(logits, name + ".decoded")
  }

  @Test(
    arguments: description?["gradients"]?.array?.compactMap(\.string) ?? [], [false, true])
  func gradients(name: String, checkpointing: Bool) throws {
    let model = try model(name), lengths = [230, 90]
    model.usesCheckpointing = checkpointing
    let leaves = model.unfreeze(), ids = try lengths.map { try integers("ids_\($0)") }
    let batch = PackedTexts(
      ids: ids.flatMap { $0 }, lengths: lengths,
      isTarget: lengths.flatMap { length in (0..<length).map { $0 > 0 } })
    let count = Float(batch.targets.count)
    let loss = batch.loss(
      model.hidden(batch.ids, Segments(lengths: lengths), rows: batch.predictingRows),
      head: model.head.weight)
    try expectGolden([loss.sum.scalar / count], name + ".loss")
    var gradients = Gradients()
    loss.sum.backward(seed: 1 / count, into: &gradients)
    var compared = 0
    for leaf in leaves where golden.entries["\(name).grad.\(leaf.name)"] != nil {
      let gradient = try #require(leaf.tensor.slot.flatMap { gradients[$0] })
      try expectGolden(gradient.values, "\(name).grad.\(leaf.name)")
      compared += 1
    }
    #expect(compared == golden.entries.keys.filter { $0.hasPrefix(name + ".grad.") }.count)
    #expect(compared >= 13)
  }

  /// Texts that share a beginning see through the window, and are rotated, as each does alone.
  @Test(arguments: ["mistral-window", "smollm3-window", "qwen2-window", "llama-yarn"])
  func sharedPrefixes(name: String) throws {
    let model = try model(name), ids = try integers("ids_230"), others = try integers("ids_90")
    let texts = [ids, Array(ids.prefix(150)) + others, Array(ids.prefix(40)) + others]
    var tree = PrefixTree()
    let keys = texts.map { tree.keys($0, []) }
    keys.forEach { tree.insert($0) }
    let layout = tree.layout()
    #expect(layout.ids.count == 230 + 90 + 90 && layout.lengths.count == 5)
    let packed = Recording.off {
      model.hidden(layout.ids, Segments(lengths: layout.lengths), shared: layout.shared)
    }
    for (text, key) in zip(texts, keys) {
      let alone = Recording.off { model.hidden(text, Segments(lengths: [text.count])) }
      let shared = tree.rows(of: key, in: layout).flatMap { packed.row($0) }
      expectClose(shared, alone.values, atol: 1e-4, rtol: 0)
    }
  }

  /// Texts that are rotated by their lengths share nothing with those of other lengths.
  @Test(arguments: ["llama-dynamic", "llama-longrope"])
  func textsOfOtherClassesShareNothing(name: String) throws {
    let model = try model(name, "decoded"), ids = try integers("ids_230")
    let texts = [20, 22, 100, 130].map { Array(ids.prefix($0)) + [1, 2] }
    var tree = PrefixTree()
    let keys = texts.map { tree.keys($0, []) }
    let classes = texts.map { model.rotaryClass($0.count) }
    for (key, rotaryClass) in zip(keys, classes) { tree.insert(key, rotaryClass: rotaryClass) }
    let layout = tree.layout()
    let packed = Recording.off {
      model.hidden(
        layout.ids, Segments(lengths: layout.lengths), shared: layout.shared,
        classes: layout.classes)
    }
    for (index, text) in texts.enumerated() {
      let alone = Recording.off { model.hidden(text, Segments(lengths: [text.count])) }
      let rows = tree.rows(of: keys[index], rotaryClass: classes[index], in: layout)
      let shared = rows.flatMap { packed.row($0) }
      expectClose(shared, alone.values, atol: 1e-4, rtol: 0, "text \(index)")
    }
    #expect(layout.lengths.reduce(0, +) < texts.joined().count)
  }
}
