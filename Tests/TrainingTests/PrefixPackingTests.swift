import Formats
import JSON
import Layers
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Rows of one micro-batch that begin alike, computed over that once, against each for itself.
@Suite struct PrefixPackingTests {
  private let prefix: [Int32] = [40, 9, 22, 71, 300, 31, 8, 8, 15, 60]

  /// Two rows trained at their ends alone, one whose shared part is trained too, one of its own, and
  /// the first one again; one place is a distribution.
  private var samples: [Sample] {
    func row(_ ids: [Int32], _ trained: [Int]) -> Sample {
      Sample(ids: ids, isTrained: ids.indices.map { trained.contains($0) }, source: "row")
    }
    var soft = row(prefix + [50, 51, 52], [11, 12])
    soft.choices = [
      .init(place: 11, options: ["a", "b"], ids: [51, 90], weights: [0.25, 0.75])
    ]
    let first = row(prefix + [44, 45], [11])
    return [
      first, soft, row(prefix + [50, 61, 62, 63], [3, 10, 13]), row([7, 5, 3, 2], [2, 3]), first,
    ]
  }

  private func step(_ rows: [Sample]? = nil, sharing: Bool, batchSize: Int) throws
    -> (StepResult, [[Float]])
  {
    let model = try CausalLanguageModel(folder: TrainerTests.modelFolder)
    let leaves = model.unfreeze()
    let result = try model.step(rows ?? samples, batchSize: batchSize, sharing: sharing)
    return (result, leaves.map { $0.tensor.slot.flatMap { result.gradients[$0]?.values } ?? [] })
  }

  @Test func whatIsSharedStandsOnce() throws {
    let packing = try #require(PrefixPacking(ScoredTexts(samples)))
    // 10 shared, then 44 · 50, 51 · 61, 62 behind the same 50 · 7, 5, 3: the last trained token is
    // not read.
    #expect(packing.layout.ids.count == 10 + 1 + 2 + 2 + 3)
    #expect(packing.places.count == samples.reduce(0) { $0 + $1.isTrained.count { $0 } })
    #expect(packing.rows == packing.rows.sorted())
  }

  /// Rows that are rotated by other lengths share nothing; those of one length do.
  @Test func rowsOfOtherRotationsShareNothing() throws {
    let packing = try #require(PrefixPacking(ScoredTexts(samples)) { $0 > 12 ? $0 : 0 })
    // 12, 13, 14, 4 and 12 tokens: the two of 12 are one text.
    #expect(packing.layout.ids.count == 11 + 12 + 13 + 3)
    #expect(packing.layout.classes == [0, 0, 13, 14])
    #expect(packing.places.count == samples.reduce(0) { $0 + $1.isTrained.count { $0 } })
  }

  @Test func rowsOfOtherRotationsLearnAsSeparateOnes() throws {
    for rule in [
      #"{"type":"dynamic","factor":3.0}"#,
      #"{"type":"longrope","short_factor":[SHORT],"long_factor":[LONG],"factor":4}"#,
    ] {
      let (shared, gradients) = try step(rope: rule, sharing: true)
      let (separate, expected) = try step(rope: rule, sharing: false)
      #expect(abs(shared.loss - separate.loss) <= 1e-5 * separate.loss)
      for (one, other) in zip(gradients, expected) {
        #expect(!one.isEmpty && one.count == other.count)
        expectClose(one, other, atol: 1e-5, rtol: 1e-4)
      }
    }
  }

  /// A step of the model with another rotary rule, which changes past 12 tokens.
  private func step(rope: String, sharing: Bool) throws -> (StepResult, [[Float]]) {
    let folder = TrainerTests.modelFolder
    let config = try JSONValue(readingFile: folder + "/config.json")
    let heads = try ModelConfig(folder: folder).headDimension / 2
    func list(_ base: Double) -> String {
      (0..<heads).map { "\(1 + base * Double($0))" }.joined(separator: ",")
    }
    let rule = rope.replacing("SHORT", with: list(0.01)).replacing("LONG", with: list(0.2))
    let changed = config.setting("max_position_embeddings", 12)
      .setting("rope_scaling", try JSONValue(parsing: rule))
    let model = try CausalLanguageModel(
      config: ModelConfig(json: changed, path: "config.json"),
      weights: .folder(SafeTensorsFolder(path: folder)))
    let leaves = model.unfreeze()
    let result = try model.step(samples, batchSize: 5, sharing: sharing)
    return (result, leaves.map { $0.tensor.slot.flatMap { result.gradients[$0]?.values } ?? [] })
  }

  @Test func rowsOfTheirOwnArePackedAsEver() {
    let rows = (0..<3).map { row in
      Sample(
        ids: (0..<20).map { Int32($0 + 40 * row) }, isTrained: (0..<20).map { $0 > 3 },
        source: "row")
    }
    #expect(PrefixPacking(ScoredTexts(rows)) == nil)
    #expect(PrefixPacking(ScoredTexts(Array(samples.prefix(1)))) == nil)
  }

  @Test(arguments: [2, 5]) func lossAndGradientsAreThoseOfSeparateRows(_ batchSize: Int) throws {
    let (shared, gradients) = try step(sharing: true, batchSize: batchSize)
    let (separate, expected) = try step(sharing: false, batchSize: batchSize)
    #expect(abs(shared.loss - separate.loss) <= 1e-5 * separate.loss)
    #expect(shared.tokens == separate.tokens && shared.weight == separate.weight)
    #expect(shared.metrics == separate.metrics)
    for (one, other) in zip(gradients, expected) {
      let scale = other.map(abs).max() ?? 0
      #expect(one.count == other.count && !one.isEmpty && scale > 0)
      expectClose(one, other, atol: 1e-5, rtol: 1e-4)
    }
  }

  /// Rows by their lengths and what of each is trained: rows that others begin with, the same row
  /// again, all of a row trained, and nothing of a row.
  @Test(arguments: [
    [(10, 0..<10), (10, 0..<10), (10, 9..<10)], [(10, 4..<10), (4, 1..<4), (7, 6..<7), (1, 0..<1)],
    [(9, 0..<0), (10, 5..<6), (10, 5..<6), (10, 0..<1)],
    [(10, 3..<4), (8, 7..<8), (9, 2..<3), (6, 1..<6), (6, 0..<0), (5, 0..<3), (4, 0..<2)],
  ])
  func rowsThatOthersBeginWith(_ shapes: [(length: Int, trained: Range<Int>)]) throws {
    let rows = shapes.map { shape in
      Sample(
        ids: Array(prefix.prefix(shape.length)),
        isTrained: (0..<shape.length).map(shape.trained.contains), source: "row")
    }
    let (shared, gradients) = try step(rows, sharing: true, batchSize: 4)
    let (separate, expected) = try step(rows, sharing: false, batchSize: 4)
    #expect(PrefixPacking(ScoredTexts(rows))?.layout.ids.count ?? 99 <= 9)
    #expect(abs(shared.loss - separate.loss) <= 1e-5 * separate.loss)
    #expect(shared.weight == separate.weight)
    for (one, other) in zip(gradients, expected) {
      let scale = other.map(abs).max() ?? 0
      #expect(one.count == other.count && scale > 0)
      expectClose(one, other, atol: 1e-5, rtol: 1e-4)
    }
  }
}
