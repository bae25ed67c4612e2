/// What an audio file holds.
public struct AudioProperties: Sendable, Hashable {
  /// A peak below this, in dB of full scale, is silence: under the step of 14 bits.
  public static let silence = -80.0
  /// A clip with a larger share of its samples at full scale is called clipped.
  public static let clippingLimit = 0.001
  /// The magnitude from which a sample stands at full scale: 16 bits reach 0.99997.
  static let fullScale: Float = 0.9999

  /// Samples per second and channel.
  public var rate: Int
  /// Channels.
  public var channels: Int
  /// Samples of one channel; of a file longer than 30 s, what its header says.
  public var frames: Int
  /// The format in libsndfile's words: `WAV (Microsoft), Signed 16 bit PCM`.
  public var format: String
  /// The largest magnitude of the mixed channels; 1 is full scale.
  public var peak: Float = 0
  /// The level of the mixed channels in dB of full scale; -infinity: silence.
  public var rms: Double = -.infinity
  /// The share of all channels' samples at full scale, 0…1.
  public var clippedShare: Double = 0

  /// The length.
  public var seconds: Double { rate > 0 ? Double(frames) / Double(rate) : 0 }
  /// Whether it lasts longer than the 30 s that the model hears.
  public var isTooLong: Bool { frames > 30 * rate }
  /// The samples after conversion to 16 kHz.
  public var samplesAt16kHz: Int { (frames * LogMel.sampleRate + rate - 1) / max(1, rate) }

  /// What the samples themselves say against the clip, the gravest fault first.
  func fault(path: String) -> AudioFault? {
    if frames == 0 { return .empty(path: path) }
    if isTooLong { return .tooLong(path: path, seconds: seconds) }
    if samplesAt16kHz <= 2 * 160 { return .tooShort(path: path, seconds: seconds) }
    if decibels(Double(peak)) < Self.silence {
      return .silent(path: path, peak: decibels(Double(peak)))
    }
    if clippedShare > Self.clippingLimit { return .clipped(path: path, share: clippedShare) }
    return nil
  }
}
