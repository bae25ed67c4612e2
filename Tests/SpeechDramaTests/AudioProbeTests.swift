import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct AudioProbeTests {
  @Test func saysWhatTheFileHolds() throws {
    try withFolder { folder in
      let path = folder + "/x.wav"
      try AudioSignal.write([AudioSignal.tone(1000, rate: 48_000)], to: path, rate: 48_000)
      let audio = try ClipProbe.probe(path, config: AudioSettings(), host: .none)
      #expect(audio.properties["rate"]?.int == 48_000)
      #expect(audio.properties["mel_frames"]?.int == 50)
      #expect(audio.properties["tokens"]?.int == 12 && audio.properties["fault"] == .null)
      #expect(audio.logMel?.shape == [128, 52])
      try AudioSignal.write([[Float](repeating: 0, count: 9600)], to: path)
      let silent = try ClipProbe.probe(path, config: AudioSettings(), host: .none)
      #expect(silent.properties["fault"]?["name"]?.string == "silent")
      #expect(silent.properties["fault"]?["is_warning"]?.bool == false)
      let error = #expect(throws: PluginError.self) {
        try ClipProbe.probe(folder + "/no.wav", config: AudioSettings(), host: .none)
      }
      #expect(error?.kind == .data)
    }
  }
}
