import FoundationEssentials
import Synchronization
import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct AudioFrontTests {
  private func settings(_ json: String) throws -> AudioSettings {
    try JSONDecoder().decode(AudioSettings.self, from: Data(json.utf8))
  }

  private func cached(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder + "/cache").sorted()
  }

  @Test func featuresAreKeptByContent() throws {
    try withFolder { folder in
      var settings = AudioSettings()
      settings.cache = folder + "/cache"
      let samples = AudioSignal.sweepAndBursts(8000)
      for name in ["/a.wav", "/b.wav"] { try AudioSignal.write([samples], to: folder + name) }
      let made = try AudioFront(settings, host: .none).features(folder + "/a.wav")
      #expect(try cached(folder).count == 1)
      #expect(try AudioFront(settings, host: .none).features(folder + "/b.wav") == made)
      #expect(try cached(folder).count == 1)
      try AudioSignal.write([AudioSignal.sweepAndBursts(9000)], to: folder + "/b.wav")
      #expect(try AudioFront(settings, host: .none).features(folder + "/b.wav").frames == 57)
      settings.channels = .first
      _ = try AudioFront(settings, host: .none).features(folder + "/a.wav")
      #expect(try cached(folder).count == 3)
    }
  }

  @Test(arguments: [0, 6, 20, 45, 5000]) func aDamagedFileIsNoticedAndRemade(at byte: Int) throws {
    try withFolder { folder in
      var settings = AudioSettings()
      settings.cache = folder + "/cache"
      try AudioSignal.write([AudioSignal.sweepAndBursts(8000)], to: folder + "/a.wav")
      let made = try AudioFront(settings, host: .none).features(folder + "/a.wav")
      let file = URL(filePath: folder + "/cache/" + (try cached(folder)[0]))
      var data = try Data(contentsOf: file)
      let whole = data
      if byte == 5000 { data = data.prefix(5000) } else { data[byte] ^= 1 }
      try data.write(to: file)
      let lines = Mutex<[String]>([])
      let host = HostServices(log: { _, line in lines.withLock { $0.append(line) } })
      #expect(try AudioFront(settings, host: host).features(folder + "/a.wav") == made)
      #expect(lines.withLock { $0.count } == 1)
      #expect(try Data(contentsOf: file) == whole)
    }
  }

  @Test func withoutACacheFolderItGoesOnAndSaysSoOnce() throws {
    try withFolder { folder in
      var settings = AudioSettings()
      settings.cache = folder + "/a.wav/cache"
      try AudioSignal.write([AudioSignal.sweepAndBursts(8000)], to: folder + "/a.wav")
      let lines = Mutex<[String]>([])
      let host = HostServices(log: { _, line in lines.withLock { $0.append(line) } })
      let front = AudioFront(settings, host: host)
      for _ in 0..<2 { #expect(try front.features(folder + "/a.wav").frames == 50) }
      #expect(lines.withLock { $0.count } == 1)
    }
  }

  @Test func settings() throws {
    #expect(try settings("{}") == AudioSettings())
    let all = try settings(
      """
      {"channels": "first", "cache": "none",
       "perturb": {"speed": 0.1, "gain_db": 6, "noise_db": 40}}
      """)
    #expect(all.channels == .first && all.cache == "none")
    #expect(all.perturb == PerturbationSettings(speed: 0.1, gain: 6, noise: 40))
    #expect(throws: (any Error).self) { try settings(#"{"channels": "left"}"#) }
    let error = #expect(throws: PluginError.self) { try settings(#"{"perturb": {"speed": 2}}"#) }
    #expect(error?.message == "'perturb.speed' must lie in 0 to 0.5, not 2.0")
  }

  @Test func aPerturbationIsAFunctionOfRowEpochAndSeed() {
    let settings = PerturbationSettings(speed: 0.1, gain: 6, noise: 30)
    let one = Perturbation(settings, index: 3, epoch: 1, seed: 7)
    #expect(one == Perturbation(settings, index: 3, epoch: 1, seed: 7))
    #expect(one != Perturbation(settings, index: 4, epoch: 1, seed: 7))
    #expect(one != Perturbation(settings, index: 3, epoch: 2, seed: 7))
    #expect(one != Perturbation(settings, index: 3, epoch: 1, seed: 8))
    let many = (0..<500).map { Perturbation(settings, index: $0, epoch: 0, seed: 1) }
    #expect(many.allSatisfy { (0.9...1.1).contains($0.speed) && (-6...6).contains($0.gain) })
    #expect(many.map(\.speed).min()! < 0.91 && many.map(\.speed).max()! > 1.09)
    #expect(many.map(\.gain).min()! < -5 && many.map(\.gain).max()! > 5)
  }

  @Test func gainAndNoiseHaveTheirLevel() {
    var change = Perturbation()
    change.gain = -6
    let clean = AudioSignal.tone(500, rate: 16_000, seconds: 4)
    var samples = clean
    change.apply(to: &samples)
    #expect(abs(level(samples) - level(clean) - -6) < 1e-3)
    change = Perturbation()
    change.noise = 20
    samples = clean
    change.apply(to: &samples)
    #expect(abs(level(zip(samples, clean).map { $0 - $1 }) - (level(clean) - 20)) < 0.1)
    var again = clean
    change.apply(to: &again)
    #expect(again == samples)
  }

  @Test func speedChangesTheLengthButNeverPast30Seconds() throws {
    try withFolder { folder in
      var settings = AudioSettings()
      settings.cache = "none"
      let front = AudioFront(settings, host: .none)
      let path = folder + "/a.wav"
      try AudioSignal.write([AudioSignal.sweepAndBursts(16_000)], to: path)
      var change = Perturbation()
      change.speed = 1.25
      #expect(try front.features(path, perturbation: change).frames == 80)
      change.speed = 0.5
      try AudioSignal.write([AudioSignal.sweepAndBursts(4000 * 29)], to: path, rate: 4000)
      #expect(try front.features(path, perturbation: change).frames == 3000)
    }
  }

  private func level(_ samples: [Float]) -> Double {
    let squares = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
    return decibels((squares / Double(samples.count)).squareRoot())
  }
}
