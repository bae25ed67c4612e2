import Formats
import Models
import Tasks
import Tensors

@testable import Training

/// Two conversations with clips on the tiny Qwen2-Audio, as rows: `Tests/Goldens/qwen2_audio`.
struct HeardRows {
  private let golden: SafeTensorsFile
  let samples: [Sample]
  private static let bins = 16, audioToken: Int32 = 118

  init() throws {
    golden = try SafeTensorsFile(path: GoldenRunTests.goldens + "/qwen2_audio/golden.safetensors")
    let golden = golden
    samples = try (0..<2).map { index in
      let ids = try Self.numbers("ids_\(index)", of: golden, as: Int32.self)
      let clips = try Self.numbers("clips_\(index)", of: golden, as: Int32.self).map(Int.init)
      var media: [Sample.Medium] = [], start = 0
      for clip in stride(from: 0, to: clips.count, by: 2) {
        let count = AudioClip.tokens(frames: clips[clip + 1])
        while ids[start] != Self.audioToken { start += 1 }
        media.append(
          Sample.Medium(
            places: start..<start + count,
            features: Self.clip(clips[clip], frames: clips[clip + 1])))
        start += count
      }
      return Sample(
        ids: ids,
        isTrained: try Self.numbers("mask_\(index)", of: golden, as: UInt8.self).map { $0 == 1 },
        source: "conversation \(index)", media: media)
    }
  }

  private static func numbers<Value: FixedWidthInteger>(
    _ name: String, of golden: SafeTensorsFile, as: Value.Type
  ) throws -> [Value] {
    let entry = try golden.entry(name)
    return golden.file.withBytes(entry.bytes) { bytes in
      (0..<entry.count).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self)
      }
    }
  }

  /// The formula of make_goldens.py.
  private static func clip(_ number: Int, frames: Int) -> MediaTensor {
    // What the encoder reads goes two frames beyond what counts.
    let columns = frames + 2
    var values: [Float] = []
    for bin in 0..<bins {
      for frame in 0..<columns {
        let mixed = UInt64(number * 7919 + bin * 104_729 + frame * 1_299_709 + 12345) & 0xFFFF_FFFF
        values.append(Float((mixed * 2_654_435_761 & 0xFFFF_FFFF) >> 8) / 0x80_0000 - 1)
      }
    }
    return MediaTensor(shape: [bins, columns], values: values)
  }

  /// The logits of text, and of each clip's last token.
  func logits(_ model: CausalLanguageModel) throws -> [Float] {
    try samples.indices.flatMap { index in
      let sample = samples[index]
      let rows = try Self.numbers("rows_\(index)", of: golden, as: Int32.self).map(Int.init)
      return Recording.off {
        model.logits(
          model.hidden(
            sample.ids, Segments(lengths: [sample.ids.count]), rows: rows,
            media: model.media(sample.media))
        ).values
      }
    }
  }
}
