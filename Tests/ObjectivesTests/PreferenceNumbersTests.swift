import JSON
import Objectives
import TestSupport
import Testing

/// Losses of preference training and their derivatives against trl's: `numbers.json` of
/// `Tests/Goldens/preference`.
@Suite struct PreferenceNumbersTests {
  @Test func dpo() throws {
    let numbers = try Numbers()
    for expected in try numbers.cases("dpo", atLeast: 20) {
      try numbers.check(expected, Self.dpo(expected["settings"] ?? .null))
    }
  }

  @Test func cpoAndSimPO() throws {
    let numbers = try Numbers()
    for expected in try numbers.cases("cpo", atLeast: 6) {
      let settings = expected["settings"] ?? .null
      let smoothing = settings["label_smoothing"]?.double ?? 0
      let beta = settings["beta"]?.double ?? 0.1
      let objective: any Objective =
        settings["loss_type"]?.string == "simpo"
        ? SimPO(
          beta: beta, gamma: settings["simpo_gamma"]?.double ?? 0.5, labelSmoothing: smoothing)
        : CPO(beta: beta, labelSmoothing: smoothing)
      let alpha = settings["cpo_alpha"]?.double ?? 1
      try numbers.check(expected, [(objective, 1), (SFT(rows: .pairs), alpha)])
    }
  }

  @Test func orpo() throws {
    let numbers = try Numbers()
    for expected in try numbers.cases("orpo", atLeast: 2) {
      let beta = try #require(expected["settings"]?["beta"]?.double)
      try numbers.check(
        expected, [(ORPO(beta: beta), 1), (SFT(rows: .pairs, scoresPrompts: true), 1)],
        scoresPrompts: true)
    }
  }

  @Test func kto() throws {
    let numbers = try Numbers()
    for expected in try numbers.cases("kto", atLeast: 18) {
      let settings = expected["settings"] ?? .null
      let kind = try #require(KTO.Kind(rawValue: settings["loss_type"]?.string ?? "kto"))
      var objective = KTO(
        kind, beta: settings["beta"]?.double ?? 0.1,
        desirable: settings["desirable_weight"]?.double ?? 1,
        undesirable: settings["undesirable_weight"]?.double ?? 1)
      let z = try #require(expected["z"]?.double), answer = try #require(expected["answer"]?.string)
      if objective.measuresDrift { objective.drift = max(0, z) }
      try numbers.check(expected, [(objective, 1)], alone: answer)
    }
  }

  /// Answers that the model is sure of to the last bit have no finite odds.
  @Test func certainAnswersKeepOddsFinite() {
    for (chosen, rejected) in [(0, -1), (-1, 0), (0, 0)] as [(Float, Float)] {
      let outcome = Outcome(
        Texts(chosen: [chosen, chosen], rejected: [rejected]), [(ORPO(), 1)])
      #expect(outcome.loss.isFinite)
      let derivatives = outcome.derivatives.values.joined()
      #expect(derivatives.count == 2 && derivatives.allSatisfy(\.isFinite))
    }
  }

  /// The terms of DPO's `loss_type` and `loss_weights`.
  static func dpo(_ settings: JSONValue) throws -> [(any Objective, Double)] {
    let types = try #require(settings["loss_type"]?.array).compactMap(\.string)
    let weights = settings["loss_weights"]?.array?.compactMap(\.double)
    return try types.enumerated().map { index, name in
      let weight = weights?[index] ?? 1
      if name == "sft" { return (SFT(rows: .pairs), weight) }
      let loss = try #require(PairLoss(rawValue: name), "\(name)")
      let objective = DPO(
        loss, beta: settings["beta"]?.double ?? 0.1,
        labelSmoothing: settings["label_smoothing"]?.double ?? 0,
        temperature: settings["discopop_tau"]?.double ?? 0.05)
      return (objective, weight)
    }
  }
}
