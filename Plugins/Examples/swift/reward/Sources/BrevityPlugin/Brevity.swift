// snippet: reward
import TaskKit

/// 1 for a completion of at most `target` characters, then `target` over their number.
struct Brevity: Reward {
  static let name = "brevity"
  static let summary = "1 up to a target length, then target / length."

  struct Config: Decodable, Sendable {
    /// In characters, that is, Unicode scalars.
    var target: Int
  }

  private let target: Int

  init(config: Config, host: HostServices) throws {
    guard config.target > 0 else {
      throw PluginError(
        .configuration, "'target' is \(config.target); it must be greater than 0")
    }
    target = config.target
  }

  func score(_ completion: Completion) -> Score {
    let characters = completion.text.unicodeScalars
    let count = Double(characters.count)
    let components = ["characters": count]
    if characters.allSatisfy(\.properties.isWhitespace) {
      return .abstain(reason: "empty completion", components: components)
    }
    return .score(min(1, Double(target) / count), components: components)
  }
}
// end snippet

// snippet: plugin
/// What this library offers to the host.
public let plugin = Plugin(
  name: "brevity", version: "1.0.0", exports: [.reward(Brevity.self)])
// end snippet
