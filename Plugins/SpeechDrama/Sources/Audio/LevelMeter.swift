import CLogMel

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `ratio` of an amplitude to full scale, in dB; -infinity for 0.
func decibels(_ ratio: Double) -> Double { 20 * log10(ratio) }

/// Gathers a clip's level while it is read.
struct LevelMeter {
  var meter = level_meter()

  /// Whether every sample was a number.
  var isFinite: Bool { meter.square_sum.isFinite }

  /// Writes peak, level and clipped share.
  func write(into properties: inout AudioProperties) {
    guard meter.mixed > 0 else { return }
    properties.peak = meter.peak
    properties.rms = decibels((meter.square_sum / Double(meter.mixed)).squareRoot())
    properties.clippedShare =
      Double(meter.clipped) / Double(meter.mixed) / Double(properties.channels)
  }
}

extension ChannelMix {
  /// Appends a block of interleaved samples as one channel.
  func append(
    _ block: ArraySlice<Float>, channels: Int, to samples: inout [Float], level: inout LevelMeter
  ) {
    let count = block.count / channels
    let mixed = [Float](unsafeUninitializedCapacity: count) { out, size in
      block.withUnsafeBufferPointer {
        mix_channels(
          $0.baseAddress, count, channels, self == .first ? 1 : channels,
          AudioProperties.fullScale, out.baseAddress, &level.meter)
      }
      size = count
    }
    samples += mixed
  }
}
