import CSndfile
import FoundationEssentials
import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct AudioFaultTests {
  private func front() -> AudioFront {
    var settings = AudioSettings()
    settings.cache = "none"
    return AudioFront(settings, host: .none)
  }

  /// `check` and `features` say the same; the sentence names the file.
  private func expect(_ name: String, _ path: String) {
    #expect(front().check(path)?.name == name)
    #expect("\(front().check(path) as Any)".contains(path))
    let thrown = #expect(throws: AudioFault.self) { try front().features(path) }
    #expect(thrown?.name == name && thrown?.path == path && thrown?.isWarning == false)
  }

  @Test func filesThatHoldNoAudio() throws {
    try withFolder { folder in
      expect("missing", folder + "/nowhere.wav")
      expect("missing", folder + "/no/folder.wav")
      expect("unreadable", folder)
      let path = folder + "/x.wav"
      try Data().write(to: URL(filePath: path))
      expect("empty", path)
      try Data("not audio at all, but longer than a header".utf8).write(to: URL(filePath: path))
      expect("unreadable", path)
      try AudioSignal.write([[]], to: path)
      expect("empty", path)
    }
  }

  @Test func clipsThatCannotBeJudged() throws {
    try withFolder { folder in
      let path = folder + "/x.wav"
      try AudioSignal.write([AudioSignal.sweepAndBursts(320)], to: path)
      expect("too_short", path)
      try AudioSignal.write([AudioSignal.sweepAndBursts(480_001)], to: path)
      expect("too_long", path)
      try AudioSignal.write([[Float](repeating: 0.00005, count: 16_000)], to: path)
      expect("silent", path)
      let tone = AudioSignal.tone(300, rate: 16_000)
      try AudioSignal.write([tone, tone.map { -$0 }], to: path)
      expect("silent", path)  // The channels cancel out: the model would hear nothing.
      try AudioSignal.write(
        [tone + [.nan]], to: path, format: SF_FORMAT_WAV | SF_FORMAT_FLOAT)
      expect("not_finite", path)
      try AudioSignal.write([Array(tone[..<1200])], to: path, rate: 60)
      let thrown = #expect(throws: AudioFault.self) { try front().features(path) }
      #expect(thrown?.name == "unreadable")  // No converter goes from 60 to 16000.
    }
  }

  @Test func theShortestAndTheLongestClip() throws {
    try withFolder { folder in
      let path = folder + "/x.wav"
      try AudioSignal.write([AudioSignal.sweepAndBursts(321)], to: path)
      #expect(try front().features(path).tokens == 1)
      try AudioSignal.write([AudioSignal.sweepAndBursts(480_000)], to: path)
      #expect(try front().features(path).tokens == 750)
    }
  }

  @Test func aClippedClipIsAWarning() throws {
    try withFolder { folder in
      let path = folder + "/x.wav"
      let loud = AudioSignal.tone(300, rate: 16_000).map { max(-1, min(1, $0 * 3)) }
      try AudioSignal.write([loud], to: path)
      let fault = try #require(front().check(path))
      #expect(fault.name == "clipped" && fault.isWarning)
      #expect(try front().features(path).frames == 50)
    }
  }

  @Test func theSentences() {
    #expect(
      "\(AudioFault.tooLong(path: "a.wav", seconds: 31.256))"
        == "'a.wav' lasts 31.26 s, and the model hears at most 30 s: cut it to the part that was "
        + "rated")
    #expect("\(AudioFault.silent(path: "a.wav", peak: -.infinity))".contains("peak -inf dBFS"))
    #expect("\(AudioFault.clipped(path: "a.wav", share: 0.0123))".contains("1.23 %"))
  }
}
