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
    let own = batches[share.group.rank], teaching = batches.map { $0.contains { teaches[$0] } }
    // Where weights are gathered all ranks walk through as many passes.
    let passes = model.gathered == nil ? own.count : batches.map(\.count).max() ?? 0
    for place in 0..<passes {
      if place == passes - 1 { exchange.begin(nodes, teaches: teaching) }
      let batch = own.indices.contains(place) ? own[place] : nil
      try observing(exchange, &gradients, isEmpty: batch.map { !teaches[$0] } ?? true) {
        if let batch { try learn(batch, &$0) }
      }
    }
    if passes == 0 { exchange.begin(nodes, teaches: teaching) }
    try exchange.end(&gradients)
  }

  /// Runs `body`, in which there is a pass forward and back unless that `isEmpty`; `exchange` hears of the
  /// way back.
  func observing(
    _ exchange: GradientExchange, _ gradients: inout Gradients, isEmpty: Bool,
    _ body: (inout Gradients) throws -> Void
  ) throws {
    if let gathered = model.gathered {
      gathered.exchange = exchange
      defer { gathered.exchange = nil }
      return try gathered.learning(&gradients, isEmpty: isEmpty, body)
    }
    model.observer = exchange
    defer { model.observer = nil }
    try body(&gradients)
  }
}
