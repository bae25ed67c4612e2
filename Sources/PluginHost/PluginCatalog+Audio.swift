import CPluginABI
import JSON
import Tasks

/// What a plugin says of an audio file.
public struct ProbedAudio: Sendable {
  /// The keys that `tk_audio_v1.probe` names.
  public let properties: JSONValue
  /// The log-mel spectrogram, [bins, frames]; nil for a file without samples.
  public let logMel: MediaTensor?
}

extension PluginCatalog {
  /// Has the plugin `name` read the audio file at `path`; `configuration` is the data section's
  /// `audio` object. Throws the plugin's sentence where the file cannot be read.
  public func probeAudio(
    _ path: String, with name: String = "speech_drama", configuration: JSONValue = [:]
  ) throws(TaskError) -> ProbedAudio {
    let plugin = try opened(try place(of: .task, name, nil).path)
    let subject = "\(plugin.name): audio probe"
    guard let probe = try Guard(subject).run({ () throws(TaskError) in try plugin.audioProbe() })
    else { throw TaskError(.configuration, "\(plugin.path): the plugin reads no audio files") }
    let sink = ExampleSink()
    do throws(TaskError) {
      try checked(subject) { error in
        Guard(subject).run {
          path.withStr { path in
            configuration.text().withStr { configuration in
              sink.withTable { probe(host.pointer, path, configuration, $0, error) }
            }
          }
        }
      }
    } catch {
      // The sink's own complaint says more than a status that the plugin passed on.
      throw sink.fault.map { TaskError(.internal, "\(subject): \($0)") } ?? error
    }
    if let fault = sink.fault { throw TaskError(.internal, "\(subject): \(fault)") }
    let logMel = sink.tensors["log_mel"]
    if let logMel, logMel.shape.count != 2 || logMel.values.isEmpty {
      throw TaskError(.internal, "\(subject): its log-mel has the shape \(logMel.shape)")
    }
    return ProbedAudio(properties: sink.metadata, logMel: logMel)
  }
}

extension Plugin {
  typealias AudioProbe =
    @convention(c) (
      UnsafePointer<tk_host_v1>?, tk_str, tk_str, UnsafePointer<tk_example_out_v1>?,
      UnsafeMutablePointer<tk_error>?
    ) -> tk_status

  /// The function behind `tk.audio/1`; nil: the plugin has none.
  fileprivate func audioProbe() throws(TaskError) -> AudioProbe? {
    try extensionTable(TK_EXTENSION_AUDIO, as: tk_audio_v1.self)?.probe
  }
}
