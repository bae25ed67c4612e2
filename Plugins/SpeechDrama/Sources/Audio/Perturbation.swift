import TaskKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How far training clips are changed.
public struct PerturbationSettings: Decodable, Sendable, Hashable {
  /// The speed lies in 1 ± this, pitch and all; 0…0.5.
  public var speed = 0.0
  /// The gain lies in ± this many dB; 0…40.
  public var gain = 0.0
  /// White noise lies this many dB below the clip's own level; nil: no noise.
  public var noise: Double?

  private enum CodingKeys: String, CodingKey {
    case speed
    case gain = "gain_db"
    case noise = "noise_db"
  }

  /// Creates settings in range.
  public init(speed: Double = 0, gain: Double = 0, noise: Double? = nil) {
    self.speed = speed
    self.gain = gain
    self.noise = noise
  }

  /// Reads the keys that are there, and refuses values out of range.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    speed = try keys.decodeIfPresent(Double.self, forKey: .speed) ?? 0
    gain = try keys.decodeIfPresent(Double.self, forKey: .gain) ?? 0
    noise = try keys.decodeIfPresent(Double.self, forKey: .noise)
    guard (0...0.5).contains(speed) else { throw Self.outOfRange("speed", speed, "0 to 0.5") }
    guard (0...40).contains(gain) else { throw Self.outOfRange("gain_db", gain, "0 to 40") }
    if let noise, !(0...120).contains(noise) {
      throw Self.outOfRange("noise_db", noise, "0 to 120")
    }
  }

  private static func outOfRange(_ key: String, _ value: Double, _ range: String) -> PluginError {
    PluginError(.configuration, "'perturb.\(key)' must lie in \(range), not \(value)")
  }
}

/// One clip's change, drawn once: the same row of the same epoch and seed gets the same.
public struct Perturbation: Sendable, Hashable {
  /// Plays the clip this many times as fast.
  public var speed = 1.0
  /// The gain in dB.
  public var gain = 0.0
  /// White noise this many dB below the clip's level; nil: none.
  public var noise: Double?
  /// Where the noise begins.
  public var seed: UInt64 = 0

  /// No change.
  public init() {}

  /// Draws row `index`'s change in `epoch`.
  public init(_ settings: PerturbationSettings, index: Int, epoch: Int, seed: UInt64) {
    var random = RowGenerator(index: index, epoch: epoch, seed: seed ^ 0x6175_6469_6f)
    speed = 1 + settings.speed * (2 * random.unit() - 1)
    gain = settings.gain * (2 * random.unit() - 1)
    noise = settings.noise
    self.seed = random.next()
  }

  /// Gain, then noise, in place; 16 kHz samples.
  func apply(to samples: inout [Float]) {
    let factor = Float(pow(10, gain / 20))
    var squares = 0.0
    for i in samples.indices {
      samples[i] *= factor
      squares += Double(samples[i]) * Double(samples[i])
    }
    guard let noise, !samples.isEmpty else { return }
    let level = (squares / Double(samples.count)).squareRoot() * pow(10, -noise / 20)
    var random = RowGenerator(index: 0, epoch: 0, seed: seed)
    for i in samples.indices { samples[i] += Float(level * random.normal()) }
  }
}

extension RowGenerator {
  /// A number in [0, 1).
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number of the standard normal distribution (Box and Muller 1958).
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * Double.pi * unit())
  }
}
