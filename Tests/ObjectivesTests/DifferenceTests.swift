import Tasks
import Testing

@testable import Objectives

/// Derivatives against differences, in double where the loss is a function of doubles.
@Suite struct DifferenceTests {
  @Test(arguments: PairLoss.allCases) func pairLosses(_ loss: PairLoss) {
    func value(_ c: Double, _ r: Double) -> PairLoss.Value {
      loss(
        PairLoss.Pair(chosen: c, rejected: r, chosenLength: 5, rejectedLength: 7), beta: 0.3,
        epsilon: 0.1, temperature: 0.5)
    }
    let h = 1e-5
    for (c, r) in [(0.0, 0.1), (0.8, -0.4), (-3.0, 2.5), (6, -9), (-20, 14), (0.05, -30)] {
      let exact = value(c, r)
      let up = (value(c + h, r).loss - value(c - h, r).loss) / (2 * h)
      let down = (value(c, r + h).loss - value(c, r - h).loss) / (2 * h)
      #expect(abs(exact.chosen - up) < 1e-6 * max(1, abs(up)), "\(loss) at \(c), \(r)")
      #expect(abs(exact.rejected - down) < 1e-6 * max(1, abs(down)), "\(loss) at \(c), \(r)")
    }
  }

  /// Conservative DPO is the mixture of the loss and of that of the pair the other way round.
  @Test func labelSmoothingMixesBothLabels() {
    func value(_ c: Double, _ r: Double, _ epsilon: Double) -> Double {
      PairLoss.sigmoid(
        PairLoss.Pair(chosen: c, rejected: r, chosenLength: 1, rejectedLength: 1), beta: 0.5,
        epsilon: epsilon, temperature: 1
      ).loss
    }
    let mixed = 0.75 * value(2, -1, 0) + 0.25 * value(-1, 2, 0)
    #expect(abs(value(2, -1, 0.25) - mixed) < 1e-12)
  }

  /// Where policy and reference agree every loss has its known value.
  @Test func lossesWhereNothingHasChanged() {
    let ln2 = 0.6931471805599453
    let expected: [PairLoss: Double] = [
      .sigmoid: ln2, .sigmoidNorm: ln2, .hinge: 1, .ipo: 25, .robust: ln2, .ncaPair: 2 * ln2,
      .apoZero: 1, .apoDown: 1, .sppoHard: 50, .bcoPair: 2 * ln2, .discopop: 0.5 + ln2 / 2,
    ]
    for (loss, value) in expected {
      let found = loss(
        PairLoss.Pair(chosen: 0, rejected: 0, chosenLength: 3, rejectedLength: 9), beta: 0.1,
        epsilon: 0, temperature: 0.05
      ).loss
      #expect(abs(found - value) < 1e-12, "\(loss)")
    }
  }

  /// Objectives of whole batches by differences of each log-probability, whose f32 is moved so far
  /// that rounding does not count.
  @Test func objectives() {
    let objectives: [any Objective] = [
      DPO(.sigmoid, beta: 0.3), DPO(.ipo, beta: 0.5), CPO(beta: 0.2, labelSmoothing: 0.1),
      SimPO(beta: 2, gamma: 0.3), ORPO(beta: 0.4), SFT(rows: .pairs),
    ]
    let batch = Batch(
      texts: [
        .init(role: .chosen, row: 0, answer: 0..<3), .init(role: .rejected, row: 0, answer: 3..<5),
        .init(role: .chosen, row: 1, answer: 5..<6), .init(role: .rejected, row: 1, answer: 6..<10),
      ], weights: Array(repeating: 1, count: 10))
    let policy: [Float] = [-0.5, -1, -0.25, -2, -1.5, -0.75, -3, -0.125, -1.25, -0.5]
    let reference = policy.map { $0 * 0.875 - 0.0625 }
    for objective in objectives {
      let loss = objective(policy, reference, batch)
      for place in policy.indices {
        func moved(_ h: Float) -> Double {
          var policy = policy
          policy[place] += h
          return objective(policy, reference, batch).value
        }
        let h: Float = 1.0 / 1024
        let slope = (moved(h) - moved(-h)) / (2 * Double(h))
        #expect(abs(slope - Double(loss.derivative[place])) < 1e-5, "\(objective) \(place)")
      }
    }
  }

  /// A reward model's objective by differences of each score.
  @Test(arguments: [0, 0.01, 0.5]) func rewardModel(centering: Double) {
    let objective = RewardModel(centering: centering)
    let batch = Batch(
      texts: (0..<3).flatMap { row in
        [Sample.Role.chosen, .rejected].enumerated().map { side, role in
          let place = 2 * row + side
          return .init(role: role, row: row, answer: place..<place + 1)
        }
      }, weights: Array(repeating: 1, count: 6))
    let scores: [Float] = [0.5, -0.25, -3, 2, 9, -7.5]
    let loss = objective(scores, nil, batch)
    for place in scores.indices {
      func moved(_ h: Float) -> Double {
        var scores = scores
        scores[place] += h
        return objective(scores, nil, batch).value
      }
      let h: Float = 1.0 / 1024
      let slope = (moved(h) - moved(-h)) / (2 * Double(h))
      #expect(abs(slope - Double(loss.derivative[place])) < 1e-5, "\(place)")
    }
    #expect(
      loss.metrics.means.map(\.name) == [
        "accuracy", "margin", "max_reward", "mean_reward", "min_reward",
      ])
    let means = Dictionary(uniqueKeysWithValues: loss.metrics.means.map { ($0.name, $0.value) })
    #expect(means["accuracy"] == 2.0 / 3 && means["min_reward"] == -7.5 && means["max_reward"] == 9)
    #expect(objective.weight(of: batch) == 3)
  }

  /// Where nothing is preferred, the loss is ln 2.
  @Test func rewardModelOfEqualScores() {
    let batch = Batch(
      texts: [
        .init(role: .chosen, row: 0, answer: 0..<1), .init(role: .rejected, row: 0, answer: 1..<2),
      ], weights: [1, 1])
    #expect(abs(RewardModel()([1, 1], nil, batch).value - 0.6931471805599453) < 1e-15)
  }
}
