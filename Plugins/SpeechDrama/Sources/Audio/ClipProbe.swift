import TaskKit

/// Answers `host audio probe`.
enum ClipProbe: AudioProbe {
  static func probe(
    _ path: String, config: AudioSettings, host: HostServices
  ) throws -> ProbedAudio {
    do {
      let clip = try AudioClip(path: path, channels: config.channels)
      let fault = clip.properties.fault(path: path)
      guard !clip.samples.isEmpty else { throw fault ?? .empty(path: path) }
      let samples = try Resampler.convert(clip.samples, rate: clip.properties.rate)
      let mel = LogMel(samples: samples)
      return ProbedAudio(
        properties: json(clip.properties, mel, fault),
        logMel: MediaTensor(shape: [LogMel.bins, mel.columns], values: mel.values))
    } catch let fault as AudioFault {
      throw PluginError(.data, fault.description)
    } catch let fault as Resampler.Fault {
      throw PluginError(
        .data, AudioFault.unreadable(path: path, reason: fault.reason).description)
    }
  }

  private static func json(
    _ properties: AudioProperties, _ mel: LogMel, _ fault: AudioFault?
  ) -> JSON {
    [
      "rate": .int(properties.rate), "channels": .int(properties.channels),
      "frames": .int(properties.frames), "seconds": .double(properties.seconds),
      "format": .string(properties.format),
      "peak_dbfs": .double(decibels(Double(properties.peak))),  // -infinity is written as null.
      "rms_dbfs": .double(properties.rms), "clipped_share": .double(properties.clippedShare),
      "mel_frames": .int(mel.frames), "tokens": .int(mel.tokens),
      "fault": fault.map {
        [
          "name": .string($0.name), "message": .string($0.description),
          "is_warning": .bool($0.isWarning),
        ]
      } ?? .null,
    ]
  }
}
