/// What the recipe says about audio.
public struct AudioSettings: Decodable, Sendable, Hashable {
  /// How several channels become one: `average` (the default) or `first`.
  public var channels = ChannelMix.average
  /// The folder of the feature cache; nil: `host/speech_drama` in the user's cache folder; `none`:
  /// nothing is kept.
  public var cache: String?
  /// Changes to training clips; nil: none.
  public var perturb: PerturbationSettings?

  private enum CodingKeys: String, CodingKey {
    case channels, cache, perturb
  }

  /// The defaults.
  public init() {}

  /// Reads the keys that are there.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    channels = try keys.decodeIfPresent(ChannelMix.self, forKey: .channels) ?? .average
    cache = try keys.decodeIfPresent(String.self, forKey: .cache)
    perturb = try keys.decodeIfPresent(PerturbationSettings.self, forKey: .perturb)
  }
}
