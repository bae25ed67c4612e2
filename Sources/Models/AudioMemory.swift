import Formats
import Tasks
import Tensors

/// The features of clips that a frozen encoder has heard: they are the same every time, and cost far
/// more than a look here.
public final class AudioMemory {
  /// Bytes that are kept; beyond them the clips that were asked longest ago go.
  public static let limit = 512 << 20

  private struct Entry {
    let features: Tensor
    var asked: Int
  }

  private var entries: [String: Entry] = [:]
  private var bytes = 0, clock = 0

  /// An empty memory.
  public init() {}

  /// The features of `clip`, as `hear` makes them or made them before; known by the SHA-256 of its
  /// numbers.
  func features(of clip: MediaTensor, _ hear: () -> Tensor) -> Tensor {
    let key = clip.values.withUnsafeBytes { FileDigest(of: Array($0)).sha256 } + "\(clip.shape)"
    clock += 1
    if let entry = entries[key] {
      entries[key]?.asked = clock
      return entry.features
    }
    let features = hear()
    bytes += 4 * features.count
    while bytes > Self.limit, let oldest = entries.min(by: { $0.value.asked < $1.value.asked }) {
      entries[oldest.key] = nil
      bytes -= 4 * oldest.value.features.count
    }
    entries[key] = Entry(features: features, asked: clock)
    return features
  }
}

extension AudioSide {
  /// Whether training changes what the encoder or the projector makes of a clip.
  var isTrained: Bool {
    linears.contains { $0.adapter != nil || $0.weight.slot != nil }
  }
}

extension CausalLanguageModel {
  /// The features of clips at their places among packed tokens; nil where there are none. A frozen
  /// encoder hears each clip once, and by itself, so that its numbers do not depend on the batch.
  public func media(_ clips: [Sample.Medium]) -> MediaRows? {
    guard !clips.isEmpty else { return nil }
    guard let audio else { preconditionFailure("\(config.architecture.rawValue) has no encoder") }
    let heard: [Tensor]
    if audio.isTrained {
      heard = [audioFeatures(clips.map { AudioClip($0.features) })]
    } else {
      heard = clips.map { clip in
        audio.memory.features(of: clip.features) {
          // The same bits whatever pass asks first.
          ForwardPass(isolatesRows: true).run {
            Recording.off { audioFeatures([AudioClip(clip.features)]) }
          }
        }
      }
    }
    return MediaRows(
      places: clips.flatMap(\.places), features: concatenateRows(heard.map { ($0, 0..<$0.rows) }))
  }
}

extension AudioClip {
  /// A clip of a row whose shape has been checked already.
  fileprivate init(_ clip: MediaTensor) {
    let bins = clip.shape[0], rows = clip.shape[1]
    var turned = [Float](repeating: 0, count: clip.values.count)
    for bin in 0..<bins {
      for row in 0..<rows { turned[row * bins + bin] = clip.values[bin * rows + row] }
    }
    self.init(
      frames: rows - 2, features: Tensor(rows: rows, columns: bins, values: turned))
  }
}
