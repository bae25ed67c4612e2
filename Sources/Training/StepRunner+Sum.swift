import Tensors

extension StepRunner {
  /// Adds what a micro-batch teaches to gradients.
  typealias Learning = (_ number: Int, _ gradients: inout Gradients) throws -> Void

  /// The sum of the leaves' gradients along the tree: whole, or of what this rank owns. `teaches` says of
  /// which micro-batches anything is learnt; `completesLate`: the first one's gradient is added to behind
  /// its way back.
  func sum(
    _ leaves: StepLeaves, _ exchange: GradientExchange?, teaches: [Bool], completesLate: Bool,
    _ learn: Learning
  ) throws -> (owned: [Tensor?]?, whole: Gradients) {
    func leaf(_ number: Int) throws -> Gradients {
      var gradients = Gradients()
      for batch in leaves.ranges[number] { try learn(batch, &gradients) }
      return gradients
    }
    guard let exchange else {
      var sum = SumTree<Gradients>()
      for number in leaves.ranges.indices { sum.add(try leaf(number), leaf: number) }
      return (nil, sum.takeTotal() ?? Gradients())
    }
    exchange.reset()
    for (number, nodes) in share.rounds(leaves.ranges.count).enumerated() {
      if share.isDealt, number > 0 || !completesLate {
        let batches = nodes.map { $0.first.map { Array(leaves.ranges[$0.first]) } ?? [] }
        try dealt(nodes, batches, exchange, teaches, learn)
        continue
      }
      var sum = SumTree<Gradients>()
      for node in nodes[share.group.rank] {
        for number in node.first..<node.end { sum.add(try leaf(number), leaf: number) }
      }
      try exchange.add(sum.nodes.map(\.value), nodes)
    }
    return (try exchange.take(), Gradients())
  }

  /// A round in which each rank has one leaf at most, of these micro-batches: gradients leave part by
  /// part, on the way back of the last one.
  private func dealt(
    _ nodes: [[SumNode]], _ batches: [[Int]], _ exchange: GradientExchange, _ teaches: [Bool],
    _ learn: Learning
  ) throws {
    var gradients = Gradients()
    let own = batches[share.group.rank]
    for (place, batch) in own.enumerated() {
      if place == own.count - 1 {
        exchange.begin(nodes, teaches: batches.map { $0.contains { teaches[$0] } })
      }
      try observing(exchange) { try learn(batch, &gradients) }
    }
    if own.isEmpty {
      exchange.begin(nodes, teaches: batches.map { $0.contains { teaches[$0] } })
    }
    try exchange.end(&gradients)
  }

  /// Runs `body`, whose ways back `observer` hears of.
  func observing(_ observer: any PassObserver, _ body: () throws -> Void) rethrows {
    model.observer = observer
    defer { model.observer = nil }
    try body()
  }
}
