import FoundationEssentials
import Synchronization
import TaskKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// From an audio file to what the encoder reads. Calls may overlap.
public final class AudioFront: Sendable {
  private let settings: AudioSettings
  private let host: HostServices
  private let cache: FeatureCache?
  private let digests = Mutex<[FileState: [UInt8]]>([:])
  private let hasWarned = Mutex(false)

  /// What a file looked like when its content was hashed.
  private struct FileState: Hashable {
    var path: String
    var device: UInt64, node: UInt64
    var size: Int64, seconds: Int64, nanoseconds: Int64
  }

  /// Creates the front; nothing is read yet.
  public init(_ settings: AudioSettings, host: HostServices) {
    self.settings = settings
    self.host = host
    cache = settings.cache == "none" ? nil : FeatureCache(folder: settings.cache)
  }

  /// The features of the file at `path`, changed by `perturbation` where there is one. Throws every
  /// fault but a warning. Unchanged features come from the cache.
  public func features(
    _ path: String, perturbation: Perturbation? = nil
  ) throws(AudioFault) -> LogMel {
    if let perturbation { return try computed(path, perturbation) }
    guard let cache, let content = try content(of: path) else { return try computed(path, nil) }
    let key = FeatureCache.key(content: content, channels: settings.channels)
    switch cache.find(key) {
    case .features(let features): return features
    case .damaged:
      host.log(.warning, "the cached features \(cache.folder)/\(key) are damaged: made again")
    case .nothing: break
    }
    let features = try computed(path, nil)
    do { try cache.keep(features, as: key) } catch { warn(cache, error) }
    return features
  }

  /// What is wrong with the file at `path`, a warning included; nil: nothing. Reads all of it, but
  /// makes no features.
  public func check(_ path: String) -> AudioFault? {
    do { return try properties(path).fault(path: path) } catch { return error }
  }

  /// What the file at `path` holds. Throws where it cannot be read at all.
  public func properties(_ path: String) throws(AudioFault) -> AudioProperties {
    try AudioClip(path: path, channels: settings.channels).properties
  }

  private func computed(
    _ path: String, _ perturbation: Perturbation?
  ) throws(AudioFault) -> LogMel {
    let clip = try AudioClip(path: path, channels: settings.channels)
    if let fault = clip.properties.fault(path: path), !fault.isWarning { throw fault }
    var samples: [Float]
    do {
      samples = try Resampler.convert(
        clip.samples, rate: clip.properties.rate, speed: speed(perturbation, clip.properties))
    } catch { throw .unreadable(path: path, reason: error.reason) }
    perturbation?.apply(to: &samples)
    return LogMel(samples: samples)
  }

  /// The speed asked for, but none that makes the clip longer than 30 s or shorter than a token.
  private func speed(_ perturbation: Perturbation?, _ properties: AudioProperties) -> Double {
    guard let perturbation, perturbation.speed != 1 else { return 1 }
    let fastest = properties.seconds * Double(LogMel.sampleRate) / 321
    return min(max(perturbation.speed, properties.seconds / 30), max(1, fastest))
  }

  /// The hash of the file's bytes, taken once while the file stays the same; nil: it cannot be
  /// read, which reading it as audio will say better.
  private func content(of path: String) throws(AudioFault) -> [UInt8]? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let state = FileState(
      path: path, device: UInt64(status.st_dev), node: UInt64(status.st_ino),
      size: Int64(status.st_size), seconds: Int64(status.st_mtim.tv_sec),
      nanoseconds: Int64(status.st_mtim.tv_nsec))
    if let known = digests.withLock({ $0[state] }) { return known }
    guard let data = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe) else {
      return nil
    }
    let digest = hash([UInt8](data))
    digests.withLock { $0[state] = digest }
    return digest
  }

  /// Says once that nothing can be kept: training goes on, only slower.
  private func warn(_ cache: FeatureCache, _ error: any Error) {
    let isFirst = hasWarned.withLock { warned in
      defer { warned = true }
      return !warned
    }
    guard isFirst else { return }
    host.log(.warning, "cannot keep audio features in \(cache.folder) (\(error)): made each time")
  }
}
