import Layers
import Ranks
import Tensors

/// Sums a step's gradients, which are spread over ranks: each rank sends each owner its nodes' sums of
/// what that owns, and the owner finishes the tree.
final class GradientExchange {
  let ownership: Ownership
  /// The trained tensors.
  let parameters: [NamedTensor]
  let slots: [Slot?]
  /// The sums of this rank's runs of each parcel.
  private var sums: [SumTree<TensorRuns>]
  /// Which tensors a gradient has reached, at any rank.
  private(set) var reached: [Bool]
  private var underWay: Shipment?
  /// How far the gradients of a way back have left, part by part.
  var departure: Departure?

  /// Each rank's nodes of the sum, and of each which tensors a gradient has reached.
  struct Round {
    let nodes: [[SumNode]], present: [[[Bool]]]
  }

  /// A parcel on its way.
  private struct Shipment {
    let parcel: Int, round: Round, own: [TensorRuns], received: [Staging], transfer: Transfer
  }

  private var group: Group { ownership.group }

  init(_ ownership: Ownership, of parameters: [NamedTensor]) {
    self.ownership = ownership
    slots = parameters.map(\.tensor.slot)
    self.parameters = parameters
    sums = ownership.parcels.map { _ in SumTree() }
    reached = slots.map { _ in false }
  }

  /// Begins a step.
  func reset() { reached = slots.map { _ in false } }

  /// A round: `own` are the sums of this rank's nodes, `nodes` those of all ranks.
  func add(_ own: [Gradients], _ nodes: [[SumNode]]) throws {
    let round = Round(nodes: nodes, present: try presence(own, nodes, of: Array(slots.indices)))
    for parcel in ownership.parcels.indices { try ship(parcel, round, own) }
    try finish()
  }

  /// The sum of each of this rank's runs; nil where nothing has reached the tensor. A new step begins.
  func take() throws -> [Tensor?] {
    try finish()
    return sums.indices.flatMap { parcel -> [Tensor?] in
      sums[parcel].takeTotal()?.values ?? ownership.parcels[parcel][group.rank].map { _ in nil }
    }
  }

  /// Of each node of each rank, which of `tensors` a gradient has reached.
  func presence(
    _ own: [Gradients], _ nodes: [[SumNode]], of tensors: [Int]
  ) throws -> [[[Bool]]] {
    let bytes = own.flatMap { gradients in
      tensors.map { slots[$0].flatMap { gradients[$0] } == nil ? UInt8(0) : 1 }
    }
    let all = try group.gather("which tensors have gradients", bytes)
    return all.indices.map { rank in
      nodes[rank].indices.map { node in
        var present = slots.map { _ in false }
        for (place, tensor) in tensors.enumerated() {
          present[tensor] = all[rank][node * tensors.count + place] == 1
        }
        return present
      }
    }
  }

  /// Sends a parcel on its way. One that is large waits until the one before has come: so little memory
  /// is needed. Of small ones one is added while the next is on its way.
  func ship(_ parcel: Int, _ round: Round, _ own: [Gradients]) throws {
    let numbers = ownership.parcels[parcel].map { $0.reduce(0) { $0 + $1.count } }
    if numbers.contains(where: { $0 > Ownership.size }) { try finish() }
    let next = start(parcel, round, own)
    try finish()
    underWay = next
  }

  private func start(_ parcel: Int, _ round: Round, _ own: [Gradients]) -> Shipment {
    for tensors in round.present.joined() {
      for run in ownership.parcels[parcel].joined() where tensors[run.tensor] {
        reached[run.tensor] = true
      }
    }
    func value(_ node: Int, _ run: Pieces.Run) -> Tensor? {
      guard round.present[group.rank][node][run.tensor] else { return nil }
      return slots[run.tensor].flatMap { own[node][$0] }
    }
    let runs = ownership.parcels[parcel], nodes = round.nodes[group.rank].indices
    func staging(from rank: Int, to owner: Int) -> Staging {
      guard rank != owner else { return Staging(numbers: 0) }
      return Staging(
        numbers: round.present[rank].reduce(0) { sum, present in
          runs[owner].reduce(sum) { $0 + (present[$1.tensor] ? $1.count : 0) }
        })
    }
    let sent = (0..<group.count).map { owner -> Staging in
      let staging = staging(from: group.rank, to: owner)
      guard owner != group.rank else { return staging }
      for node in nodes {
        for run in runs[owner] {
          if let value = value(node, run) { staging.append(value, run.range) }
        }
      }
      return staging
    }
    let received = (0..<group.count).map { staging(from: $0, to: group.rank) }
    let transfer = group.start(
      "the gradients", sending: sent.map { UnsafeRawBufferPointer($0.bytes) },
      receiving: received.map(\.bytes), keeping: (sent, received))
    // The gradients themselves may go while this is on its way.
    let kept = nodes.map { node in
      TensorRuns(runs[group.rank].map { run in value(node, run)?.copy(run.range) })
    }
    return Shipment(
      parcel: parcel, round: round, own: kept, received: received, transfer: transfer)
  }

  /// Adds what is on its way, once it has come.
  private func finish() throws {
    guard let shipment = underWay else { return }
    underWay = nil
    try shipment.transfer.wait()
    let runs = ownership.parcels[shipment.parcel][group.rank]
    guard !runs.isEmpty else { return }
    for rank in 0..<group.count {
      for (index, node) in shipment.round.nodes[rank].enumerated() {
        if rank == group.rank {
          sums[shipment.parcel].add(shipment.own[index], node)
          continue
        }
        let values = runs.map { run -> Tensor? in
          guard shipment.round.present[rank][index][run.tensor] else { return nil }
          return Tensor(bytes: shipment.received[rank].take(run.count))
        }
        sums[shipment.parcel].add(TensorRuns(values), node)
      }
    }
  }
}
