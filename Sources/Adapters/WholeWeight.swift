import Formats
import Layers
import Tensors

/// A layer's whole weight, saved with an adapter: it takes the base's place.
final class WholeWeight: Seated {
  let layer: any Substitutable
  let base: Weight, own: Weight
  /// Whether another layer trains and saves it.
  private let isShared: Bool

  init(_ layer: any Substitutable, _ own: Weight, isShared: Bool = false) {
    self.layer = layer
    base = layer.stored
    self.own = own
    self.isShared = isShared
  }

  /// A copy of `start` that is trained.
  convenience init(training layer: any Substitutable, from start: Weight) {
    self.init(layer, .tensor(start.tensor().copy().asLeaf()))
  }

  private init(_ other: WholeWeight) {
    (layer, base, isShared) = (other.layer, other.base, other.isShared)
    own = other.own.slot == nil ? other.own : .tensor(other.own.tensor().copy())
  }

  var path: String { layer.path }
  func sit() { layer.substitute(own) }
  func lift() { layer.substitute(base) }
  func copy() -> any Seated { WholeWeight(self) }

  /// The weight under its name in adapter_model.safetensors, where it is trained.
  var parameters: [NamedTensor] {
    guard !isShared, case .tensor(let tensor) = own, tensor.slot != nil else { return [] }
    return [
      NamedTensor(
        name: AdapterTensors.name("weight", of: path), tensor: tensor, shape: layer.axes)
    ]
  }
}

extension AdapterConfig {
  /// What `modules_to_save` and `trainable_token_indices` put into the place of the base's weights, as
  /// PEFT finds it: by the end of a module's path, or of one that holds it.
  func wholeWeights(of seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    var weights: [WholeWeight] = [], biases: [TrainedBias] = []
    for name in savedModules {
      for layer in try seats.layers(named: name, "modules_to_save", source)
      where !weights.contains(where: { $0.layer === layer }) {
        weights.append(try source.wholeWeight(of: layer))
        guard let linear = layer as? Linear, let bias = linear.bias else { continue }
        biases.append(
          TrainedBias(
            of: linear, bias, named: "bias",
            own: try source.stored("bias", of: linear.path, bias.count), rateFactor: 1))
      }
    }
    if method.keepsTies { weights += try tiedHead(to: weights, of: seats, from: source) }
    return weights + biases + (try savedRows(of: seats, from: source))
  }

  /// A head that shares the embedding's weight follows a saved one only where the adapter says so.
  private func tiedHead(
    to saved: [WholeWeight], of seats: ModelSeats, from source: AdapterSource
  ) throws(FormatError) -> [WholeWeight] {
    guard let head = seats.tiedHead, !saved.contains(where: { $0.layer === head }),
      let embedding = saved.first(where: { $0.layer === seats.embedding })
    else { return [] }
    if case .file(let tensors, _) = source, tensors.holds("weight", of: head.path) {
      // The same numbers; where the two are trained on, they stay one.
      let own = try tensors.weight(of: head.path, like: head.weight)
      if embedding.own.slot == nil { return [WholeWeight(head, own)] }
    }
    return [WholeWeight(head, embedding.own, isShared: true)]
  }
}

extension AdapterSource {
  /// The whole weight of a layer: trained where the adapter is new or goes on, else as it lies in the
  /// file.
  fileprivate func wholeWeight(of layer: any Substitutable) throws(FormatError) -> WholeWeight {
    guard case .file(let tensors, let trains) = self else {
      return WholeWeight(training: layer, from: layer.stored)
    }
    let own: Weight =
      layer.axes.count == 1
      ? .tensor(try tensors.vector("weight", of: layer.path, layer.axes[0]))
      : try tensors.weight(of: layer.path, like: layer.stored)
    return trains ? WholeWeight(training: layer, from: own) : WholeWeight(layer, own)
  }

  /// The file that names what is wrong in an adapter's configuration; of a new adapter `key`.
  func place(_ key: String) -> String {
    guard case .file(let tensors, _) = self else { return key }
    return tensors.folder + "/" + AdapterConfig.fileName
  }
}

extension ModelSeats {
  /// The head that shares the embedding's weight, if there is one.
  var tiedHead: Linear? { tiesHead ? linears.first { $0.name == "lm_head" } : nil }

  /// The layers that `name` means in `key`: PEFT compares it with the end of a module's path, and takes a
  /// module with all that it holds.
  func layers(named name: String, _ key: String, _ source: AdapterSource) throws(FormatError)
    -> [any Substitutable]
  {
    let all: [any Substitutable] = (embedding.map { [$0] } ?? []) + linears + norms
    let layers = all.filter { layer in
      ModulePath.spellings(of: layer.path).contains { Self.isWithin($0, name) }
    }
    guard layers.isEmpty else { return layers }
    throw FormatError(
      .unsupported, source.place(key),
      "\(key) names '\(name)', which is no module of this model's language part; its modules are "
        + Set(all.compactMap { $0.path.split(separator: ".").last.map(String.init) }).sorted()
        .joined(separator: ", "))
  }

  /// Whether `path`, or that of a module that holds it, ends with `name`.
  static func isWithin(_ path: String, _ name: String) -> Bool {
    path.hasSuffix(name) || path.indices.contains { path[$0] == "." && path[..<$0].hasSuffix(name) }
  }
}
