/// What the recipe says about audio.
public struct AudioSettings: Decodable, Sendable, Hashable {
  /// What becomes of a record whose audio cannot be used.
  public enum FaultPolicy: String, Decodable, Sendable { case error, skip }

  /// How several channels become one: `average` (the default) or `first`.
  public var channels = ChannelMix.average
  /// `error` (the default): the run ends; `skip`: the record is left out, counted and listed.
  public var onBadAudio = FaultPolicy.error
  /// The folder of the feature cache; nil: `host/speech_drama` in the user's cache folder; `none`:
  /// nothing is kept.
  public var cache: String?
  /// Changes to training clips; nil: none.
  public var perturb: PerturbationSettings?

  private enum CodingKeys: String, CodingKey {
    case channels, cache, perturb
    case onBadAudio = "on_bad_audio"
  }

  /// The defaults.
  public init() {}

  /// Reads the keys that are there.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    channels = try keys.decodeIfPresent(ChannelMix.self, forKey: .channels) ?? .average
    onBadAudio = try keys.decodeIfPresent(FaultPolicy.self, forKey: .onBadAudio) ?? .error
    cache = try keys.decodeIfPresent(String.self, forKey: .cache)
    perturb = try keys.decodeIfPresent(PerturbationSettings.self, forKey: .perturb)
  }
}
