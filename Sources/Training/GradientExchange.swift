import Layers
import Ranks
import Tensors

/// Sums a step's gradients, which are spread over ranks: each rank sends each owner its nodes' sums of
/// what that owns, and the owner finishes the tree.
final class GradientExchange {
  private let ownership: Ownership
  /// The trained tensors.
  let parameters: [NamedTensor]
  private let slots: [Slot?]
  /// The sums of this rank's portions.
  private var sums: [SumTree<TensorRuns>]
  /// Which tensors a gradient has reached, at any rank.
  private(set) var reached: [Bool]

  private var group: Group { ownership.group }

  init(_ ownership: Ownership, of parameters: [NamedTensor]) {
    self.ownership = ownership
    slots = parameters.map(\.tensor.slot)
    self.parameters = parameters
    sums = ownership.portions[ownership.group.rank].map { _ in SumTree() }
    reached = slots.map { _ in false }
  }

  /// A round: `own` are the sums of this rank's nodes, `nodes` those of all ranks.
  func add(_ own: [Gradients], _ nodes: [[SumNode]]) throws {
    let present = try presence(own, nodes)
    var pending: (number: Int, received: [Staging], transfer: Transfer)?
    for number in 0..<ownership.count {
      let next = start(number, own, nodes, present)
      // One portion is added while the next is on its way.
      if let pending { try finish(pending, own, nodes, present) }
      pending = next
    }
    if let pending { try finish(pending, own, nodes, present) }
  }

  /// The sum of each of this rank's runs; nil where nothing has reached the tensor. A new step begins.
  func take() -> [Tensor?] {
    let portions = ownership.portions[group.rank]
    return sums.indices.flatMap { index -> [Tensor?] in
      let total = sums[index].takeTotal()
      return total?.values ?? portions[index].map { _ in nil }
    }
  }

  /// Begins a step.
  func reset() { reached = slots.map { _ in false } }

  /// Of each node of each rank, which tensors a gradient has reached.
  private func presence(_ own: [Gradients], _ nodes: [[SumNode]]) throws -> [[[Bool]]] {
    let bytes = own.flatMap { gradients in
      slots.map { slot in slot.flatMap { gradients[$0] } == nil ? UInt8(0) : 1 }
    }
    let all = try group.gather("which tensors have gradients", bytes)
    let present = all.indices.map { rank in
      nodes[rank].indices.map { node in
        slots.indices.map { all[rank][node * slots.count + $0] == 1 }
      }
    }
    for tensors in present.joined() {
      for (tensor, isThere) in tensors.enumerated() where isThere { reached[tensor] = true }
    }
    return present
  }

  private func start(
    _ number: Int, _ own: [Gradients], _ nodes: [[SumNode]], _ present: [[[Bool]]]
  ) -> (number: Int, received: [Staging], transfer: Transfer) {
    func numbers(from rank: Int, to owner: Int) -> Int {
      guard rank != owner else { return 0 }
      return nodes[rank].indices.reduce(0) { sum, node in
        ownership.runs(number, of: owner).reduce(sum) {
          $0 + (present[rank][node][$1.tensor] ? $1.count : 0)
        }
      }
    }
    let sent = (0..<group.count).map { owner -> Staging in
      let staging = Staging(numbers: numbers(from: group.rank, to: owner))
      guard owner != group.rank else { return staging }
      for gradients in own {
        for run in ownership.runs(number, of: owner) {
          guard let value = slots[run.tensor].flatMap({ gradients[$0] }) else { continue }
          staging.append(value, run.range)
        }
      }
      return staging
    }
    let received = (0..<group.count).map {
      Staging(numbers: numbers(from: $0, to: group.rank))
    }
    let transfer = group.start(
      "the gradients", sending: sent.map { UnsafeRawBufferPointer($0.bytes) },
      receiving: received.map(\.bytes), keeping: (sent, received))
    return (number, received, transfer)
  }

  private func finish(
    _ pending: (number: Int, received: [Staging], transfer: Transfer), _ own: [Gradients],
    _ nodes: [[SumNode]], _ present: [[[Bool]]]
  ) throws {
    try pending.transfer.wait()
    let runs = ownership.runs(pending.number, of: group.rank)
    guard !runs.isEmpty else { return }
    for rank in 0..<group.count {
      for (index, node) in nodes[rank].enumerated() {
        let values = runs.map { run -> Tensor? in
          guard present[rank][index][run.tensor] else { return nil }
          if rank == group.rank {
            return slots[run.tensor].flatMap { own[index][$0] }?.copy(run.range)
          }
          return Tensor(bytes: pending.received[rank].take(run.count))
        }
        sums[pending.number].add(TensorRuns(values), node)
      }
    }
  }
}
