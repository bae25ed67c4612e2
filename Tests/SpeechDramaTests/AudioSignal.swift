import CSndfile
import FoundationEssentials
import Testing

@testable import SpeechDrama

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// sin 2πx.
private func sine(_ x: Double) -> Double { sin(2 * Double.pi * x) }

/// Signals made by a formula, and files written from them.
enum AudioSignal {
  /// A rising tone with bursts of noise, silent from `silentFrom` on; see make_log_mel.py.
  static func sweepAndBursts(_ count: Int, silentFrom: Int? = nil) -> [Float] {
    var state: UInt32 = 1
    return (0..<count).map { n in
      state = state &* 1_664_525 &+ 1_013_904_223
      if n >= silentFrom ?? count { return 0 }
      let t = Double(n % 64_000) / 16_000
      let noise = Double(state >> 8) / 16_777_216 - 0.5
      let burst = n / 1600 % 3 == 0 ? 0.2 * noise : 0
      return Float(0.4 * sine(60 * t + 900 * t * t) + burst)
    }
  }

  /// 0.5 s of a tone.
  static func tone(_ hertz: Double, rate: Int, seconds: Double = 0.5, level: Double = 0.5)
    -> [Float]
  {
    (0..<Int(seconds * Double(rate))).map { Float(level * sine(hertz * Double($0) / Double(rate))) }
  }

  /// A tone that rises from 50 to `top` Hz in `seconds`.
  static func sweep(to top: Double, rate: Int, seconds: Double) -> [Float] {
    (0..<Int(seconds * Double(rate))).map { n in
      let t = Double(n) / Double(rate)
      return Float(0.5 * sine(50 * t + (top - 50) / (2 * seconds) * t * t))
    }
  }

  /// Writes channels of equal length.
  static func write(
    _ channels: [[Float]], to path: String, rate: Int = 16_000,
    format: Int = SF_FORMAT_WAV | SF_FORMAT_PCM_16
  ) throws {
    var info = SF_INFO()
    info.samplerate = Int32(rate)
    info.channels = Int32(channels.count)
    info.format = Int32(format)
    let file = try #require(sf_open(path, Int32(SFM_WRITE), &info))
    let count = channels[0].count
    let interleaved = (0..<count).flatMap { i in channels.map { $0[i] } }
    #expect(sf_writef_float(file, interleaved, sf_count_t(count)) == sf_count_t(count))
    sf_close(file)
  }
}

/// Runs `body` with a folder that is gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.path + "/audio-\(UUID().uuidString)"
  try FileManager.default.createDirectory(
    atPath: folder, withIntermediateDirectories: true, attributes: nil)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// The largest difference in dB of full scale.
func distance(_ a: [Float], _ b: [Float]) -> Double {
  let differences = zip(a, b).map { abs($0 - $1) }
  return differences.allSatisfy(\.isFinite) ? decibels(Double(differences.max() ?? 0)) : .infinity
}
