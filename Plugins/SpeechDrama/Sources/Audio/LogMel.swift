import CLogMel

/// A clip's log-mel spectrogram as Whisper's feature extractor makes it over its window of 30 s.
public struct LogMel: Sendable, Hashable {
  /// Samples per second of the clips that it is made from.
  public static let sampleRate = 16_000
  /// Mel filters, the rows.
  public static let bins = LOG_MEL_BINS
  /// The frames of 30 s, the longest clip.
  public static let maximumFrames = 3000
  /// The samples of 30 s.
  public static let maximumSamples = 480_000

  /// The clip's frames L = ceil(samples / 160), at most 3000.
  public let frames: Int
  /// [128, L + 2], row-major: the clip's frames and the two after it, which the encoder's
  /// convolutions read. Columns at 3000 and beyond lie outside the window and are 0.
  public let values: [Float]

  /// Columns of `values`.
  public var columns: Int { frames + 2 }
  /// The tokens that Qwen2-Audio makes of the clip: 25 a second, at most 750.
  public var tokens: Int { Self.tokens(frames: frames) }

  /// The log-mel of 16 kHz samples; those after the first 480,000 are left out.
  public init(samples: [Float]) {
    let count = min(samples.count, Self.maximumSamples)
    let hop = LOG_MEL_HOP
    let frames = (count + hop - 1) / hop
    let columns = frames + 2
    let padded = Self.padded(samples, count: count, columns: columns)
    self.frames = frames
    values = [Float](unsafeUninitializedCapacity: Self.bins * columns) { out, size in
      out.initialize(repeating: 0)
      log_mel(padded, min(columns, Self.maximumFrames), columns, out.baseAddress)
      size = out.count
    }
  }

  /// What a cache kept; nil where the shape does not fit.
  init?(frames: Int, values: [Float]) {
    guard (0...Self.maximumFrames).contains(frames), values.count == Self.bins * (frames + 2)
    else { return nil }
    self.frames = frames
    self.values = values
  }

  /// Tokens of a clip of `frames` frames: the convolution of stride 2, then the pooling by 2.
  public static func tokens(frames: Int) -> Int {
    frames > 2 ? ((frames - 1) / 2 + 1 - 2) / 2 + 1 : 0
  }

  /// The clip between the halves of a frame: the reflected start, and at the end zeros, or the
  /// reflected end where the clip reaches the end of the window.
  private static func padded(_ samples: [Float], count: Int, columns: Int) -> [Float] {
    let half = LOG_MEL_FFT / 2
    let batch = LOG_MEL_BATCH
    let size = LOG_MEL_HOP * (columns + batch) + 2 * half
    var padded = [Float](repeating: 0, count: size)
    padded.replaceSubrange(half..<half + count, with: samples[..<count])
    for i in 1...half where i < count { padded[half - i] = samples[i] }
    for i in 0..<half where maximumSamples - 2 - i < count && maximumSamples + half + i < size {
      padded[half + maximumSamples + i] = samples[maximumSamples - 2 - i]
    }
    return padded
  }
}
