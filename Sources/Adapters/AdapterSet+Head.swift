import Formats
import Layers
import Tensors

extension AdapterSet {
  /// Trains the head of a score beside the adapters, as a whole weight: that of the adapter's file where
  /// it holds one, else the model's.
  public func trainHead(_ head: Linear) {
    let own = Weight.tensor(head.weight.tensor().copy().asLeaf())
    let base = saved.first { $0.layer === head }?.base
    saved.removeAll { $0.layer === head }
    saved.append(SavedWeight(head, own, over: base))
    head.substitute(own)
    config = config.scoring
  }
}

extension SavedWeight {
  /// The weight under its name in adapter_model.safetensors, where it is trained.
  var trained: NamedTensor? {
    guard case .tensor(let tensor) = own, tensor.slot != nil else { return nil }
    return NamedTensor(
      name: AdapterTensors.prefix + ModulePath.inMemory(layer.path) + ".weight", tensor: tensor,
      shape: [tensor.rows, tensor.columns])
  }
}

extension AdapterConfig {
  /// Refuses an adapter of a reward model on a model that has no head of a score.
  func check(_ seats: AdapterSeats, _ folder: String) throws(FormatError) {
    guard task == .score, seats.scoreHead == nil else { return }
    throw FormatError(
      .unsupported, folder + "/" + Self.fileName,
      "task_type is SEQ_CLS: the adapter makes a reward model of its base, which gives scores and "
        + "writes no text; `host evaluate --task preference` judges it, and the reward "
        + "'preference_model' scores answers with it")
  }
}
