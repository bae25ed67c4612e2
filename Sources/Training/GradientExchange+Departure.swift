import Tensors

// A way back's gradients leave part by part, as soon as they are complete.
extension GradientExchange {
  /// How far they have left, and where they go.
  struct Departure {
    /// The part that leaves next.
    var next: Int
    /// Where they go; nil: nowhere, they are told apart by their fingerprints.
    let round: Round?
    var fingerprints: [UInt64] = []
    /// What has gone wrong on the way, where nothing can be thrown.
    var fault: (any Error)?
  }

  /// The tensors that belong to no part are behind all others.
  private var others: Int { ownership.parts.count - 1 }

  /// A round begins in which each rank has one node at most. `teaches`: whether anything is learnt from
  /// a rank's; then all tensors of the model's parts have gradients.
  func begin(_ nodes: [[SumNode]], teaches: [Bool]) {
    let present = zip(nodes, teaches).map { nodes, teaches in
      nodes.map { _ in slots.map { teaches && $0 != nil } }
    }
    departure = Departure(next: others - 1, round: Round(nodes: nodes, present: present))
  }

  /// What is left of the round's gradients leaves, too.
  func end(_ gradients: inout Gradients) throws {
    comesBack(to: -1, with: &gradients)
    guard let round = departure?.round else { return }
    let fault = departure?.fault
    departure = nil
    if let fault { throw fault }
    guard !ownership.parts[others].isEmpty else { return }
    let own = round.nodes[ownership.group.rank].isEmpty ? [] : [gradients]
    let present = try presence(own, round.nodes, of: ownership.tensors[others])
    for parcel in ownership.parts[others] {
      try ship(parcel, Round(nodes: round.nodes, present: present), own)
    }
    gradients = Gradients()
  }

  /// From now on gradients are only told apart.
  func beginProbe() {
    departure = Departure(next: others - 1, round: nil, fingerprints: slots.map { _ in 0 })
  }

  /// The fingerprint of each tensor's gradient; 0 where there is none.
  func endProbe(_ gradients: inout Gradients) -> [UInt64] {
    comesBack(to: -1, with: &gradients)
    note(others, &gradients)
    defer { departure = nil }
    return departure?.fingerprints ?? []
  }

  /// The gradients of `part` are not needed here any more.
  private func leave(_ part: Int, _ gradients: inout Gradients) throws {
    guard let round = departure?.round else { return note(part, &gradients) }
    let nodes = round.present[ownership.group.rank]
    for tensor in ownership.tensors[part] where nodes.first?[tensor] == true {
      guard slots[tensor].flatMap({ gradients[$0] }) == nil else { continue }
      throw TrainingError(
        .refused,
        "no gradient has reached '\(parameters[tensor].name)', whose neighbours have one; this is a "
          + "fault of the program, please report it, and set distribution.stage: 1")
    }
    for parcel in ownership.parts[part] {
      try ship(parcel, round, nodes.isEmpty ? [] : [gradients])
    }
    forget(part, &gradients)
  }

  private func note(_ part: Int, _ gradients: inout Gradients) {
    for tensor in ownership.tensors[part] {
      let value = slots[tensor].flatMap { gradients[$0] }
      departure?.fingerprints[tensor] = value?.fingerprint ?? 0
    }
    forget(part, &gradients)
  }

  private func forget(_ part: Int, _ gradients: inout Gradients) {
    for tensor in ownership.tensors[part] {
      if let slot = slots[tensor] { gradients.forget(slot) }
    }
  }
}

extension GradientExchange: PassObserver {
  /// Nothing is to be seen to.
  func begin() {}
  /// All weights are there.
  func enter(_: Int) {}
  /// They stay.
  func leave(_: Int) {}

  /// Parts behind `part` leave, each once.
  func comesBack(to part: Int, with gradients: inout Gradients) {
    while let next = departure?.next, next > part, departure?.fault == nil {
      do { try leave(next, &gradients) } catch { departure?.fault = error }
      departure?.next = next - 1
    }
  }
}
