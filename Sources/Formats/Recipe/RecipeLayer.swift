import JSON
import Yams

/// One source of a recipe's values. Later layers overwrite earlier ones key by key.
public struct RecipeLayer: Sendable {
  let node: RecipeNode

  /// This layer less one of its sections.
  public func without(_ section: String) -> RecipeLayer {
    guard case .mapping(let members) = node.content else { return self }
    let kept = members.filter { $0.key != section }
    return RecipeLayer(node: RecipeNode(content: .mapping(kept), origin: node.origin))
  }

  /// A recipe file.
  public static func file(_ path: String) throws(FormatError) -> RecipeLayer {
    var bytes: [UInt8]
    do { bytes = try readFile(path) } catch {
      throw beside(path).map { FormatError(error.kind, path, "is not there, but \($0) is") }
        ?? error
    }
    // A byte-order mark, which some editors put at the head of a file.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FormatError(.malformed, path, "is not UTF-8; save it so")
    }
    return try yaml(text, named: path)
  }

  /// The file beside `path` whose name ends in YAML's other ending; nil where there is none.
  private static func beside(_ path: String) -> String? {
    for (own, other) in [(".yml", ".yaml"), (".yaml", ".yml")] where path.hasSuffix(own) {
      let file = path.dropLast(own.count) + other
      if FileSystem.exists(String(file)), !FileSystem.exists(path) { return String(file) }
    }
    return nil
  }

  /// A recipe's text; errors call it `name`.
  public static func yaml(_ text: String, named name: String) throws(FormatError) -> RecipeLayer {
    let node = try RecipeNode(yaml: text, named: name) { line in
      RecipeOrigin(description: "\(name):\(line)", isCommandLine: false)
    }
    return RecipeLayer(node: node)
  }

  /// What a task's plugin wants unless the recipe says otherwise.
  public static func defaults(_ values: JSONValue, ofTask task: String) -> RecipeLayer {
    let origin = RecipeOrigin(
      description: "defaults of the task '\(task)'", isCommandLine: false, isDefault: true)
    return RecipeLayer(node: RecipeNode(values, origin: origin))
  }

  /// `--set KEY=VALUE`: a dotted key path and a value in YAML.
  public static func setting(_ assignment: String) throws(FormatError) -> RecipeLayer {
    guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
      throw FormatError(
        .usage, "--set \(assignment)",
        "write KEY=VALUE, for instance --set training_args.learning_rate=1e-4")
    }
    return try setting(
      String(assignment[..<equals]), to: String(assignment[assignment.index(after: equals)...]),
      by: "--set \(assignment)")
  }

  /// A key set by a flag of its own; `flag` (`--epochs 3`) is what errors name.
  public static func setting(
    _ key: String, to value: String, by flag: String
  ) throws(FormatError) -> RecipeLayer {
    let origin = RecipeOrigin(description: flag, isCommandLine: true)
    let node: RecipeNode
    do { node = try RecipeNode(yaml: value, named: flag) { _ in origin } } catch {
      throw origin.error("the value is not YAML; put it into quotes")
    }
    let keys = key.split(separator: ".", omittingEmptySubsequences: false)
    return RecipeLayer(node: node.nested(under: keys))
  }
}

extension RecipeNode {
  /// Parses YAML; `origin` gives the origin of what stands on a line.
  init(
    yaml text: String, named name: String, origin: (Int) -> RecipeOrigin
  ) throws(FormatError) {
    do {
      guard let node = try Yams.compose(yaml: text) else {
        self.init(content: .scalar("", isQuoted: false), origin: origin(1))
        return
      }
      self.init(node, line: 1, origin)
    } catch {
      throw Self.fault(error, named: name)
    }
  }

  private init(_ node: Node, line: Int, _ origin: (Int) -> RecipeOrigin) {
    let line = node.mark?.line ?? line
    self.origin = origin(line)
    switch node {
    case .scalar(let scalar):
      content = .scalar(
        scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any)
    case .sequence(let nodes):
      content = .list(nodes.map { RecipeNode($0, line: line, origin) })
    case .mapping(let pairs):
      content = .mapping(
        Self.merged(
          pairs.map { key, value in
            let keyLine = key.mark?.line ?? line
            return Member(
              key: key.scalar?.string ?? "?", origin: origin(keyLine),
              value: RecipeNode(value, line: keyLine, origin))
          }))
    case .alias:
      // The parser has put the anchored value in an alias's place already.
      content = .scalar("", isQuoted: false)
    }
  }

  /// The members with what `<<` takes over from other mappings, the first of several: a mapping's own
  /// keys count more.
  private static func merged(_ members: [Member]) -> [Member] {
    var own = members.filter { $0.key != "<<" }
    for merge in members where merge.key == "<<" {
      let sources: [RecipeNode]
      if case .list(let nodes) = merge.value.content {
        sources = nodes
      } else {
        sources = [merge.value]
      }
      for source in sources {
        guard case .mapping(let others) = source.content else {
          own.append(merge)
          break
        }
        own += others.filter { other in !own.contains { $0.key == other.key } }
      }
    }
    return own
  }

  private static func fault(_ error: any Error, named name: String) -> FormatError {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      FormatError(.malformed, "\(name):\(mark.line)", "not YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      FormatError(
        .malformed, "\(name):\(context.mark.line)", "the key '\(keys.joined())' stands twice")
    default: FormatError(.malformed, name, "not YAML: \(error)")
    }
  }
}
