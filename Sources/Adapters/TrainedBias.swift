import Layers
import Tensors

/// A layer's bias, trained beside adapters: it takes the base's place.
final class TrainedBias: Seated {
  private let layer: any Biased
  private let base: Tensor
  let own: Tensor
  private let name: String, rateFactor: Double

  /// `name` is the one that it has in the file below the layer's path; `own` nil: begins as the base's.
  init(of layer: any Biased, _ base: Tensor, named name: String, own: Tensor?, rateFactor: Double) {
    self.layer = layer
    self.base = base
    self.own = (own ?? base.copy()).asLeaf()
    self.name = name
    self.rateFactor = rateFactor
  }

  private init(_ other: TrainedBias) {
    (layer, base, name) = (other.layer, other.base, other.name)
    own = other.own.copy()
    rateFactor = other.rateFactor
  }

  var path: String { layer.path }
  func sit() { layer.substitute(offset: own) }
  func lift() { layer.substitute(offset: base) }
  func copy() -> any Seated { TrainedBias(self) }

  var parameters: [NamedTensor] {
    [
      NamedTensor(
        name: AdapterTensors.name(name, of: path), tensor: own, shape: [own.count],
        rateFactor: rateFactor)
    ]
  }
}
