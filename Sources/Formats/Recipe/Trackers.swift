public import JSON

/// Who is told how a run goes, beside the run's own files: `report_to`.
public struct Trackers: Sendable, Hashable {
  /// TensorBoard's event files; a file for `wandb sync`.
  public var tensorBoard = true, wandb = false

  init() {}
}

extension Trackers: RecipeScalar {
  static var expectation: String { "a list of tensorboard and wandb, or none" }

  init?(_ node: RecipeNode) {
    let nodes: [RecipeNode]
    if case .list(let list) = node.content { nodes = list } else { nodes = [node] }
    let words = nodes.compactMap(\.text)
    guard words.count == nodes.count, words.allSatisfy({ Self.words.contains($0) }),
      !words.contains("none") || words == ["none"]
    else { return nil }
    tensorBoard = words.contains("tensorboard") || words == ["all"]
    wandb = words.contains("wandb") || words == ["all"]
  }

  private static let words = ["tensorboard", "wandb", "all", "none"]

  /// The names of those who are told.
  public var json: JSONValue {
    .array((tensorBoard ? ["tensorboard"] : []) + (wandb ? ["wandb"] : []))
  }
}
