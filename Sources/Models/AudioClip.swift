import Formats
import Tensors

/// A clip's log-mel features, and of how many frames they are.
public struct AudioClip {
  /// The longest clip, in frames of 10 ms: 30 s.
  public static let maximumFrames = 3000
  /// Rows beyond the clip's end that the convolutions read.
  static let margin = 2

  /// The frames of a clip whose features have so many columns: the last two are past its end.
  public static func frames(columns: Int) -> Int { max(0, columns - margin) }

  /// The clip's frames, L.
  public let frames: Int
  /// [L + 2 frames, mel bins]: the clip's frames and the two past its end.
  public let features: Tensor

  /// A clip from row-major `values` of `shape` [mel bins, L + 2], one mel bin after the other; `name`
  /// is what errors call it. Refused are other shapes, clips that make no token, longer ones than 30 s
  /// and numbers that are not finite.
  public init(_ name: String, shape: [Int], values: [Float], melBins: Int = 128)
    throws(FormatError)
  {
    guard shape.count == 2, shape[0] == melBins, values.count == shape[0] * shape[1] else {
      throw FormatError(
        .malformed, name,
        "has shape \(shape) and \(values.count) numbers; a clip's features are "
          + "[\(melBins) mel bins, its frames and two more]")
    }
    let columns = shape[1]
    let frames = columns - Self.margin
    guard Self.tokens(frames: frames) > 0, frames <= Self.maximumFrames else {
      throw FormatError(
        .malformed, name,
        "has \(frames) frames of 10 ms; a clip must have 3 to \(Self.maximumFrames), so cut it or "
          + "leave it out")
    }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw FormatError(
        .malformed, name,
        "has the number \(values[index]) in mel bin \(index / columns), frame \(index % columns); "
          + "check the audio")
    }
    var turned = [Float](repeating: 0, count: values.count)
    for bin in 0..<melBins {
      for frame in 0..<columns { turned[frame * melBins + bin] = values[bin * columns + frame] }
    }
    self.init(
      frames: frames, features: Tensor(rows: columns, columns: melBins, values: turned))
  }

  /// A clip of `frames` frames, whose `features` are [frames + 2, mel bins] already.
  public init(frames: Int, features: Tensor) {
    precondition(
      features.rows == frames + Self.margin, "clip: \(frames) frames, \(features.rows) rows")
    self.frames = frames
    self.features = features
  }

  /// Positions after the convolutions, E = ⌊(L − 1) / 2⌋ + 1.
  static func positions(frames: Int) -> Int { frames < 1 ? 0 : (frames - 1) / 2 + 1 }

  /// Tokens that stand for a clip of `frames` frames in a text, ⌊(E − 2) / 2⌋ + 1; 0 for up to two
  /// frames, which no text can hold.
  public static func tokens(frames: Int) -> Int { positions(frames: frames) / 2 }
}
