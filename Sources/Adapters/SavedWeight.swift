import Formats
import Layers
import Tensors

/// A layer, the base's weight, and the one of an adapter's file that takes its place.
struct SavedWeight {
  let layer: any Substitutable, base: Weight, own: Weight

  init(_ layer: any Substitutable, _ own: Weight, over base: Weight? = nil) {
    self.layer = layer
    self.base = base ?? layer.weight
    self.own = own
  }
}

extension AdapterConfig {
  /// What `modules_to_save` and `trainable_token_indices` put into the place of the base's weights, as
  /// PEFT finds it: by the end of a module's path.
  func savedWeights(
    of seats: AdapterSeats, in tensors: inout AdapterTensors, _ folder: String
  ) throws(FormatError) -> [SavedWeight] {
    var saved: [SavedWeight] = []
    for name in savedModules {
      for layer in try layers(named: name, in: seats, "modules_to_save", folder)
      where !saved.contains(where: { $0.layer === layer }) {
        saved.append(
          SavedWeight(layer, try tensors.weight(of: layer.path, like: layer.weight)))
      }
    }
    if keepsTies { saved += try tiedHead(to: saved, of: seats, in: &tensors) }
    return saved + (try savedRows(of: seats, in: &tensors, folder))
  }

  private func layers(
    named name: String, in seats: AdapterSeats, _ key: String, _ folder: String
  ) throws(FormatError) -> [any Substitutable] {
    let layers = seats.matrices.filter { layer in
      ModulePath.spellings(of: layer.path).contains { $0.hasSuffix(name) }
    }
    guard layers.isEmpty else { return layers }
    throw FormatError(
      .unsupported, folder + "/" + AdapterConfig.fileName,
      "\(key) names '\(name)'; only embed_tokens and heads are read whole, merge the adapter with "
        + "PEFT")
  }

  /// A head that shares the embedding's weight follows a saved one only where the adapter says so.
  private func tiedHead(
    to saved: [SavedWeight], of seats: AdapterSeats, in tensors: inout AdapterTensors
  ) throws(FormatError) -> [SavedWeight] {
    guard let head = seats.tiedHead, !saved.contains(where: { $0.layer === head }),
      let embedding = saved.first(where: { $0.layer === seats.embedding })
    else { return [] }
    let isInFile = tensors.holdsWeight(of: head.path)
    return [
      SavedWeight(
        head, isInFile ? try tensors.weight(of: head.path, like: head.weight) : embedding.own)
    ]
  }

  /// Weights with single rows of the file. A head that shares the embedding's weight follows its rows,
  /// unless it has others of its own.
  private func savedRows(
    of seats: AdapterSeats, in tensors: inout AdapterTensors, _ folder: String
  ) throws(FormatError) -> [SavedWeight] {
    var saved: [SavedWeight] = []
    let lists = Set(savedTokens.values)
    for (name, ids) in savedTokens {
      for layer in try layers(named: name, in: seats, "trainable_token_indices", folder) {
        let follows = layer === seats.tiedHead && savedTokens.count > 1 && lists.count == 1
        if follows { continue }
        let rows = try tensors.matrix(
          "token_adapter.trainable_tokens_delta", of: layer.path, ids.count, layer.weight.columns)
        saved.append(SavedWeight(layer, try layer.weight.replacing(ids, with: rows, folder)))
      }
    }
    guard let head = seats.tiedHead, !saved.contains(where: { $0.layer === head }),
      let embedding = saved.first(where: { $0.layer === seats.embedding })
    else { return saved }
    return saved + [SavedWeight(head, embedding.own)]
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
