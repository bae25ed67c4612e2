import CSamplerate

/// Conversion of a clip to 16 kHz by libsamplerate's best sinc converter, block by block.
enum Resampler {
  private static let block = 65_536

  /// `samples` of `rate` per second played `speed` times as fast, at 16 kHz:
  /// ceil(count · 16000 / (rate · speed)) samples. At 16 kHz and speed 1 they are left alone.
  /// Throws libsamplerate's reason: it cannot convert by a factor above 256.
  static func convert(
    _ samples: [Float], rate: Int, speed: Double = 1
  ) throws(Fault) -> [Float] {
    if rate == LogMel.sampleRate && speed == 1 { return samples }
    let ratio = Double(LogMel.sampleRate) / (Double(rate) * speed)
    var code: Int32 = 0
    guard src_is_valid_ratio(ratio) != 0 else {
      throw Fault(reason: "\(rate) samples per second cannot be converted to 16000")
    }
    guard let state = src_new(Int32(SRC_SINC_BEST_QUALITY), 1, &code) else {
      throw Fault(code: code)
    }
    defer { src_delete(state) }
    let wanted =
      speed == 1
      ? (samples.count * LogMel.sampleRate + rate - 1) / rate
      : Int((Double(samples.count) * ratio).rounded(.up))
    // The converter may end a sample early or late: the rest stays 0, what is too much goes.
    var output = [Float](repeating: 0, count: wanted + 16)
    try samples.withUnsafeBufferPointer { input throws(Fault) in
      try run(state, input, ratio: ratio, into: &output)
    }
    output.removeLast(16)
    return output
  }

  /// Why libsamplerate did not convert.
  struct Fault: Error {
    var reason: String

    init(reason: String) { self.reason = reason }

    init(code: Int32) {
      reason = src_strerror(code).map { String(cString: $0) } ?? "libsamplerate's error \(code)"
    }
  }

  private static func run(
    _ state: OpaquePointer, _ input: UnsafeBufferPointer<Float>, ratio: Double,
    into output: inout [Float]
  ) throws(Fault) {
    var read = 0, written = 0
    while written < output.count {
      let size = min(block, input.count - read)
      var data = SRC_DATA()
      data.data_in = input.baseAddress.map { $0 + read }
      data.input_frames = size
      data.src_ratio = ratio
      data.end_of_input = read + size == input.count ? 1 : 0
      let code = output.withUnsafeMutableBufferPointer { out in
        data.data_out = out.baseAddress.map { $0 + written }
        data.output_frames = min(block, out.count - written)
        return src_process(state, &data)
      }
      if code != 0 { throw Fault(code: code) }
      read += data.input_frames_used
      written += data.output_frames_gen
      if data.end_of_input != 0 && data.output_frames_gen == 0 { break }
    }
  }
}
