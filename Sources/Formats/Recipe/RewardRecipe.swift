import JSON

/// An entry of `rewards`: what scores answers.
public struct RewardRecipe: Sendable, Hashable {
  /// The reward's name, a plugin file, or `FILE.so:NAME`.
  public var name = ""
  /// What its score counts in the total; 0 makes a metric of it.
  public var weight = 1.0
  /// The reward's own configuration.
  public var configuration = JSONValue.emptyObject
  /// Whether it runs in a process of its own; nil: unless it is a bundled one.
  public var isIsolated: Bool?
  /// Seconds for a batch, after which its process is stopped.
  public var timeout = 60.0
  /// The memory that it may allocate in its process.
  public var memoryLimit = ByteCount("2GB")!

  init() {}
}

extension RewardRecipe: RecipeSection {
  static let keys: [RecipeKey<RewardRecipe>] = [
    RecipeKey("name", \.name, "a reward's name, a plugin file, or FILE.so:NAME"),
    RecipeKey("weight", \.weight, "what its score counts in the total; 0: a metric", .finite),
    RecipeKey("config", \.configuration, "the reward's own configuration"),
    RecipeKey(
      "isolate", \.isIsolated, "run it in a process of its own; null: unless it is a bundled one"),
    RecipeKey("timeout", \.timeout, "seconds for a batch in its own process", .duration),
    RecipeKey("memory_limit", \.memoryLimit, "memory that it may allocate in its own process"),
  ]
}

/// `on_reward_error`: what follows when a reward fails on a batch.
public enum RewardErrorPolicy: String, Sendable, CaseIterable, RecipeChoice { case stop, abstain }

/// A list of sections, replaced as a whole.
extension Array: RecipeValue where Element: RecipeSection {
  static var expectation: String { "a list of mappings" }

  static func documentation(below path: String) -> [RecipeKeyDocumentation] {
    Element.documentation(below: path + "[]")
  }

  static func merged(
    _ old: [Element]?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> [Element] {
    for old in origins.keys where old.hasPrefix(path + "[") { origins[old] = nil }
    origins[path] = node.origin
    if node.isNull { return [] }
    guard case .list(let nodes) = node.content else {
      throw node.origin.error("\(path) must be \(expectation), found \(node.found)")
    }
    var elements: [Element] = []
    for (index, node) in nodes.enumerated() {
      elements.append(try Element.merged(nil, node, at: "\(path)[\(index)]", &origins))
      if origins["\(path)[\(index)]"] == nil { origins["\(path)[\(index)]"] = node.origin }
    }
    return elements
  }

  var json: JSONValue { .array(map(\.json)) }
}
