import TaskKit

/// A reward that fails as its completions say, in the place of the template's.
struct Brevity: Reward {
  static let name = "faulty"

  init(config: NoConfig, host: HostServices) throws {}

  func score(_ completion: Completion) throws -> Score {
    switch completion.text {
    case "throw": throw PluginError(.data, "réponse 🤖")
    case "count": return .score(Double.infinity)
    case "fatal": fatalError("nobody catches me")
    case "index": return .score(Double([0, 1][completion.text.count]))
    default: return 1
    }
  }
}

/// What this library offers to the host.
public let plugin = Plugin(name: "faulty", version: "1", exports: [.reward(Brevity.self)])
