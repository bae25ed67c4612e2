import Foundation
import Generation
import Tensors
import Testing

@Suite struct SamplerTests {
  struct Case: Decodable {
    let temperature: Double, top_k: Int, top_p: Double, min_p: Double, repetition_penalty: Double
    let logits: [Float], seen: [Int32], probabilities: [Double]
  }
  struct Cases: Decodable { let cases: [Case] }

  static func logits(_ count: Int, _ seed: UInt64, spread: Double = 3) -> [Float] {
    let random = Random(seed: seed)
    return (0..<count).map { Float(spread * random.normal($0)) }
  }

  /// Distributions after transformers' processors; a token that one keeps and the other drops would
  /// differ by its whole probability.
  @Test func distributionsAreTransformers() throws {
    let cases = try decoded("sampling/cases.json", as: Cases.self).cases
    #expect(cases.count >= 30)
    for (index, golden) in cases.enumerated() {
      let sampler = try Sampler(
        temperature: golden.temperature, topK: golden.top_k, topP: golden.top_p,
        minP: golden.min_p, repetitionPenalty: golden.repetition_penalty)
      let found = try #require(sampler.probabilities(golden.logits, seen: Set(golden.seen)))
      for (id, expected) in golden.probabilities.enumerated() {
        let own = found[Int32(id)]
        #expect((own != nil) == (expected > 0), "case \(index), id \(id)")
        #expect(abs((own ?? 0) - expected) < 1e-5, "case \(index), id \(id)")
      }
    }
  }

  @Test func greedyTakesTheLowestOfEquals() {
    #expect(Sampler.greedy([1, 5, 5, 2]) == 1)
    #expect(Sampler.greedy([-.infinity, -3, -.infinity]) == 1)
  }

  @Test func brokenLogitsAreNoChoice() throws {
    let sampler = try Sampler(temperature: 1, topP: 0.9)
    for logits: [Float] in [[.nan, 1], [1, .nan], [1, .infinity], [-.infinity, -.infinity], []] {
      #expect(Sampler.greedy(logits) == nil && sampler(logits) == nil)
    }
  }

  /// log-probabilities 0.5, 0.3, 0.15, 0.05 in an order that is not theirs.
  @Test(arguments: [
    (0.4, [2]), (0.5001, [0, 2]), (0.79, [0, 2]), (0.81, [0, 2, 3]), (0.96, [0, 1, 2, 3]),
  ]) func topPKeepsTheSmallestSet(_ topP: Double, _ kept: [Int32]) throws {
    let logits: [Float] = [-1.2039728, -2.9957323, -0.6931472, -1.8971200]
    let found = try #require(try Sampler(temperature: 1, topP: topP).probabilities(logits))
    #expect(found.keys.sorted() == kept)
    #expect(abs(found.values.reduce(0, +) - 1) < 1e-12)
  }

  /// On large vocabularies too, where not all tokens are sorted; flat and peaked.
  @Test(arguments: [0.05, 1, 8], [0.1, 0.5, 0.9, 0.9999]) func topPIsMinimal(
    _ spread: Double, _ topP: Double
  ) throws {
    let logits = Self.logits(5000, 11, spread: spread)
    let all = try #require(try Sampler(temperature: 1).probabilities(logits))
    let kept = try #require(try Sampler(temperature: 1, topP: topP).probabilities(logits))
    let masses = kept.keys.map { all[$0] ?? 0 }, least = masses.min() ?? 0
    let mass = masses.reduce(0, +)
    #expect(mass >= topP - 1e-9 && mass - least < topP)
    #expect(all.filter { $0.value > least }.allSatisfy { kept[$0.key] != nil })
  }

  @Test(arguments: [1, 7, 4999, 5000, 9000]) func topKKeepsTheLargest(_ topK: Int) throws {
    let logits = Self.logits(5000, 12, spread: 40)
    let kept = try #require(try Sampler(temperature: 1, topK: topK).probabilities(logits))
    let expected = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(topK)
    #expect(expected.allSatisfy { kept[Int32($0)] != nil } && kept.count >= min(topK, 5000))
    if topK < 100 { #expect(kept.count == topK) }
  }

  /// Alone and after the others, on a vocabulary of which few tokens are looked at.
  @Test(arguments: [0.001, 0.3, 1]) func minPIsAShareOfTheLikeliest(_ minP: Double) throws {
    let logits = Self.logits(5000, 13), top = logits.max() ?? 0
    let expected = logits.indices.filter { (Double(logits[$0]) - Double(top)) / 0.8 >= log(minP) }
    for (topK, topP) in [(0, 1.0), (5000, 1), (0, 0.999_999_9)] {
      let sampler = try Sampler(temperature: 0.8, topK: topK, topP: topP, minP: minP)
      let found = try #require(sampler.probabilities(logits))
      #expect(found.keys.sorted() == expected.map(Int32.init), "\(topK), \(topP)")
    }
  }

  /// A draw from the whole vocabulary walks over sums of parts: the token is the one that walking
  /// over the tokens finds.
  @Test func drawsFromLargeVocabularies() throws {
    let logits = Self.logits(5000, 14, spread: 2), label = "row"
    let sampler = try Sampler(temperature: 1, seed: 3)
    let all = try #require(sampler.probabilities(logits))
    var borders: [Double] = [0]
    for id in logits.indices { borders.append(borders[id] + (all[Int32(id)] ?? 0)) }
    let random = Random(seed: 3, stream: Random.stream(label))
    for step in 0..<200 {
      let id = Int(try #require(sampler(logits, label: label, step: step)))
      let u = random.uniform(step)
      #expect(borders[id] - 1e-9 <= u && u <= borders[id + 1] + 1e-9)
    }
  }

  @Test func smallTemperaturesAreGreedy() throws {
    for seed in 0..<20 as Range<UInt64> {
      let logits = Self.logits(300, seed)
      for temperature in [1e-4, 1e-30] {
        let sampler = try Sampler(temperature: temperature, seed: seed)
        #expect(sampler(logits, label: "row", step: 3) == Sampler.greedy(logits))
      }
    }
  }

  /// score / penalty where positive, score · penalty where negative, once for each token seen.
  @Test func repetitionPenaltyFollowsItsFormula() throws {
    let sampler = try Sampler(repetitionPenalty: 2)
    #expect(sampler([3, 2, -1], seen: [0]) == 1)
    #expect(sampler([3, 1, -1], seen: [0]) == 0)
    #expect(sampler([-2, -3.5, -9], seen: [0]) == 1)
    #expect(sampler([-2, -4.5, -9], seen: [0]) == 0)
    // Ids behind the tokenizer's can stand in a prompt.
    #expect(sampler([1, 2], seen: [5]) == 1)
  }

  @Test func draws() throws {
    let logits = Self.logits(40, 2, spread: 1), sampler = try Sampler(temperature: 1, seed: 9)
    let drawn = (0..<4000).map { sampler(logits, label: "row 0", step: $0) ?? -1 }
    #expect(drawn == (0..<4000).map { sampler(logits, label: "row 0", step: $0) ?? -1 })
    #expect(drawn != (0..<4000).map { sampler(logits, label: "row 1", step: $0) ?? -1 })
    let expected = try #require(sampler.probabilities(logits))
    // χ² with 39 degrees of freedom; the numbers are fixed by the seed.
    let counts = Dictionary(drawn.map { ($0, 1.0) }, uniquingKeysWith: +)
    let deviation = expected.reduce(0.0) { sum, token in
      let mean = 4000 * token.value
      return sum + ((counts[token.key] ?? 0) - mean) * ((counts[token.key] ?? 0) - mean) / mean
    }
    #expect(deviation < 73)
  }

  @Test func settingsAreChecked() {
    #expect(throws: GenerationError.self) { try Sampler(temperature: -0.1) }
    #expect(throws: GenerationError.self) { try Sampler(temperature: .nan) }
    #expect(throws: GenerationError.self) { try Sampler(topK: -1) }
    #expect(throws: GenerationError.self) { try Sampler(topP: 0) }
    #expect(throws: GenerationError.self) { try Sampler(topP: 1.1) }
    #expect(throws: GenerationError.self) { try Sampler(minP: -0.1) }
    #expect(throws: GenerationError.self) { try Sampler(minP: 1.1) }
    let error = #expect(throws: GenerationError.self) { try Sampler(repetitionPenalty: 0) }
    #expect(error?.kind == .configuration)
  }
}
