// snippet: dataset
import TaskKit

/// "Shorten: <a word three times>", answered by the word.
struct BrevityRows: Dataset {
  static let name = "brevity.rows"
  static let summary = "Words said three times, to be said once."

  struct Config: Decodable, Sendable {
    /// What to shorten. Every fifth word is held out for validation.
    var words: [String]
  }

  static let defaults: JSON = [
    "words": [
      "river", "lantern", "quiet", "meadow", "copper", "window", "thunder", "paper", "garden",
      "silver",
    ]
  ]

  private let words: [String]

  init?(config: Config, split: Split, host: HostServices) throws {
    guard !config.words.isEmpty else {
      throw PluginError(.configuration, "'words' is empty; give at least one, or leave it out")
    }
    let all = config.words.enumerated()
    switch split {
    case .train: words = all.filter { $0.offset % 5 != 4 }.map(\.element)
    case .validation: words = all.filter { $0.offset % 5 == 4 }.map(\.element)
    case .test: return nil
    }
  }

  var count: Int { words.count }

  func example(at index: Int, epoch: Int, seed: UInt64) -> Example {
    let word = words[index]
    return Example(
      turns: [.user("Shorten: \(word) \(word) \(word)"), .assistant(word)],
      metadata: ["word": .string(word)])
  }
}
// end snippet
