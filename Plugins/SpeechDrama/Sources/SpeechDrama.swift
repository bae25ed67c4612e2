import TaskKit

/// What the library offers.
public let plugin = Plugin(
  name: "speech_drama", version: "1.0.0", exports: [], audio: ClipProbe.self)
