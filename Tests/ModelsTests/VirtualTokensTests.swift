import Formats
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Keys and values that stand before every text, as they are.
final class GivenKeys: AttentionPrefix {
  let keys: Tensor, values: Tensor

  init(_ given: (keys: Tensor, values: Tensor), trains: Bool = false) {
    keys = trains ? given.keys.copy().asLeaf() : given.keys
    values = trains ? given.values.copy().asLeaf() : given.values
  }

  var count: Int { keys.rows }
  func callAsFunction() -> (keys: Tensor, values: Tensor) { (keys, values) }
}

/// Virtual tokens that are what a model keeps of a text act as that text does.
@Suite struct VirtualTokensTests {
  enum Kind: CaseIterable { case prefix, prompt }

  private let text: [Int32] = [40, 9, 22, 71, 100]
  private let rows: [[Int32]] = [
    [5, 9, 2, 7, 3, 3, 8], [11, 12, 13, 4], [4], [5, 9, 2, 7, 20, 21],
  ]
  private var ids: [Int32] { rows.flatMap { $0 } }
  private var segments: Segments { Segments(lengths: rows.map(\.count)) }

  /// The model with virtual tokens, and what of them is trained.
  private func model(_ family: String, _ kind: Kind?) throws -> (CausalLanguageModel, [Tensor]) {
    let model = try CausalLanguageModel(folder: GoldenTests.folder + "/" + family)
    switch kind {
    case nil: return (model, [])
    case .prompt:
      let rows = model.modules.embedding(text).copy().asLeaf()
      model.modules.embedding.prompt = rows
      return (model, [rows])
    case .prefix:
      let given = model.keysAndValues(of: text).map { GivenKeys($0, trains: true) }
      for (attention, given) in zip(model.attentions, given) { attention.prefix = given }
      return (model, given.flatMap { [$0.keys, $0.values] })
    }
  }

  /// The states of `row` behind the text's own tokens.
  private func behindText(_ model: CausalLanguageModel, _ row: [Int32]) -> [Float] {
    let all = Recording.off {
      model.hidden(text + row, Segments(lengths: [text.count + row.count]))
    }
    return (text.count..<all.rows).flatMap { all.row($0) }
  }

  @Test(arguments: GoldenTests.families, Kind.allCases)
  func packedRowsAreThoseBehindTheText(family: String, kind: Kind) throws {
    let base = try model(family, nil).0, (model, _) = try model(family, kind)
    let expected = rows.map { behindText(base, $0) }
    let packed = Recording.off { model.hidden(ids, segments) }
    expectClose(packed.values, expected.flatMap { $0 }, atol: 2e-5, rtol: 0)
    for (row, expected) in zip(rows, expected) {
      let alone = Recording.off { model.hidden(row, Segments(lengths: [row.count])) }
      expectClose(alone.values, expected, atol: 2e-5, rtol: 0)
    }
    let some = Recording.off { model.hidden(ids, segments, rows: [0, 6, 11, 17]) }
    expectClose(some.values, [0, 6, 11, 17].flatMap { packed.row($0) }, atol: 2e-5, rtol: 0)
    #expect(model.virtualTokens == 5 && model.contextLength == model.config.contextLength - 5)
  }

  @Test(arguments: GoldenTests.families, Kind.allCases)
  func sharedBeginningsStandBehindThem(family: String, kind: Kind) throws {
    let base = try model(family, nil).0, (model, _) = try model(family, kind)
    // 5 9 2 7, its two endings, a text of its own.
    let ids: [Int32] = [5, 9, 2, 7, 3, 3, 8, 20, 21, 11, 12]
    let segments = Segments(lengths: [4, 3, 2, 2])
    let shared = SharedPrefix(segments, continuing: [nil, 0, 0, nil])
    let packed = Recording.off { model.hidden(ids, segments, shared: shared) }
    let first = behindText(base, rows[0]), second = behindText(base, rows[3])
    let width = packed.columns
    let expected =
      first + second.dropFirst(4 * width) + behindText(base, [11, 12])
    expectClose(packed.values, expected, atol: 2e-5, rtol: 0)
  }

  @Test(arguments: GoldenTests.families, Kind.allCases)
  func gradientsAddUpOverTheRows(family: String, kind: Kind) throws {
    let (model, leaves) = try model(family, kind)
    func gradients(_ rows: [[Int32]], packed: Bool) -> [[Float]] {
      var gradients = Gradients()
      for rows in packed ? [rows] : rows.map({ [$0] }) {
        let ends = rows.reduce(into: [0]) { $0.append($0.last! + $1.count) }.dropFirst()
        let hidden = model.hidden(
          rows.flatMap { $0 }, Segments(lengths: rows.map(\.count)), rows: ends.map { $0 - 1 })
        crossEntropy(hidden, model.head.weight, targets: rows.map { $0[0] }).sum
          .backward(into: &gradients)
      }
      return leaves.map { $0.slot.flatMap { gradients[$0]?.values } ?? [] }
    }
    let together = gradients(rows, packed: true), separate = gradients(rows, packed: false)
    for (one, other) in zip(together, separate) {
      #expect(other.contains { abs($0) > 1e-4 })
      expectClose(one, other, atol: 1e-5, rtol: 1e-4)
    }
    model.usesCheckpointing = true
    #expect(gradients(rows, packed: true) == together)
  }

  /// Where a row must not depend on its neighbours, it has the same bits packed, shared and alone.
  @Test(arguments: GoldenTests.families, Kind.allCases)
  func isolatedRowsHaveTheSameBits(family: String, kind: Kind) throws {
    let (model, _) = try model(family, kind)
    let ids: [Int32] = [5, 9, 2, 7, 3, 3, 8, 20, 21, 11, 12]
    let segments = Segments(lengths: [4, 3, 2, 2])
    let shared = SharedPrefix(segments, continuing: [nil, 0, 0, nil])
    let texts: [[Int32]] = [
      Array(ids[..<7]), Array(ids[..<4] + ids[7..<9]), Array(ids[9...]),
    ]
    ForwardPass(isolatesRows: true).run {
      Recording.off {
        let together = model.hidden(ids, segments, rows: [6, 8, 10], shared: shared)
        let packed = model.hidden(
          texts.flatMap { $0 }, Segments(lengths: texts.map(\.count)), rows: [6, 12, 14])
        #expect(packed.values == together.values)
        for (index, text) in texts.enumerated() {
          let alone = model.hidden(text, Segments(lengths: [text.count]), rows: [text.count - 1])
          #expect(alone.values == together.row(index))
        }
      }
    }
  }

  /// Gradients against differences of the loss.
  @Test(arguments: Kind.allCases) func gradientsAreDifferences(kind: Kind) throws {
    let (model, leaves) = try model("qwen3", kind)
    func loss() -> (sum: Tensor, tokens: [Float]) {
      crossEntropy(
        model.hidden(ids, segments, rows: [3, 6, 10]), model.head.weight, targets: [1, 2, 3])
    }
    var gradients = Gradients()
    loss().sum.backward(into: &gradients)
    for leaf in leaves {
      let gradient = try #require(leaf.slot.flatMap { gradients[$0]?.values }), values = leaf.values
      for place in stride(from: 0, to: values.count, by: max(1, values.count / 7)) {
        func moved(_ step: Float) -> Double {
          var values = values
          values[place] += step
          leaf.assign(Tensor(rows: leaf.rows, columns: leaf.columns, values: values))
          return Recording.off { loss().tokens.reduce(0.0) { $0 + Double($1) } }
        }
        let difference = (moved(0.01) - moved(-0.01)) / 0.02
        leaf.assign(Tensor(rows: leaf.rows, columns: leaf.columns, values: values))
        #expect(abs(difference - Double(gradient[place])) < 2e-3 + 0.02 * abs(difference))
      }
    }
  }

  /// Texts that are rotated by their lengths share a prompt with those of their class alone.
  @Test func lengthsCountVirtualTokens() throws {
    let folder = GoldenTests.folder + "/qwen2"
    let rule = try JSONValue(parsing: #"{"type":"dynamic","factor":4}"#)
    let config = try JSONValue(readingFile: folder + "/config.json")
      .setting("max_position_embeddings", 9).setting("rope_scaling", rule)
    func model() throws -> CausalLanguageModel {
      try CausalLanguageModel(
        config: ModelConfig(json: config, path: "config.json"),
        weights: .folder(SafeTensorsFolder(path: folder)))
    }
    let base = try model(), prompted = try model()
    prompted.modules.embedding.prompt = base.modules.embedding(text)
    let packed = Recording.off { prompted.hidden(ids, segments) }
    expectClose(packed.values, rows.flatMap { behindText(base, $0) }, atol: 2e-5, rtol: 0)
    #expect(prompted.rotaryClass(4) == 0 && prompted.rotaryClass(5) == 10)
  }
}
