import CSHA256
import FoundationEssentials
import TaskKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Keeps log-mel features in a folder, one file for each content of an audio file and setting.
/// A file: "HLM1", L as u32, SHA-256 of the values, then the values as f32; all little-endian.
struct FeatureCache: Sendable {
  /// Raised whenever the features of the same samples change.
  static let version = 1
  private static let head = 40

  let folder: String

  /// The cache in `folder`; nil: in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`).
  init(folder: String?) {
    self.folder = folder ?? Self.userFolder
  }

  private static var userFolder: String {
    let environment = ProcessInfo.processInfo.environment
    if let root = environment["XDG_CACHE_HOME"], root.hasPrefix("/") {
      return root + "/host/speech_drama"
    }
    return (environment["HOME"] ?? "/tmp") + "/.cache/host/speech_drama"
  }

  /// The file's name: its content, how its channels are mixed, and the version.
  static func key(content: [UInt8], channels: ChannelMix) -> String {
    let name = content.map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
    return "\(name)-\(channels.rawValue)-v\(version).logmel"
  }

  enum Found: Sendable { case features(LogMel), damaged, nothing }

  /// What the cache holds for `key`. A damaged file is told from none.
  func find(_ key: String) -> Found {
    guard let data = try? Data(contentsOf: URL(filePath: folder + "/" + key)) else {
      return .nothing
    }
    let bytes = [UInt8](data)
    guard bytes.count > Self.head, bytes[..<4].elementsEqual("HLM1".utf8),
      (bytes.count - Self.head) % 4 == 0,
      hash(Array(bytes[Self.head...])).elementsEqual(bytes[8..<Self.head])
    else { return .damaged }
    let frames = bytes[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let values = [Float](unsafeUninitializedCapacity: (bytes.count - Self.head) / 4) { out, size in
      bytes[Self.head...].withUnsafeBytes {
        UnsafeMutableRawBufferPointer(out).copyMemory(from: $0)
      }
      size = out.count
    }
    return LogMel(frames: frames, values: values).map { .features($0) } ?? .damaged
  }

  /// Writes the features beside their name and renames them into place, so that nobody ever reads
  /// half a file. Throws the reason.
  func keep(_ features: LogMel, as key: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: nil)
    let payload = features.values.withUnsafeBytes { [UInt8]($0) }
    var bytes = Array("HLM1".utf8)
    bytes += withUnsafeBytes(of: UInt32(features.frames).littleEndian) { Array($0) }
    bytes += hash(payload)
    bytes += payload
    let name = folder + "/" + key
    let unfinished = "\(name).\(getpid()).\(UInt32.random(in: .min ... .max))"
    do {
      try Data(bytes).write(to: URL(filePath: unfinished))
      guard rename(unfinished, name) == 0 else {
        throw PluginError(.data, String(cString: strerror(errno)))
      }
    } catch {
      unlink(unfinished)
      throw error
    }
  }
}

/// SHA-256.
func hash(_ bytes: [UInt8]) -> [UInt8] {
  var state = sha256_begin(0)
  sha256_add(&state, bytes, bytes.count)
  return [UInt8](unsafeUninitializedCapacity: 32) { digest, size in
    sha256_end(&state, digest.baseAddress)
    size = 32
  }
}
