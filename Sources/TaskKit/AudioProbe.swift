import CPluginABI
import Synchronization

/// What a plugin that reads audio files says of one: `host audio probe` asks.
public protocol AudioProbe: Sendable {
  /// What it reads from the `audio` object of the recipe's `data` section. All keys are optional.
  associatedtype Config: Decodable & Sendable = NoConfig
  /// Reads the file at `path` as the plugin's dataset would. Throws where it cannot be read at all.
  static func probe(_ path: String, config: Config, host: HostServices) throws -> ProbedAudio
}

/// An audio file's properties and features.
public struct ProbedAudio: Sendable, Hashable {
  /// The keys that `tk_audio_v1.probe` names.
  public var properties: JSON
  /// The log-mel spectrogram, [bins, frames]; nil for a file without samples.
  public var logMel: MediaTensor?

  /// Creates an answer.
  public init(properties: JSON, logMel: MediaTensor?) {
    self.properties = properties
    self.logMel = logMel
  }
}

/// Calls a probe of one type.
struct AudioProber: Sendable {
  let run: @Sendable (_ path: String, _ config: String, HostServices) throws -> ProbedAudio

  init<P: AudioProbe>(_ type: P.Type) {
    run = { path, text, host in
      let config = try Configuration.decode(
        P.Config.self, from: Configuration.parse(text), defaults: [:], unknownKeys: .refused)
      return try P.probe(path, config: config, host: host)
    }
  }
}

/// The C table. Neither `extension` nor `probe` is handed a context, so the prober is the library's.
enum AudioTable {
  static let probe = Mutex<AudioProber?>(nil)

  // Unsafe: written once, before anyone can read it.
  nonisolated(unsafe) static let pointer: UnsafeRawPointer = immortal {
    var table = tk_audio_v1()
    table.struct_size = UInt32(MemoryLayout<tk_audio_v1>.size)
    table.probe = { host, path, config, sink, error in
      guarded(error) {
        guard let sink, let prober = probe.withLock({ $0 }) else {
          throw PluginError(.internal, "the host gave no sink")
        }
        let audio = try prober.run(path.string, config.string, HostServices(host))
        let tensors = audio.logMel.map { ["log_mel": $0] } ?? [:]
        return try Example(turns: [], metadata: audio.properties, tensors: tensors).write(to: sink)
      }
    }
    return table
  }
}
