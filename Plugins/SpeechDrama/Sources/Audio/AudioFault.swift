/// What is wrong with an audio file; the text names the file and the cure.
public enum AudioFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no such file.
  case missing(path: String)
  /// The file has no bytes, or audio of no samples.
  case empty(path: String)
  /// libsndfile cannot read it; the reason is its own.
  case unreadable(path: String, reason: String)
  /// Samples that are not numbers, which float formats can hold.
  case notFinite(path: String)
  /// Two frames (20 ms) or less, of which the model makes no token.
  case tooShort(path: String, seconds: Double)
  /// More than the 30 s that the model hears.
  case tooLong(path: String, seconds: Double)
  /// Nothing louder than `AudioProperties.silence`; the peak in dB below full scale.
  case silent(path: String, peak: Double)
  /// A share of samples above `AudioProperties.clippingLimit` stands at full scale. A warning: the
  /// clip can be used.
  case clipped(path: String, share: Double)

  /// Whether the clip can be used all the same.
  public var isWarning: Bool {
    if case .clipped = self { true } else { false }
  }

  /// The fault's name in counts and lists.
  public var name: String {
    switch self {
    case .missing: "missing"
    case .empty: "empty"
    case .unreadable: "unreadable"
    case .notFinite: "not_finite"
    case .tooShort: "too_short"
    case .tooLong: "too_long"
    case .silent: "silent"
    case .clipped: "clipped"
    }
  }

  /// The file.
  public var path: String {
    switch self {
    case .missing(let path), .empty(let path), .unreadable(let path, _), .notFinite(let path),
      .tooShort(let path, _), .tooLong(let path, _), .silent(let path, _), .clipped(let path, _):
      path
    }
  }

  /// One sentence.
  public var description: String {
    switch self {
    case .missing(let path):
      "there is no audio file '\(path)': check its path, or leave its record out"
    case .empty(let path):
      "'\(path)' holds no audio: record or copy it again"
    case .unreadable(let path, let reason):
      "cannot read '\(path)' as audio (\(reason)): convert it to WAV or FLAC"
    case .notFinite(let path):
      "'\(path)' holds samples that are not numbers: write it again from its source"
    case .tooShort(let path, let seconds):
      "'\(path)' lasts \(rounded(seconds, 4)) s, and the model hears nothing in 0.02 s or less: "
        + "leave its record out"
    case .tooLong(let path, let seconds):
      "'\(path)' lasts \(rounded(seconds, 2)) s, and the model hears at most 30 s: "
        + "cut it to the part that was rated"
    case .silent(let path, let peak):
      "'\(path)' is silent (peak \(peak.isFinite ? "\(rounded(peak, 1))" : "-inf") dBFS): "
        + "record it again or leave its record out"
    case .clipped(let path, let share):
      "'\(path)' is clipped (\(rounded(share * 100, 2)) % of its samples at full scale): "
        + "record it again at a lower level"
    }
  }
}

private func rounded(_ value: Double, _ places: Int) -> Double {
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  return (value * scale).rounded() / scale
}
