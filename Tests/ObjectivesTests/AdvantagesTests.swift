import Formats
import TestSupport
import Testing

@testable import Objectives

/// Advantages against numbers that were worked out by hand.
@Suite struct AdvantagesTests {
  private func expect(
    _ advantages: Advantages, _ groups: [[Double?]], _ expected: [[Double]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectClose(
      advantages(groups).flatMap(\.self), expected.flatMap(\.self), atol: 1e-6, rtol: 0,
      "\(advantages)", sourceLocation: sourceLocation)
  }

  @Test func groups() {
    expect(
      Advantages(), [[1, 0, 0, 2], [5, 5, 5, 5]],
      [[0.261089, -0.783268, -0.783268, 1.305446], [0, 0, 0, 0]])
    expect(Advantages(scale: .none), [[1, 0, 0, 2]], [[0.25, -0.75, -0.75, 1.25]])
    let all = (61.0 / 3).squareRoot() + 1e-4
    expect(
      Advantages(scale: .batch), [[1, 3], [0, 10]], [[-1 / all, 1 / all], [-5 / all, 5 / all]])
  }

  /// One without a reward takes no part; one that is the only one with a reward teaches nothing.
  @Test func abstentions() {
    expect(
      Advantages(), [[1, nil, 0, 2], [nil, nil, 3, nil], [nil, nil, nil, nil]],
      [[0, 0, -1 / 1.0001, 1 / 1.0001], [0, 0, 0, 0], [0, 0, 0, 0]])
    expect(
      Advantages(.rloo, scale: .none), [[1, nil, 0, 2], [nil, nil, 3, nil]],
      [[0, 0, -1.5, 1.5], [0, 0, 0, 0]])
  }

  @Test func estimators() {
    expect(Advantages(.rloo, scale: .none), [[1, 0, 0, 2]], [[1.0 / 3, -1, -1, 5.0 / 3]])
    expect(Advantages(.reinforcePlusPlus, scale: .none), [[2, 2], [0, 0]], [[1, 1], [-1, -1]])
    // A group without spread says something where it is compared with all: by the spread of all.
    let all = (4.0 / 3).squareRoot() + 1e-4
    for scale in [GRPORecipe.Scale.group, .batch] {
      expect(
        Advantages(.reinforcePlusPlus, scale: scale), [[2, 2], [0, 0]],
        [[1 / all, 1 / all], [-1 / all, -1 / all]])
    }
  }

  /// A reward that abstains beside others counts as the mean of its group.
  @Test func sums() {
    let rewards = Advantages.rewards(
      [[1, nil], [0, 2], [nil, nil], [1, 4]], weights: [1, 0.5])
    #expect(rewards == [2.5, 1, nil, 3])
  }

  @Test func leastAndGreatest() {
    var metrics = [
      Metric("low", 0.5, over: 1, union: .least), Metric("high", 0.5, over: 1, union: .greatest),
      Metric("mean", 1, over: 2),
    ]
    for value in [0.25, 0.75] {
      metrics += [
        Metric("low", value, over: 1, union: .least),
        Metric("high", value, over: 1, union: .greatest), Metric("mean", value, over: 1),
      ]
    }
    #expect(metrics.means.map(\.value) == [0.75, 0.25, 0.5])
  }
}
