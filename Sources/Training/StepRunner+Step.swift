import Models
import Objectives
import Ranks
import Tensors

extension StepRunner {
  /// Loss and gradients of a step over `rows`, a micro-batch each, of which this rank computes all.
  func callAsFunction(
    _ rows: [[TrainingRow]], masks: (Int) -> ForwardPass.Masks? = { _ in nil },
    penalty: () -> Tensor? = { nil }
  ) throws -> StepResult {
    try self(StepRows(rows), masks: masks, penalty: penalty)
  }

  /// Loss and gradients of a step. What the means divide by is counted over the whole step, at all
  /// ranks, first. `masks` says which masks of dropout the micro-batch of a number draws; `penalty` is
  /// what is added to the loss once, but not told with it. With several ranks gradients come together
  /// through `exchange`; `probes`: whether ranks first compute a gradient from the same rows, and must
  /// find the same.
  func callAsFunction(
    _ step: StepRows, exchange: GradientExchange? = nil, probes: Bool = false,
    masks: (Int) -> ForwardPass.Masks? = { _ in nil }, penalty: () -> Tensor? = { nil }
  ) throws -> StepResult {
    let own = share.batches(step.count), rows = step.rows
    let texts = Dictionary(
      uniqueKeysWithValues: own.map { ($0, scored(rows[$0] ?? [])) })
    let known = try beforehand(step.count, texts), totals = known.totals
    let terms = try prepared(step, own: own)
    if probes, let exchange { try probe(terms, rows[0] ?? [], totals, masks(0), exchange) }
    let penalty = penalty()
    var outcomes: [(number: Int, value: BatchOutcome)] = []
    let (owned, gradients) = try sum(
      StepLeaves(batches: step.count, lanes: share.lanes), exchange, teaches: known.teaches,
      completesLate: penalty != nil
    ) { number, gradients in
      guard let rows = rows[number], let texts = texts[number] else {
        preconditionFailure("step: micro-batch \(number) is another rank's")
      }
      var outcome = try batch(terms, rows, texts, totals, masks(number), into: &gradients)
      if number == 0 { outcome.metrics += gradients.add(penalty: penalty) }
      outcomes.append((number, outcome))
    }
    var result = StepResult(owned: owned, gradients: gradients)
    result.weight = totals[0]
    let all = try share.group.inOrder("what micro-batches came to", of: step.count, outcomes)
    for outcome in all { result.add(outcome) }
    return result
  }

  /// What the terms' means divide by, over all micro-batches in their order; and of which of these
  /// anything is learnt.
  private func beforehand(
    _ count: Int, _ texts: [Int: ScoredTexts]
  ) throws -> (totals: [Double], teaches: [Bool]) {
    let own = texts.map { number, texts -> (number: Int, value: [Double]) in
      let isSilent = terms.allSatisfy { $0.objective.isSilent(texts.batch) }
      return (number, terms.map { $0.objective.weight(of: texts.batch) } + [isSilent ? 0 : 1])
    }
    let all = try share.group.inOrder("tokens of micro-batches", of: count, own)
    return (
      terms.indices.map { term in all.reduce(0) { $0 + $1[term] } },
      all.map { $0[terms.count] == 1 }
    )
  }

  /// Refuses ranks that compute another gradient from the rows of micro-batch 0: processors, libraries or
  /// memory differ.
  private func probe(
    _ terms: [Term], _ rows: [TrainingRow], _ totals: [Double], _ masks: ForwardPass.Masks?,
    _ exchange: GradientExchange
  ) throws {
    var gradients = Gradients()
    exchange.beginProbe()
    let texts = scored(rows)
    let isEmpty = terms.allSatisfy { $0.objective.isSilent(texts.batch) }
    try observing(exchange, &gradients, isEmpty: isEmpty) {
      _ = try batch(terms, rows, texts, totals, masks, into: &$0)
    }
    let group = share.group, own = exchange.endProbe(&gradients)
    let all = try group.inOrder("the first gradient's hash", of: group.count, [(group.rank, own)])
    guard let other = all.firstIndex(where: { $0 != all[0] }) else { return }
    let place = zip(all[other], all[0]).enumerated().first { $0.element.0 != $0.element.1 }
    let name = place.map { exchange.parameters[$0.offset].name } ?? ""
    throw TrainingError(
      .diverged,
      "\(group.name(of: other)) computes another gradient than rank 0 from the same rows (\(name) "
        + "first); its processor, OpenBLAS or memory differs")
  }
}
