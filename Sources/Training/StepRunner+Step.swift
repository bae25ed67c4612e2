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
    let totals = try totals(step.count, texts)
    let terms = try prepared(step, own: own)
    if probes, let exchange { try probe(terms, rows[0] ?? [], totals, masks(0), exchange) }
    let leaves = StepLeaves(batches: step.count, lanes: share.lanes).ranges
    var outcomes: [(number: Int, value: BatchOutcome)] = []
    let (owned, gradients) = try sum(leaves.count, exchange) { leaf in
      var gradients = Gradients()
      for number in leaves[leaf] {
        guard let rows = rows[number], let texts = texts[number] else {
          preconditionFailure("step: micro-batch \(number) is another rank's")
        }
        var outcome = try batch(terms, rows, texts, totals, masks(number), into: &gradients)
        if number == 0 { outcome.metrics += gradients.add(penalty: penalty()) }
        outcomes.append((number, outcome))
      }
      return gradients
    }
    var result = StepResult(owned: owned, gradients: gradients)
    result.weight = totals[0]
    let all = try share.group.inOrder("what micro-batches came to", of: step.count, outcomes)
    for outcome in all { result.add(outcome) }
    return result
  }

  /// What the terms' means divide by, over all micro-batches in their order.
  private func totals(_ count: Int, _ texts: [Int: ScoredTexts]) throws -> [Double] {
    let own = texts.map { number, texts in
      (number: number, value: terms.map { $0.objective.weight(of: texts.batch) })
    }
    let all = try share.group.inOrder("tokens of micro-batches", of: count, own)
    return terms.indices.map { term in all.reduce(0) { $0 + $1[term] } }
  }

  /// The sum of the leaves' gradients along the tree: whole, or of what this rank owns.
  private func sum(
    _ count: Int, _ exchange: GradientExchange?, _ leaf: (Int) throws -> Gradients
  ) throws -> (owned: [Tensor?]?, whole: Gradients) {
    guard let exchange else {
      var sum = SumTree<Gradients>()
      for number in 0..<count { sum.add(try leaf(number), leaf: number) }
      return (nil, sum.takeTotal() ?? Gradients())
    }
    exchange.reset()
    for nodes in share.rounds(count) {
      var sum = SumTree<Gradients>()
      for node in nodes[share.group.rank] {
        for number in node.first..<node.end { sum.add(try leaf(number), leaf: number) }
      }
      try exchange.add(sum.nodes.map(\.value), nodes)
    }
    return (exchange.take(), Gradients())
  }

  /// Refuses ranks that compute another gradient from the rows of micro-batch 0: processors, libraries or
  /// memory differ.
  private func probe(
    _ terms: [Term], _ rows: [TrainingRow], _ totals: [Double], _ masks: ForwardPass.Masks?,
    _ exchange: GradientExchange
  ) throws {
    var gradients = Gradients()
    _ = try batch(terms, rows, scored(rows), totals, masks, into: &gradients)
    let group = share.group
    let own = exchange.parameters.map { parameter in
      parameter.tensor.slot.flatMap { gradients[$0] }?.fingerprint ?? 0
    }
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
