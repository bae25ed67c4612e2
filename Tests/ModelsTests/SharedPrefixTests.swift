import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Texts that share a beginning, computed over it once, against each text for itself.
@Suite struct SharedPrefixTests {
  private let prefix: [Int32] = [5, 9, 2, 7, 3, 3, 8]
  private let endings: [[Int32]] = [[4, 6], [11, 12, 13, 4], [4]]

  /// prefix, its endings; the second one goes on in two ways.
  private var ids: [Int32] { prefix + endings.joined() + [20, 21] + [22] }
  private var segments: Segments { Segments(lengths: [7, 2, 4, 1, 2, 1]) }
  private let parents: [Int?] = [nil, 0, 0, 0, 2, 2]
  private var texts: [[Int32]] {
    [
      prefix + endings[0], prefix + endings[2], prefix + endings[1] + [20, 21],
      prefix + endings[1] + [22],
    ]
  }
  /// Rows of each text among the packed ones.
  private let rows = [
    Array(0..<9), Array(0..<7) + [13], Array(0..<7) + Array(9..<13) + [14, 15],
    Array(0..<7) + Array(9..<13) + [16],
  ]

  @Test(arguments: ["llama", "qwen2", "qwen3"]) func equalsSeparateTexts(_ name: String) throws {
    let model = try CausalLanguageModel(folder: GoldenTests.folder + "/" + name)
    let shared = SharedPrefix(segments, continuing: parents)
    let packed = Recording.off { model.hidden(ids, segments, shared: shared) }
    for (text, rows) in zip(texts, rows) {
      let alone = Recording.off { model.hidden(text, Segments(lengths: [text.count])) }
      let found = rows.flatMap { packed.row($0) }
      expectClose(found, alone.values, atol: 2e-5, rtol: 0)
    }
    let some = Recording.off { model.hidden(ids, segments, rows: [6, 12, 16], shared: shared) }
    expectClose(some.values, [6, 12, 16].flatMap { packed.row($0) }, atol: 2e-5, rtol: 0)
  }

  /// Gradients add up over the texts that share a row.
  @Test func gradientsEqualSeparateTexts() throws {
    let targets: [Int32] = [1, 2, 3, 4]
    func gradients(_ run: (CausalLanguageModel) -> Tensor) throws -> [[Float]] {
      let model = try CausalLanguageModel(folder: GoldenTests.folder + "/qwen3")
      let leaves = model.unfreeze()
      var gradients = Gradients()
      run(model).backward(into: &gradients)
      return leaves.map { leaf in leaf.tensor.slot.flatMap { gradients[$0]?.values } ?? [] }
    }
    let packed = try gradients { model in
      let hidden = model.hidden(
        ids, segments, rows: rows.map { $0[$0.count - 1] }.sorted(),
        shared: SharedPrefix(segments, continuing: parents))
      return crossEntropy(hidden, model.head.weight, targets: targets).sum
    }
    let separate = try gradients { model in
      let lengths = texts.map(\.count),
        ends = lengths.reduce(into: [0]) { $0.append($0.last! + $1) }
      let hidden = model.hidden(
        texts.flatMap { $0 }, Segments(lengths: lengths), rows: ends.dropFirst().map { $0 - 1 })
      return crossEntropy(hidden, model.head.weight, targets: targets).sum
    }
    for (one, other) in zip(packed, separate) {
      #expect(!one.isEmpty)
      expectClose(one, other, atol: 1e-5, rtol: 1e-4)
    }
  }
}
