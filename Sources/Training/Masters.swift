import Formats
import Layers
import Models
import Ranks
import Tensors

/// The numbers that full fine-tuning updates, where a pass computes with copies of them: rounded ones, or
/// such as are here only while a pass comes to them.
public final class Masters {
  /// Which of the numbers each rank updates.
  let ownership: Ownership
  /// The trained tensors, of which some may have no storage now.
  let parameters: [NamedTensor]
  /// The numbers of each run that is updated here; nil where they lie in the tensor itself.
  let values: [Tensor?]
  /// What weights are rounded to before anything is computed with them.
  let type: ElementType
  /// Whether weights are here only while a pass comes to them.
  let isSharded: Bool

  /// Of all weights of `model`, which become leaves. Where they are sharded no more than one part's are
  /// here at once.
  init(of model: CausalLanguageModel, _ share: StepShare, _ type: ElementType) {
    self.type = type
    let isSharded = share.shardsWeights, blocks = 1...max(model.parts.norm - 1, 1)
    self.isSharded = isSharded
    var kept: [Int: [Tensor]] = [:]
    let parameters = model.unfreeze { part, leaves in
      guard isSharded else { return }
      let own = Ownership(
        share.group, of: leaves, parts: [Array(leaves.indices)],
        whole: { _ in blocks.contains(part) }
      ).own
      kept[part] = own.map { leaves[$0.tensor].tensor.copy($0.range) }
      for leaf in leaves { leaf.tensor.letGo() }
      Buffer.trim()
    }
    self.parameters = parameters
    // Where nothing is spread each rank updates all of it.
    let updating = share.stage == .nothing ? StepShare.alone : share
    let ownership = Ownership(
      updating, of: parameters, parts: model.parts(of: parameters.map(\.name)))
    self.ownership = ownership
    values = ownership.parts.indices.flatMap { part -> [Tensor?] in
      if let kept = kept[part] { return kept }
      let own = ownership.parts[part].flatMap { ownership.parcels[$0][updating.group.rank] }
      return own.map { type == .f32 ? nil : parameters[$0.tensor].tensor.copy($0.range) }
    }
    precondition(values.count == ownership.own.count, "masters: other runs")
    refresh()
    if type == .bf16 { roundOthers() }
  }

  /// Where the numbers of this rank's run `index` are.
  func place(_ index: Int, _ run: Pieces.Run) -> (tensor: Tensor, range: Range<Int>) {
    values[index].map { ($0, 0..<$0.count) } ?? (parameters[run.tensor].tensor, run.range)
  }

  /// Has all ranks compute with what was updated of tensors that are `moved`.
  func publish(moved: [Bool]) throws {
    refresh()
    guard !ownership.group.isAlone else { return }
    let own = ownership.own
    try ownership.handOut(
      "the weights", as: type, moved: zip(moved, parameters).map { $0 && $1.tensor.isHeld },
      own: { self.place($0, own[$0]) },
      others: { [type] run, bytes in
        self.parameters[run.tensor].tensor.assign(bytes, as: type, to: run.range)
      })
  }

  /// Rounds what is updated here into the tensors, where these have storage.
  private func refresh() {
    for (run, value) in zip(ownership.own, values) {
      let tensor = parameters[run.tensor].tensor
      guard let value, tensor.isHeld else { continue }
      tensor.assign(value, roundedTo: type, to: run.range)
    }
  }

  /// Rounds what other ranks update: these have the same numbers now.
  private func roundOthers() {
    for rank in 0..<ownership.group.count where rank != ownership.group.rank {
      for run in ownership.runs(of: rank) {
        let tensor = parameters[run.tensor].tensor
        guard tensor.isHeld else { continue }
        tensor.assign(tensor.copy(run.range), roundedTo: type, to: run.range)
      }
    }
  }
}

extension Masters {
  /// The weights as a file has them, whole.
  func file(_ group: Group) -> SpreadFile {
    let own = ownership.own
    return SpreadFile(
      "the weights", group, parameters, (0..<ownership.group.count).map(ownership.runs),
      parameters.enumerated().map { index, parameter in
        SpreadFile.Entry(
          name: parameter.name, parameter: index,
          value: { (run) throws(FormatError) in
            let (tensor, range) = self.place(run, own[run])
            return tensor.copy(range)
          },
          set: { (value, run) throws(FormatError) in
            let (tensor, range) = self.place(run, own[run])
            value.withBytes(of: 0..<value.count) { tensor.assign($0, to: range) }
          })
      })
  }
}

extension Tensor {
  /// Overwrites a run with a value's numbers as `type` can hold them.
  fileprivate func assign(_ value: Tensor, roundedTo type: ElementType, to range: Range<Int>) {
    let rounded = Staging(value, as: type)
    // Its bytes go with it.
    withExtendedLifetime(rounded) { assign(rounded.whole, as: type, to: range) }
  }

  /// Overwrites a run with numbers that are `type` in `bytes`.
  func assign(_ bytes: UnsafeRawBufferPointer, as type: ElementType, to range: Range<Int>) {
    if type == .bf16 { assign(bf16: bytes, to: range) } else { assign(bytes, to: range) }
  }
}
