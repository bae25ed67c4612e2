import Formats
import Layers
import Tensors

/// A layer's whole weight, saved with an adapter: it takes the base's place.
final class WholeWeight: Seated {
  let layer: any Substitutable
  let base: Weight, own: Weight

  init(_ layer: any Substitutable, _ own: Weight) {
    self.layer = layer
    base = layer.weight
    self.own = own
  }

  /// A copy of `start` that is trained.
  convenience init(training layer: any Substitutable, from start: Weight) {
    self.init(layer, .tensor(start.tensor().copy().asLeaf()))
  }

  var path: String { layer.path }
  func sit() { layer.substitute(own) }
  func lift() { layer.substitute(base) }

  func copy() -> any Seated {
    guard own.slot != nil else { return self }
    return WholeWeight(layer, base: base, .tensor(own.tensor().copy()))
  }

  private init(_ layer: any Substitutable, base: Weight, _ own: Weight) {
    self.layer = layer
    self.base = base
    self.own = own
  }

  /// The weight under its name in adapter_model.safetensors, where it is trained.
  var parameters: [NamedTensor] {
    guard case .tensor(let tensor) = own, tensor.slot != nil else { return [] }
    return [
      NamedTensor(
        name: AdapterTensors.name("weight", of: path), tensor: tensor,
        shape: [tensor.rows, tensor.columns])
    ]
  }
}

extension AdapterConfig {
  /// What `modules_to_save` and `trainable_token_indices` put into the place of the base's weights, as
  /// PEFT finds it: by the end of a module's path.
  func wholeWeights(of seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [WholeWeight]
  {
    guard case .file(let tensors, let trains) = source else {
      guard let name = savedModules.first(where: { $0 != AdapterTargets.scoreHead }) else {
        return []
      }
      throw FormatError(.unsupported, "modules_to_save", "'\(name)' cannot be trained whole yet")
    }
    var saved: [WholeWeight] = []
    for name in savedModules {
      for layer in try layers(named: name, in: seats, "modules_to_save", tensors)
      where !saved.contains(where: { $0.layer === layer }) {
        let own = try tensors.weight(of: layer.path, like: layer.weight)
        saved.append(trains ? WholeWeight(training: layer, from: own) : WholeWeight(layer, own))
      }
    }
    if method.keepsTies { saved += try tiedHead(to: saved, of: seats, in: tensors) }
    return saved + (try savedRows(of: seats, in: tensors))
  }

  private func layers(
    named name: String, in seats: ModelSeats, _ key: String, _ tensors: AdapterTensors
  ) throws(FormatError) -> [any Substitutable] {
    let layers = seats.matrices.filter { layer in
      ModulePath.spellings(of: layer.path).contains { $0.hasSuffix(name) }
    }
    guard layers.isEmpty else { return layers }
    throw FormatError(
      .unsupported, tensors.folder + "/" + AdapterConfig.fileName,
      "\(key) names '\(name)'; only embed_tokens and heads are read whole, merge the adapter with "
        + "PEFT")
  }

  /// A head that shares the embedding's weight follows a saved one only where the adapter says so.
  private func tiedHead(
    to saved: [WholeWeight], of seats: ModelSeats, in tensors: AdapterTensors
  ) throws(FormatError) -> [WholeWeight] {
    guard let head = seats.tiedHead, !saved.contains(where: { $0.layer === head }),
      let embedding = saved.first(where: { $0.layer === seats.embedding })
    else { return [] }
    let isInFile = tensors.holdsWeight(of: head.path)
    return [
      WholeWeight(
        head, isInFile ? try tensors.weight(of: head.path, like: head.weight) : embedding.own)
    ]
  }

  /// Weights with single rows of the file. A head that shares the embedding's weight follows its rows,
  /// unless it has others of its own.
  private func savedRows(of seats: ModelSeats, in tensors: AdapterTensors) throws(FormatError)
    -> [WholeWeight]
  {
    var saved: [WholeWeight] = []
    let tokens = method.savedTokens, lists = Set(tokens.values)
    for (name, ids) in tokens {
      for layer in try layers(named: name, in: seats, "trainable_token_indices", tensors) {
        let follows = layer === seats.tiedHead && tokens.count > 1 && lists.count == 1
        if follows { continue }
        let rows = try tensors.matrix(
          "token_adapter.trainable_tokens_delta", of: layer.path, ids.count, layer.weight.columns)
        saved.append(
          WholeWeight(layer, try layer.weight.replacing(ids, with: rows, tensors.folder)))
      }
    }
    guard let head = seats.tiedHead, !saved.contains(where: { $0.layer === head }),
      let embedding = saved.first(where: { $0.layer === seats.embedding })
    else { return saved }
    return saved + [WholeWeight(head, embedding.own)]
  }
}

extension ModelSeats {
  /// The head that shares the embedding's weight, if there is one.
  var tiedHead: Linear? { tiesHead ? linears.first { $0.name == "lm_head" } : nil }

  /// What `modules_to_save` can mean.
  var matrices: [any Substitutable] {
    (embedding.map { [$0] } ?? []) + linears.filter { AdapterTargets.isHead($0.path) }
  }
}

extension Weight {
  /// A copy in f32 with other rows at the places `ids`.
  fileprivate func replacing(_ ids: [Int], with rows: Tensor, _ folder: String)
    throws(FormatError) -> Weight
  {
    if let id = ids.first(where: { $0 >= self.rows }) {
      throw FormatError(
        .malformed, folder + "/" + AdapterConfig.fileName,
        "trainable_token_indices names token \(id), the model has \(self.rows)")
    }
    var values = tensor().values
    let own = rows.values
    for (place, id) in ids.enumerated() {
      values.replaceSubrange(
        id * columns..<(id + 1) * columns, with: own[place * columns..<(place + 1) * columns])
    }
    return .tensor(Tensor(rows: self.rows, columns: columns, values: values))
  }
}
