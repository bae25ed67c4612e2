import Foundation
import Formats
import Tasks
import TestSupport
import Testing

@testable import Objectives

/// Derivatives of what learns from sampled completions, against differences.
@Suite struct GRPODifferenceTests {
  private static let policy: [Float] = [
    -0.5, -1, -0.25, -2, -1.5, -0.75, -3, -0.125, -1.25, -0.5,
  ]
  /// How much likelier each token has become since it was sampled: none near a bound of ratios.
  private static let moved: [Float] = [
    0.125, -0.375, 0.5, -0.0625, 0.25, -0.5, 0.03125, 0.375, -0.25, 0.09375,
  ]
  private static let reference = policy.map { $0 * 0.875 - 0.0625 }
  private static let advantages = [1.25, -0.75, -1.5, 0.5]
  private static let batch: Batch = {
    var batch = Batch(
      texts: zip([0..<3, 3..<5, 5..<6, 6..<10], advantages).enumerated().map { row, text in
        Batch.Text(role: .whole, row: row, answer: text.0, advantage: text.1)
      }, weights: policy.map { _ in 1 })
    batch.old = zip(policy, moved).map { $0 - $1 }
    batch.entropies = policy.indices.map { Double($0 % 3) }
    return batch
  }()

  /// The slope of `value` at the log-probability of each token.
  private func slopes(_ value: ([Float]) -> Double) -> [Double] {
    let h: Float = 1.0 / 1024
    return Self.policy.indices.map { place in
      func moved(_ h: Float) -> Double {
        var policy = Self.policy
        policy[place] += h
        return value(policy)
      }
      return (moved(h) - moved(-h)) / (2 * Double(h))
    }
  }

  private func objectives(_ loss: GRPORecipe.Loss) -> [GRPO] {
    var objectives: [GRPO] = []
    for level in GRPORecipe.Level.allCases {
      for (beta, corrects) in [(0, true), (0.5, true), (0.5, false)] {
        for delta in [nil, 1.3] {
          // The ratios of whole completions stay nearer to 1.
          let (low, high) = level == .token ? (0.2, 0.28) : (0.08, 0.09)
          objectives.append(
            GRPO(
              loss, level: level, epsilon: low, epsilonHigh: loss == .cispo ? 1.3 : high,
              delta: delta, beta: beta, correctsDivergence: corrects))
          objectives.append(objectives[objectives.count - 1])
          objectives[objectives.count - 1].leastEntropy = 1
        }
      }
    }
    return objectives
  }

  @Test(arguments: GRPORecipe.Loss.allCases.filter { $0 != .cispo })
  func losses(_ loss: GRPORecipe.Loss) {
    for objective in objectives(loss) {
      let exact = objective(Self.policy, Self.reference, Self.batch)
      expectClose(
        exact.derivative, slopes { objective($0, Self.reference, Self.batch).value }, atol: 1e-5,
        rtol: 1e-5, "\(objective)")
    }
  }

  /// Of cispo the bounded ratio is a constant: what is derived is the log-probability beside it.
  @Test func cispo() {
    for objective in objectives(.cispo) {
      var plain = objective
      plain.beta = 0
      let derivative = plain(Self.policy, nil, Self.batch).derivative
      for text in Self.batch.texts {
        let moved = Self.moved[text.answer].map(Double.init)
        let mean = moved.reduce(0, +) / Double(moved.count)
        for (place, own) in zip(text.answer, moved) {
          let ratio = exp(plain.level == .token ? own : mean)
          let isLearnt = plain.leastEntropy == nil || place % 3 >= 1
          let expected = isLearnt ? -min(ratio, 1.3) * text.advantage : 0
          expectClose(derivative[place], expected, rtol: 1e-6, "\(objective)")
        }
      }
      let both = objective(Self.policy, Self.reference, Self.batch).derivative
      let slopes = slopes {
        objective($0, Self.reference, Self.batch).value - plain($0, nil, Self.batch).value
      }
      expectClose(
        zip(both, derivative).map { $0 - $1 }, slopes, atol: 1e-5, rtol: 1e-5, "\(objective)")
    }
  }

  /// A token that was less likely and has become likelier than the reference has it.
  @Test func knownNumbers() {
    func loss(_ objective: GRPO, _ advantage: Double) -> Double {
      var batch = Batch(
        texts: [.init(role: .whole, row: 0, answer: 0..<1, advantage: advantage)], weights: [1])
      batch.old = [-1]
      return objective([-0.6], [-0.9], batch).value
    }
    for (objective, better, worse) in [
      (GRPO(.grpo), -1.44, 1.193460), (GRPO(.grpo, delta: 1.3), -1.44, 1.04),
      (GRPO(.cispo), 1.074114, -0.716076), (GRPO(.sapo), -2.978574, 1.908752),
    ] {
      expectClose(loss(objective, 1.2), better, atol: 1e-6, rtol: 0, "\(objective)")
      expectClose(loss(objective, -0.8), worse, atol: 1e-6, rtol: 0, "\(objective)")
    }
    expectClose(loss(GRPO(.dapo, beta: 1), 0), 0.060894, atol: 1e-6, rtol: 0)
    expectClose(
      loss(GRPO(.dapo, beta: 1, correctsDivergence: false), 0), 0.040818, atol: 1e-6, rtol: 0)
  }

  /// Where nothing has moved a token's derivative is its advantage, and what pulls to the reference.
  @Test(arguments: GRPORecipe.Level.allCases) func onPolicy(_ level: GRPORecipe.Level) {
    var batch = Self.batch
    batch.old = nil
    let loss = GRPO(.dapo, level: level, beta: 0.5)(Self.policy, Self.reference, batch)
    for text in batch.texts {
      // Of a whole completion the divergences' pull on the ratio is shared by its tokens.
      let estimates = text.answer.map {
        let distance = Double(Self.reference[$0] - Self.policy[$0])
        return exp(distance) - distance - 1
      }
      let mean = estimates.reduce(0, +) / Double(estimates.count)
      for (place, own) in zip(text.answer, estimates) {
        let distance = Double(Self.policy[place] - Self.reference[place])
        let pull = 0.5 * (distance + (level == .sequence ? mean - own : 0))
        expectClose(loss.derivative[place], pull - text.advantage, atol: 1e-6, rtol: 1e-6)
      }
    }
  }

  @Test func expectedReward() {
    var batch = Batch(texts: [], weights: Self.policy.map { _ in 1 })
    batch.choices = [
      .init(options: [0..<1, 1..<2, 2..<3], rewards: [1, 0.25, -2]),
      .init(options: [3..<5, 5..<6, 6..<9], rewards: [0.5, nil, 3]),
      .init(options: [9..<10], rewards: [nil]),
    ]
    let objective = ExpectedReward(), exact = objective(Self.policy, nil, batch)
    #expect(objective.weight(of: batch) == 2)
    expectClose(
      exact.derivative, slopes { objective($0, nil, batch).value }, atol: 1e-6, rtol: 1e-5)
  }
}
