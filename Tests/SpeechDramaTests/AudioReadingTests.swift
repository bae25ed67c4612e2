import CSamplerate
import CSndfile
import Testing

@testable import SpeechDrama

@Suite struct AudioReadingTests {
  /// Container, encoding, and how far a decoded sample may lie from the written one, in dB.
  static let formats: [(Int, Int, Double)] = [
    (SF_FORMAT_WAV, SF_FORMAT_PCM_U8, -40), (SF_FORMAT_WAV, SF_FORMAT_PCM_16, -89),
    (SF_FORMAT_WAV, SF_FORMAT_PCM_24, -130), (SF_FORMAT_WAV, SF_FORMAT_PCM_32, -140),
    (SF_FORMAT_WAV, SF_FORMAT_FLOAT, -300), (SF_FORMAT_WAV, SF_FORMAT_DOUBLE, -300),
    (SF_FORMAT_FLAC, SF_FORMAT_PCM_16, -89), (SF_FORMAT_FLAC, SF_FORMAT_PCM_24, -130),
    (SF_FORMAT_OGG, SF_FORMAT_VORBIS, -25),
  ]

  @Test(arguments: formats)
  func readsWhatWasWritten(container: Int, encoding: Int, tolerance: Double) throws {
    try withFolder { folder in
      let left = AudioSignal.tone(440, rate: 48_000, seconds: 1.6)
      let right = AudioSignal.tone(990, rate: 48_000, seconds: 1.6, level: 0.25)
      let path = folder + "/clip"
      try AudioSignal.write([left, right], to: path, rate: 48_000, format: container | encoding)
      let first = try AudioClip(path: path, channels: .first)
      #expect(first.properties.rate == 48_000 && first.properties.channels == 2)
      #expect(first.samples.count == left.count && first.properties.frames == left.count)
      #expect(distance(first.samples, left) <= tolerance)
      let both = try AudioClip(path: path)
      #expect(distance(both.samples, zip(left, right).map { ($0 + $1) / 2 }) <= tolerance)
    }
  }

  /// Opus keeps the tone, but not its wave form: the level tells.
  @Test func readsOpus() throws {
    try withFolder { folder in
      let tone = AudioSignal.tone(440, rate: 48_000, seconds: 1.6)
      let format = SF_FORMAT_OGG | SF_FORMAT_OPUS
      try AudioSignal.write([tone], to: folder + "/x.opus", rate: 48_000, format: format)
      let clip = try AudioClip(path: folder + "/x.opus")
      #expect(clip.samples.count == tone.count && clip.properties.format.contains("Opus"))
      #expect(abs(clip.properties.rms - -9.03) < 0.5)
    }
  }

  @Test func properties() throws {
    try withFolder { folder in
      let path = folder + "/clip.wav"
      try AudioSignal.write([AudioSignal.tone(1000, rate: 8000, level: 0.5)], to: path, rate: 8000)
      let properties = try AudioClip(path: path).properties
      #expect(properties.format == "WAV (Microsoft), Signed 16 bit PCM")
      #expect(properties.seconds == 0.5 && properties.samplesAt16kHz == 8000)
      #expect(abs(properties.peak - 0.5) < 1e-3)
      #expect(abs(properties.rms - -9.03) < 0.01 && properties.clippedShare == 0)
    }
  }

  /// No more than 30 s and a sample are read; the length is the header's.
  @Test func aLongFileIsNotReadToItsEnd() throws {
    try withFolder { folder in
      let path = folder + "/long.wav"
      try AudioSignal.write([[Float](repeating: 0.1, count: 1000 * 31)], to: path, rate: 1000)
      let clip = try AudioClip(path: path)
      #expect(clip.samples.count == 30_000)
      #expect(clip.properties.frames == 31_000 && clip.properties.isTooLong)
    }
  }

  @Test(arguments: [48_000, 44_100, 22_050, 8000])
  func streamingConvertsAsOneBlockDoes(rate: Int) throws {
    let input = AudioSignal.sweep(to: min(7000, Double(rate) * 0.45), rate: rate, seconds: 4)
    let streamed = try Resampler.convert(input, rate: rate)
    #expect(streamed.count == 64_000)
    var whole = [Float](repeating: 0, count: 64_016)
    let code = input.withUnsafeBufferPointer { source in
      whole.withUnsafeMutableBufferPointer { target in
        var data = SRC_DATA()
        data.data_in = source.baseAddress
        data.input_frames = source.count
        data.data_out = target.baseAddress
        data.output_frames = target.count
        data.src_ratio = 16_000 / Double(rate)
        return src_simple(&data, Int32(SRC_SINC_BEST_QUALITY), 1)
      }
    }
    #expect(code == 0)
    #expect(distance(streamed, whole) <= -120)
  }

  /// Away from the ends, the converted sweep is the sweep itself, sampled at 16 kHz.
  @Test(arguments: [48_000, 44_100]) func conversionKeepsTheSignal(rate: Int) throws {
    let output = try Resampler.convert(
      AudioSignal.sweep(to: 7000, rate: rate, seconds: 4), rate: rate)
    let exact = AudioSignal.sweep(to: 7000, rate: 16_000, seconds: 4)
    #expect(distance(Array(output[400..<63_600]), Array(exact[400..<63_600])) <= -90)
  }

  @Test func sixteenKilohertzIsLeftAlone() throws {
    let samples = AudioSignal.sweepAndBursts(5000)
    #expect(try Resampler.convert(samples, rate: 16_000) == samples)
  }
}
