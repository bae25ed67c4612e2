import TaskKit

/// A pair as the metrics need it. Log-probabilities are sums over an answer's tokens, in nats; a reward
/// model gives scores in their place.
struct JudgedPair {
  let source: String
  let chosen: TextLength, rejected: TextLength
  let policy: (chosen: Double, rejected: Double)
  let reference: (chosen: Double, rejected: Double)?

  /// Whether a reward model is judged, whose numbers are no log-probabilities.
  let isScored: Bool

  init(_ prediction: Prediction, _ row: RowMetadata) throws {
    guard let pair = prediction.scoredPair ?? prediction.pair, let chosen = row.chosen,
      let rejected = row.rejected
    else { throw PluginError(.internal, "row \(prediction.index): the pair has no description") }
    guard prediction.numbers.allSatisfy(\.isFinite) else {
      throw PluginError.broken(prediction)
    }
    isScored = prediction.scoredPair != nil
    source = row.source
    (self.chosen, self.rejected) = (chosen.length, rejected.length)
    policy = (pair.chosen, pair.rejected)
    if let one = pair.referenceChosen, let other = pair.referenceRejected {
      reference = (one, other)
    } else {
      reference = nil
    }
  }

  /// How much likelier each answer has become: the implicit reward without its factor β (Rafailov
  /// et al. 2023, eq. 5); without a reference how likely it is.
  var rewards: (chosen: Double, rejected: Double) {
    guard let reference else { return policy }
    return (policy.chosen - reference.chosen, policy.rejected - reference.rejected)
  }

  var margin: Double { rewards.chosen - rewards.rejected }

  /// How far the chosen answer is longer, in characters.
  var lengthDifference: Int { chosen.characters - rejected.characters }

  var lengthGroup: LengthGroup {
    let longer = Double(max(chosen.characters, rejected.characters))
    guard Double(abs(lengthDifference)) > 0.1 * longer else { return .similar }
    return lengthDifference > 0 ? .longer : .shorter
  }

  /// Mean log-probability of a character, which does not favor short answers.
  func perCharacter(_ log: (chosen: Double, rejected: Double)) -> Double {
    log.chosen / Double(max(1, chosen.characters))
      - log.rejected / Double(max(1, rejected.characters))
  }

  /// 1 where the chosen answer is ahead, 0 where the other is, a half where neither is.
  static func wins(_ difference: Double) -> Double {
    difference > 0 ? 1 : difference < 0 ? 0 : 0.5
  }
}

/// Which answer of a pair is the longer one, by more than a tenth of it.
enum LengthGroup: String, CaseIterable {
  case shorter = "chosen shorter"
  case similar = "similar"
  case longer = "chosen longer"
}
