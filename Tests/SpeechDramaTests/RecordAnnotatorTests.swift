import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct RecordAnnotatorTests {
  let dimension = Dimension.realism[0]

  func score(_ rule: Annotators, _ ratings: [Double], _ dimension: Dimension) -> Int? {
    var random = RowGenerator(index: 0, epoch: 0, seed: 0)
    let weights = rule.weights(ratings, of: dimension, using: &random)
    #expect(weights.reduce(0, +) == 1)
    return weights.firstIndex(of: 1).map { $0 + dimension.low }
  }

  @Test(arguments: [
    ([4, 4, 5], 4), ([3, 4], 4), ([1, 2], 2), ([1, 1, 5], 2), ([5], 5), ([2.5], 3),
  ])
  func theMeanRoundsHalvesAwayFromZero(ratings: [Double], expected: Int) {
    #expect(score(.mean, ratings, dimension) == expected)
  }

  @Test(arguments: [
    ([4, 4, 5], 4), ([1, 1, 5, 5, 4], 5), ([2, 2, 5, 5, 1], 2), ([2, 4], 4), ([3], 3),
  ])
  func theMajorityBreaksTiesTowardsTheMean(ratings: [Double], expected: Int) {
    #expect(score(.majority, ratings, dimension) == expected)
  }

  @Test func softLabelsAreTheSharesOfTheAnnotators() {
    var random = RowGenerator(index: 0, epoch: 0, seed: 0)
    #expect(
      Annotators.soft.weights([4, 4, 5, 2], of: dimension, using: &random)
        == [0, 0.25, 0, 0.5, 0.25])
    #expect(
      Annotators.soft.weights([1, 0, 1, 1], of: .contentPass, using: &random) == [0.25, 0.75])
  }

  @Test func drawsFollowTheDistribution() {
    var counts = [0, 0, 0, 0, 0]
    for epoch in 0..<3000 {
      var random = RowGenerator(index: 1, epoch: epoch, seed: 5)
      let weights = Annotators.draw.weights([4, 4, 5], of: dimension, using: &random)
      counts[weights.firstIndex(of: 1)!] += 1
    }
    #expect(counts[..<3] == [0, 0, 0])
    #expect((1900...2100).contains(counts[3]))  // 2000 ± 4 standard deviations
  }
}
