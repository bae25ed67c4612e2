import JSON

// Single values of task files.

extension BenchmarkTask {
  static func text(_ node: RecipeNode, _ key: String) throws(FormatError) -> String {
    guard let text = node.text else {
      throw node.origin.error("'\(key)' must be a text, found \(node.found)")
    }
    return text
  }

  /// One text or a list of them.
  static func texts(_ node: RecipeNode, _ key: String) throws(FormatError) -> [String] {
    guard case .list(let nodes) = node.content else { return [try text(node, key)] }
    return try nodes.map { (node) throws(FormatError) in try text(node, key) }
  }

  static func rule(_ node: RecipeNode, _ key: String) throws(FormatError) -> TextRule {
    let text = try text(node, key)
    do throws(TextRule.Fault) { return try TextRule(text) } catch {
      throw node.origin.error("'\(key)' \(error.message)")
    }
  }

  static func rules(_ node: RecipeNode, _ key: String) throws(FormatError) -> [TextRule] {
    guard case .list(let nodes) = node.content, nodes.count > 1 else {
      throw node.origin.error("'\(key)' must be a list of two texts or more, found \(node.found)")
    }
    return try nodes.map { (node) throws(FormatError) in try rule(node, key) }
  }

  /// One rule, or several that are done one after the other.
  static func steps(_ node: RecipeNode, _ key: String) throws(FormatError) -> [TextRule] {
    guard case .list(let nodes) = node.content else { return [try rule(node, key)] }
    return try nodes.map { (node) throws(FormatError) in try rule(node, key) }
  }

  static func members(
    _ node: RecipeNode, _ key: String, known: [String]? = nil
  ) throws(FormatError) -> [RecipeNode.Member] {
    guard case .mapping(let members) = node.content else {
      throw node.origin.error("'\(key)' must be keys and values, found \(node.found)")
    }
    for member in members {
      guard let known, !known.contains(member.key) else { continue }
      throw member.origin.error("'\(key)': " + unknown(member.key, among: known))
    }
    return members
  }

  static func files(_ node: RecipeNode) throws(FormatError) -> [(
    split: String, patterns: [String]
  )] {
    let splits = ["train", "validation", "test", "dev"]
    return try members(node, "files", known: splits).map { (member) throws(FormatError) in
      (member.key, try texts(member.value, "files.\(member.key)"))
    }
  }

  static func choices(_ node: RecipeNode, _ key: String) throws(FormatError) -> Choices {
    if case .list = node.content { return .texts(try rules(node, key)) }
    let rule = try rule(node, key)
    guard rule.loneField != nil else {
      throw node.origin.error(
        "'\(key)' must be one field that holds a list, as \"{endings}\", or a list of texts")
    }
    return .list(rule)
  }

  static func gold(_ node: RecipeNode) throws(FormatError) -> Gold {
    let members = try members(node, "gold", known: ["index", "value", "among"])
    func find(_ key: String) -> RecipeNode? { members.first { $0.key == key }?.value }
    switch (find("index"), find("value"), find("among")) {
    case (let index?, nil, nil): return .index(try rule(index, "gold.index"))
    case (nil, let value?, let among?):
      return .value(try rule(value, "gold.value"), among: try choices(among, "gold.among"))
    default:
      throw node.origin.error(
        "'gold' is {index: \"{field}\"}, or {value: \"{field}\", among: [list]}")
    }
  }

  static func metrics(_ node: RecipeNode) throws(FormatError) -> [Metric] {
    try texts(node, "metrics").map { (name) throws(FormatError) in
      guard let metric = Metric(rawValue: name) else {
        let known = Metric.allCases.map(\.rawValue).joined(separator: ", ")
        throw node.origin.error("knows no metric '\(name)'; there are \(known)")
      }
      return metric
    }
  }

  static func shots(_ node: RecipeNode) throws(FormatError) -> Shots {
    var shots = Shots()
    for member in try members(node, "shots", known: ["count", "from", "drawn"]) {
      switch member.key {
      case "count": shots.count = try count(member.value, "shots.count", from: 0)
      case "from": shots.split = try text(member.value, "shots.from")
      default:
        let drawn = try text(member.value, "shots.drawn")
        guard ["random", "first"].contains(drawn) else {
          throw member.origin.error("'shots.drawn' must be random or first, found '\(drawn)'")
        }
        shots.areFirst = drawn == "first"
      }
    }
    return shots
  }

  static func count(
    _ node: RecipeNode, _ key: String, from least: Int
  ) throws(FormatError) -> Int {
    guard let value = node.int, least...1_000_000 ~= value else {
      throw node.origin.error("'\(key)' must be a whole number from \(least), found \(node.found)")
    }
    return value
  }

  /// A regular expression that Swift reads.
  static func pattern(_ node: RecipeNode, _ key: String) throws(FormatError) -> String {
    let text = try text(node, key)
    do { _ = try Regex(text) } catch {
      throw node.origin.error("'\(key)' is no regular expression: \(text)")
    }
    return text
  }
}

extension BenchmarkTask.Writing {
  mutating func read(_ key: String, _ node: RecipeNode) throws(FormatError) {
    typealias Task = BenchmarkTask
    switch key {
    case "generate":
      for member in try Task.members(node, key, known: ["until", "max_new_tokens"]) {
        if member.key == "until" {
          until = try Task.texts(member.value, "generate.until")
        } else {
          maximumNewTokens = try Task.count(member.value, "generate.max_new_tokens", from: 1)
        }
      }
    case "filters":
      guard case .list(let nodes) = node.content else {
        throw node.origin.error("'filters' must be a list, found \(node.found)")
      }
      filters = try nodes.map { (node) throws(FormatError) in try Self.filter(node) }
    default:
      for member in try Task.members(node, key, known: ["ignore", "ignore_case"]) {
        if member.key == "ignore_case" {
          guard let value = member.value.bool else {
            throw member.origin.error("'exact_match.ignore_case' must be true or false")
          }
          ignoresCase = value
        } else if case .list(let nodes) = member.value.content {
          ignored = try nodes.map { (node) throws(FormatError) in
            try Task.pattern(node, "exact_match.ignore")
          }
        } else {
          ignored = [try Task.pattern(member.value, "exact_match.ignore")]
        }
      }
    }
  }

  private static func filter(_ node: RecipeNode) throws(FormatError) -> BenchmarkTask.AnswerFilter {
    typealias Task = BenchmarkTask
    let members = try Task.members(node, "filters", known: ["name", "pattern", "match"])
    func find(_ key: String) -> RecipeNode? { members.first { $0.key == key }?.value }
    guard let name = find("name"), let pattern = find("pattern") else {
      throw node.origin.error("a filter has 'name' and 'pattern'; add what is missing")
    }
    let match = try find("match").map { (node) throws(FormatError) in
      try Task.text(node, "filters.match")
    }
    guard ["first", "last"].contains(match ?? "first") else {
      throw node.origin.error("'filters.match' must be first or last, found '\(match ?? "")'")
    }
    return .init(
      name: try Task.text(name, "filters.name"),
      pattern: try Task.pattern(pattern, "filters.pattern"), takesLast: match == "last")
  }
}
