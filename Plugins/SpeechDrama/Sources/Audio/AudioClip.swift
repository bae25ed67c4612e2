import CSndfile

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How several channels become one.
public enum ChannelMix: String, Sendable, Decodable {
  /// Their mean.
  case average
  /// The first alone.
  case first
}

/// An audio file's samples, one channel, at its own rate.
public struct AudioClip: Sendable {
  /// At most 30 s; the rest of a longer file is not read.
  public let samples: [Float]
  /// What the file holds.
  public let properties: AudioProperties

  /// Reads `path` block by block, and of a file longer than 30 s no more than that.
  public init(path: String, channels mix: ChannelMix = .average) throws(AudioFault) {
    try Self.findFile(path)
    var info = SF_INFO()
    guard let file = sf_open(path, Int32(SFM_READ), &info) else {
      throw .unreadable(path: path, reason: Self.reason(nil))
    }
    defer { sf_close(file) }
    guard info.samplerate > 0, info.channels > 0 else {
      throw .unreadable(path: path, reason: "its header names no rate or no channels")
    }
    var level = LevelMeter()
    let channels = Int(info.channels), limit = 30 * Int(info.samplerate)
    var block = [Float](repeating: 0, count: max(1, 65_536 / channels) * channels)
    var samples: [Float] = []
    samples.reserveCapacity(min(limit, max(0, Int(info.frames))))
    while samples.count <= limit {
      let wanted = min(block.count / channels, limit + 1 - samples.count)
      let count = Int(sf_readf_float(file, &block, sf_count_t(wanted)))
      if count <= 0 { break }
      mix.append(block[..<(count * channels)], channels: channels, to: &samples, level: &level)
    }
    if sf_error(file) != Int32(SF_ERR_NO_ERROR) {
      throw .unreadable(path: path, reason: Self.reason(file))
    }
    guard level.isFinite else { throw .notFinite(path: path) }
    var properties = AudioProperties(
      rate: Int(info.samplerate), channels: channels, frames: samples.count,
      format: Self.format(info.format))
    if samples.count > limit {
      properties.frames = max(samples.count, Int(clamping: info.frames))
      samples.removeLast(samples.count - limit)
    }
    level.write(into: &properties)
    self.samples = samples
    self.properties = properties
  }

  private static func findFile(_ path: String) throws(AudioFault) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    if status.st_mode & S_IFMT != S_IFREG {
      throw .unreadable(path: path, reason: "it is no regular file")
    }
    if status.st_size == 0 { throw .empty(path: path) }
  }

  /// libsndfile's sentence about `file`, or about the last file it could not open.
  private static func reason(_ file: OpaquePointer?) -> String {
    let text = String(cString: sf_strerror(file))
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  private static func format(_ format: Int32) -> String {
    [Int32(SF_FORMAT_TYPEMASK), Int32(SF_FORMAT_SUBMASK)].compactMap { mask in
      var info = SF_FORMAT_INFO()
      info.format = format & mask
      let size = Int32(MemoryLayout<SF_FORMAT_INFO>.size)
      guard sf_command(nil, Int32(SFC_GET_FORMAT_INFO), &info, size) == 0 else { return nil }
      return info.name.map { String(cString: $0) }
    }.joined(separator: ", ")
  }
}
