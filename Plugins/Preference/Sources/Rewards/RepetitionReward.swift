import TaskKit

/// Punishes repeated n-grams: (1 − distinct / all) · `max_penalty`, as TRL's
/// `get_repetition_penalty_reward`. There the grams are of the tokens that were sampled; here they
/// are of words (`Words`), or of the tokens that the model's tokenizer cuts the text into.
struct RepetitionReward: Reward {
  static let name = "repetition"
  static let summary = "Punishes n-grams of words or tokens that come again."

  struct Config: Decodable, Sendable {
    /// How many make a gram.
    var ngram_size: Int
    /// What a text of nothing but repetition comes close to; not above 0.
    var max_penalty: Double
    /// What grams are made of: `words` or `tokens`.
    var unit: String
  }
  static let defaults: JSON = ["ngram_size": 3, "max_penalty": -1, "unit": "words"]

  enum Unit: String, CaseIterable { case words, tokens }

  private let size: Int, penalty: Double, tokenizer: Tokenizer?

  init(config: Config, host: HostServices) throws {
    guard config.ngram_size > 0 else {
      throw PluginError(.configuration, "'ngram_size' must be greater than 0")
    }
    guard config.max_penalty <= 0 else {
      throw PluginError(.configuration, "'max_penalty' must not be greater than 0")
    }
    (size, penalty) = (config.ngram_size, config.max_penalty)
    let unit: Unit = try named(config.unit, "unit")
    tokenizer = unit == .tokens ? host.tokenizer : nil
    guard unit == .words || tokenizer != nil else {
      throw PluginError(
        .unsupported, "'unit: tokens' needs a model's tokenizer, which is not there; use words")
    }
  }

  func score(_ completion: Completion) throws -> Score {
    let repeated =
      if let tokenizer {
        Self.repeated(try tokenizer.encode(completion.text), size)
      } else {
        Self.repeated(Words.split(completion.text), size)
      }
    return .score(repeated == 0 ? 0 : repeated * penalty, components: ["repeated": repeated])
  }

  /// The share of grams that have come before.
  static func repeated(_ units: [some Hashable], _ size: Int) -> Double {
    guard units.count >= size else { return 0 }
    let count = units.count - size + 1
    let distinct = Set((0..<count).map { units[$0..<$0 + size] }).count
    return 1 - Double(distinct) / Double(count)
  }
}
