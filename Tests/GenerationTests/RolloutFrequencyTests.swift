import Foundation
import Generation
import Models
import Tensors
import Testing

/// 20,000 completions against the exact distribution, by χ². The numbers are fixed by the seed.
@Suite struct RolloutFrequencyTests {
  static let draws = 20_000

  struct Setting: CustomTestStringConvertible {
    var temperature = 1.0, topK: Int?, topP = 1.0, minP = 0.0
    var testDescription: String {
      "temperature \(temperature), top-k \(topK ?? 0), top-p \(topP), min-p \(minP)"
    }

    func sampler() throws -> Sampler {
      try Sampler(temperature: temperature, topK: topK, topP: topP, minP: minP, seed: 11)
    }

    /// By the definitions: softmax of all scores in double, then what each filter leaves of it.
    func probabilities(_ logits: [Float]) -> [Double] {
      let scores = logits.map { Double($0) / temperature }
      var p = scores.map { exp($0 - (scores.max() ?? 0)) }.normalized
      let order = p.indices.sorted { p[$0] > p[$1] }
      if let topK { for index in order.dropFirst(topK) { p[index] = 0 } }
      p = p.normalized
      var mass = 0.0
      for index in order {
        if mass >= topP { p[index] = 0 }
        mass += p[index]
      }
      p = p.normalized
      let least = minP * (p.max() ?? 0)
      return p.map { $0 < least ? 0 : $0 }.normalized
    }
  }

  static let settings = [
    Setting(), Setting(temperature: 5),
    Setting(temperature: 3, topK: 7), Setting(temperature: 3, topP: 0.8),
    Setting(temperature: 3, minP: 0.1),
    Setting(temperature: 4, topK: 40, topP: 0.9, minP: 0.05),
  ]

  @Test(arguments: settings) func firstTokens(_ setting: Setting) throws {
    let model = try GoldenModel(name: "qwen3").model()
    let prompt = Prompt(ids: [5, 17, 80, 33], label: "row")
    let group = try RolloutSampler(
      model: model, vocabulary: 160, stopTokens: [], maximumNewTokens: 1,
      sampler: setting.sampler())(
        [prompt], count: Self.draws
      ).groups[0]
    let logits = GoldenModel.logits(model, prompt.ids).row(prompt.ids.count - 1)
    expectFrequencies(group.map { Int($0.ids[0]) }, setting.probabilities(logits))
  }

  /// Pairs: the second token is drawn from the decoder's logits after the first.
  @Test(arguments: [Setting(temperature: 3, topK: 6), Setting(temperature: 3, topP: 0.3)])
  func pairsOfTokens(_ setting: Setting) throws {
    let model = try GoldenModel(name: "llama").model()
    let prompt = Prompt(ids: [9, 4, 120], label: "row")
    let group = try RolloutSampler(
      model: model, vocabulary: 160, stopTokens: [], maximumNewTokens: 2,
      sampler: setting.sampler(), slots: 200)(
        [prompt], count: Self.draws
      ).groups[0]
    let first = setting.probabilities(GoldenModel.logits(model, prompt.ids).row(2))
    let pairs = first.enumerated().flatMap { id, p -> [Double] in
      guard p > 0 else { return Array(repeating: 0, count: 160) }
      let logits = GoldenModel.logits(model, prompt.ids + [Int32(id)]).row(3)
      return setting.probabilities(logits).map { p * $0 }
    }
    expectFrequencies(group.map { Int($0.ids[0]) * 160 + Int($0.ids[1]) }, pairs)
  }

  /// χ² with a chance of 10⁻⁴ to exceed its bound; cells in which fewer than five are expected count
  /// as one.
  func expectFrequencies(_ drawn: [Int], _ probabilities: [Double]) {
    var counts = [Double](repeating: 0, count: probabilities.count)
    for index in drawn { counts[index] += 1 }
    let total = Double(drawn.count)
    var cells: [(found: Double, expected: Double)] = [], rest = (found: 0.0, expected: 0.0)
    for (count, p) in zip(counts, probabilities) {
      #expect(p > 0 || count == 0, "what was filtered out was drawn")
      if p * total >= 5 {
        cells.append((count, p * total))
      } else {
        rest = (rest.found + count, rest.expected + p * total)
      }
    }
    if rest.expected >= 5 { cells.append(rest) }
    let deviation = cells.reduce(0) {
      $0 + ($1.found - $1.expected) * ($1.found - $1.expected) / $1.expected
    }
    // Wilson and Hilferty's approximation; 3.719 standard deviations.
    let freedom = Double(cells.count - 1), spread = 2 / (9 * freedom)
    let root = 1 - spread + 3.719 * spread.squareRoot()
    #expect(freedom >= 3 && deviation < freedom * root * root * root, "\(cells.count) cells")
  }
}

extension [Double] {
  fileprivate var normalized: [Double] {
    let sum = reduce(0, +)
    return map { $0 / sum }
  }
}
