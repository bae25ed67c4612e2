import Layers
import Tensors

/// What a model that hears has beside its language model: an encoder of sound, and a projection of its
/// features into the width of embedded tokens.
public struct AudioSide {
  /// Sound to features.
  public let encoder: AudioEncoder
  /// Features to the language model's width.
  public let projector: AudioProjector
  /// The id of the token whose embeddings the features replace, `<|AUDIO|>`.
  public let token: Int32
  /// What a frozen encoder has heard.
  let memory = AudioMemory()

  /// Every projection that can carry an adapter, in the files' order.
  public var linears: [Linear] { encoder.linears + projector.linears }

  func unfreeze() -> [NamedTensor] { encoder.unfreeze() + projector.unfreeze() }
}

/// Features that stand instead of embedded tokens: row i of `features` at `places[i]`.
public struct MediaRows {
  /// Rows among all packed tokens, rising.
  public let places: [Int]
  /// [places, hidden]
  public let features: Tensor

  /// Features at `places` of the packed tokens, of which there must be as many.
  public init(places: [Int], features: Tensor) {
    precondition(
      places.count == features.rows,
      "media: \(features.rows) rows of features for \(places.count) places")
    self.places = places
    self.features = features
  }
}

extension CausalLanguageModel {
  /// The features of clips, one clip after the other: [Σ tokens, hidden]. Only for models that hear.
  public func audioFeatures(_ clips: [AudioClip]) -> Tensor {
    guard let audio else { preconditionFailure("\(config.architecture.rawValue) has no encoder") }
    return audio.projector(audio.encoder(clips))
  }

  /// `features` at the places of the audio token among `ids`; nil where there are none.
  public func media(_ features: Tensor, among ids: [Int32]) -> MediaRows? {
    guard let audio else { return nil }
    let places = ids.indices.filter { ids[$0] == audio.token }
    return places.isEmpty ? nil : MediaRows(places: places, features: features)
  }
}
