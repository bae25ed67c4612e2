import Models
public import Objectives
import Tensors

/// An objective as one of the summands of what is minimized.
public struct Term: Sendable {
  /// The objective, and what its mean is multiplied by.
  public var objective: any Objective, weight: Double

  /// A summand.
  public init(_ objective: any Objective, weight: Double = 1) {
    self.objective = objective
    self.weight = weight
  }
}

/// What one optimizer step computed before its update.
struct StepResult {
  /// The loss: the weighted sum of the terms' means.
  var loss = 0.0
  /// Tokens read; what the first term's mean divides by.
  var tokens = 0, weight = 0.0
  /// Whether there was anything to learn.
  var isSilent = true
  /// Means that the log tells beside the loss.
  var metrics: [Metric] = []
  /// The rows, as messages name them.
  var sources: [String] = []
  /// Gradients of the loss; where there are several ranks, what this rank owns of them, run by run.
  var owned: [Tensor?]?, gradients = Gradients()

  init(owned: [Tensor?]? = nil, gradients: Gradients = Gradients()) {
    self.owned = owned
    self.gradients = gradients
  }

  /// Adds what a micro-batch came to; micro-batches are added in their order.
  mutating func add(_ part: BatchOutcome) {
    tokens += part.tokens
    isSilent = isSilent && part.isSilent
    loss += part.loss
    metrics += part.metrics
    sources += part.sources
  }

  /// The means that speak of rewards, and of what earns them.
  func rewards(_ terms: [Term]) -> [(name: String, value: Double)] {
    let names =
      terms.flatMap { $0.objective.directions.map(\.name) }
      + ["frac_reward_zero_std", "completions/mean_length"]
    return metrics.means.filter { $0.name.hasPrefix("reward") || names.contains($0.name) }
  }

  /// Refuses to go on where the decoder and training do not agree on how likely tokens are: template,
  /// cache or positions are at fault.
  func checkDrift() throws(TrainingError) {
    guard let drift = metrics.first(where: { $0.name == "rollout_drift" })?.mean,
      drift > 1e-3, !Engine.usesBF16
    else { return }
    throw TrainingError(
      .refused,
      "decoding and training differ by \(drift) in how likely a sampled token is, which in f32 they must "
        + "not by more than 0.001; this is a fault of the program, please report it")
  }
}

/// Computes steps: any objective, any cut into micro-batches, the same numbers.
public struct StepRunner {
  let model: CausalLanguageModel
  /// What is minimized is their weighted sum.
  let terms: [Term]
  /// What they compare with.
  public let reference: Reference?
  /// Whether what texts begin with alike is computed once. A token that several texts share has one
  /// mask of dropout; so that each has its own, none shares then.
  let sharesPrefixes: Bool
  /// What logits are divided by, as where texts are sampled.
  let temperature: Float
  /// Whether the bits of a row must not depend on its neighbours: the log-probabilities of another pass
  /// are compared with.
  let isolatesRows: Bool
  /// Which part of each step is computed here.
  public var share = StepShare.alone

  /// A runner over `terms`, at least one. `comparesPasses`: rows bring log-probabilities with them that
  /// this runner has computed before.
  public init(
    _ model: CausalLanguageModel, terms: [Term], reference: Reference? = nil,
    sharesPrefixes: Bool = true, temperature: Double = 1, comparesPasses: Bool = false
  ) {
    self.temperature = Float(temperature)
    isolatesRows = reference != nil || comparesPasses
    precondition(!terms.isEmpty, "step: no objective")
    precondition(
      terms.allSatisfy { $0.objective.signal == terms.signal }, "step: objectives of two signals")
    self.model = model
    self.terms = terms
    self.reference = reference
    self.sharesPrefixes = sharesPrefixes
  }

  /// A step's part of one micro-batch: forward, loss, backward.
  func batch(
    _ terms: [Term], _ rows: [TrainingRow], _ texts: ScoredTexts, _ totals: [Double],
    _ masks: ForwardPass.Masks?, into gradients: inout Gradients
  ) throws(TrainingError) -> BatchOutcome {
    var outcome = BatchOutcome(texts)
    if terms.allSatisfy({ $0.objective.isSilent(texts.batch) }) { return outcome }
    outcome.isSilent = false
    let kept = reference?.logProbabilities(of: rows, texts)
    try pass(masks).run { () throws(TrainingError) in
      try backward(terms, texts, kept, totals, &outcome, into: &gradients)
    }
    return outcome
  }

  private func backward(
    _ terms: [Term], _ texts: ScoredTexts, _ reference: [Float]?, _ totals: [Double],
    _ outcome: inout BatchOutcome, into gradients: inout Gradients
  ) throws(TrainingError) {
    let input = model.read(terms.signal, of: texts, sharing: sharesPrefixes)
    let log = input as? LogProbabilities
    var batch = texts.batch
    if terms[0].objective.rows == .prompts { batch.entropies = log?.entropies }
    let loss = terms.loss(input.values, reference, batch, totals)
    guard loss.value.isFinite else {
      throw TrainingError(
        .diverged,
        "the loss is not finite on \(texts.names); lower the learning rate, or look at these rows")
    }
    outcome.metrics += loss.metrics
    if terms[0].objective.rows == .texts, let log { outcome.metrics += texts.accuracy(log.hits) }
    input.objective(loss.value, derivative: loss.derivative)
      .backward(seed: 1 / Float(totals[0]), into: &gradients)
    outcome.loss = loss.value / totals[0]
  }

  /// The values, weights and metrics of prepared `terms` over `rows`, nothing recorded, without dropout.
  func evaluate(_ rows: [TrainingRow], _ terms: [Term]) -> Evaluated {
    let texts = scored(rows)
    let kept = reference?.logProbabilities(of: rows, texts)
    let values = pass(nil).run {
      Recording.off { model.read(terms.signal, of: texts, sharing: true).values }
    }
    var result = Evaluated(count: terms.count)
    for (index, term) in terms.enumerated() {
      let loss = term.objective(values, kept, texts.batch)
      result.values[index] = loss.value
      result.weights[index] = term.objective.weight(of: texts.batch)
      result.metrics += loss.metrics
    }
    return result
  }

  /// The log-probability of each scored token of each text, as a step computes it now; nil of texts of
  /// which nothing would be learnt. Each rank computes some of the batches.
  func logProbabilities(of batches: [[TrainingRow]]) throws -> [[Float]?] {
    let own = try model.together {
      share.group.dealt(batches.count).map { number in
        (number: number, value: logProbabilities(of: batches[number]))
      }
    }
    let all = try share.group.inOrder("log-probabilities of samples", of: batches.count, own)
    return Array(all.joined())
  }

  private func logProbabilities(of rows: [TrainingRow]) -> [[Float]?] {
    let texts = scored(rows)
    if terms.allSatisfy({ $0.objective.isSilent(texts.batch) }) {
      return texts.batch.texts.map { $0.length == 0 ? [] : nil }
    }
    let values = pass(nil).run {
      Recording.off { model.logProbabilities(texts, sharing: sharesPrefixes).values }
    }
    return texts.batch.texts.map { Array(values[$0.answer]) }
  }

  /// The texts of rows, with what the terms score of them.
  func scored(_ rows: [TrainingRow]) -> ScoredTexts {
    switch terms.signal {
    case .score: ScoredTexts(rows.map(\.texts), scoredLength: model.scoredLength)
    case .logProbabilities:
      ScoredTexts(
        rows, scoresPrompts: terms.contains { $0.objective.scoresPrompts },
        temperature: temperature)
    }
  }

  /// A pass that draws these masks.
  func pass(_ masks: ForwardPass.Masks?) -> ForwardPass {
    ForwardPass(masks: masks, isolatesRows: isolatesRows)
  }
}

extension [Term] {
  /// The sum of the terms over `batch`, times what the first term's mean divides by; `totals` are the
  /// weights of the whole step.
  fileprivate func loss(
    _ policy: [Float], _ reference: [Float]?, _ batch: Batch, _ totals: [Double]
  ) -> Loss {
    var sum: Loss?
    for (term, total) in zip(self, totals) {
      let loss = term.objective(policy, reference, batch)
      let scale = term.weight * totals[0] / Swift.max(total, 1)
      sum = sum.map { $0.adding(loss, scale) } ?? loss.scaled(by: scale)
    }
    return sum ?? Loss(value: 0, derivative: [])
  }
}

extension Loss {
  fileprivate func scaled(by scale: Double) -> Loss {
    guard scale != 1 else { return self }
    return Loss(
      value: scale * value, derivative: derivative.map { Float(scale) * $0 }, metrics: metrics)
  }

  fileprivate func adding(_ other: Loss, _ scale: Double) -> Loss {
    Loss(
      value: value + scale * other.value,
      derivative: zip(derivative, other.derivative).map { $0 + Float(scale) * $1 },
      metrics: metrics
        + other.metrics.filter { metric in
          !metrics.contains { $0.name == metric.name }
        })
  }
}
