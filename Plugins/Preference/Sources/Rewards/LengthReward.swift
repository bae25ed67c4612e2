import TaskKit

/// Punishes long completions, or rewards those of a wanted length. Lengths are tokens of the model.
struct LengthReward: Reward {
  static let name = "length"
  static let summary = "By tokens: soft punishment of overlong completions, or a target length."

  /// Either the first two, or `target`.
  struct Config: Decodable, Sendable {
    /// TRL's `get_soft_overlong_punishment` (DAPO, eq. 13): 0 up to `max_completion_len` −
    /// `soft_punish_cache` tokens, from there down to −1 at `max_completion_len`, −1 beyond.
    var max_completion_len: Int?, soft_punish_cache: Int?
    /// 1 at so many tokens, less by 1/`target` for each token that is missing or too many, 0 at
    /// twice the target and beyond.
    var target: Int?
  }

  private let value: @Sendable (Int) -> Double

  init(config: Config, host: HostServices) throws {
    switch (config.max_completion_len, config.soft_punish_cache, config.target) {
    case (let most?, let cache?, nil):
      guard most > 0, 0...most ~= cache else {
        throw PluginError(
          .configuration,
          "'soft_punish_cache' must be from 0 to 'max_completion_len', which must be greater than 0"
        )
      }
      value = { Self.punishment($0, most: most, cache: cache) }
    case (nil, nil, let target?):
      guard target > 0 else {
        throw PluginError(.configuration, "'target' must be greater than 0")
      }
      value = { max(0, 1 - Double(abs($0 - target)) / Double(target)) }
    default:
      throw PluginError(
        .configuration,
        "give 'target', or 'max_completion_len' and 'soft_punish_cache'")
    }
  }

  func score(_ completion: Completion) throws -> Score {
    guard let tokens = completion.tokens else {
      throw PluginError(
        .data, "the number of the completion's tokens is not known; give it as 'tokens'")
    }
    return .score(value(tokens), components: ["tokens": Double(tokens)])
  }

  private static func punishment(_ tokens: Int, most: Int, cache: Int) -> Double {
    let free = most - cache
    if tokens <= free { return 0 }
    return tokens > most ? -1 : Double(free - tokens) / Double(cache)
  }
}
