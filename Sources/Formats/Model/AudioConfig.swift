/// The `audio_config` of a Qwen2-Audio model: the shape of its audio encoder.
public struct AudioConfig: Sendable, Hashable {
  /// Mel bins of a frame (`num_mel_bins`), encoder layers, features of a position (`d_model`).
  public var melBins: Int, layers: Int, width: Int
  /// Attention heads, features of the feed-forward layer, positions the encoder was made for.
  public var heads: Int, feedForward: Int, maximumPositions: Int
  /// `activation_function`; "gelu" (the exact one, with erf) is the one the encoder has.
  public var activation: String

  /// A configuration of these values; those left out are the published model's.
  public init(
    melBins: Int = 128, layers: Int = 32, width: Int = 1280, heads: Int = 20,
    feedForward: Int = 5120, maximumPositions: Int = 1500, activation: String = "gelu"
  ) {
    self.melBins = melBins
    self.layers = layers
    self.width = width
    self.heads = heads
    self.feedForward = feedForward
    self.maximumPositions = maximumPositions
    self.activation = activation
  }
}
