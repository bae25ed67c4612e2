import JSON
import Names

// Task files: YAML, a key a line, checked as they are read.

extension BenchmarkTask {
  private static let keys = [
    "version", "dataset", "files", "description", "add", "text", "contexts", "continuation",
    "choices", "gold", "target", "metrics", "shots", "generate", "filters", "exact_match",
    "subjects",
  ]

  /// The tasks that a file describes: one of its name, or one for each of its subjects.
  public static func tasks(inFile path: String) throws(FormatError) -> [BenchmarkTask] {
    let node = try RecipeLayer.file(path).node
    guard case .mapping(let members) = node.content else {
      throw FormatError(.malformed, path, "is no description of a task; write keys and values")
    }
    for member in members where !keys.contains(member.key) {
      throw member.origin.error(unknown(member.key, among: keys))
    }
    var task = BenchmarkTask(
      name: stem(of: path), file: path, question: try question(members, node.origin))
    for member in members { try task.read(member) }
    task.json = node.json
    try task.check(node.origin)
    return task.expanded
  }

  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  private init(name: String, file: String, question: Question) {
    self.name = name
    self.file = file
    self.question = question
  }

  static func unknown(_ key: String, among keys: [String]) -> String {
    let meant = nearestName(to: key, among: keys).map { "; did you mean '\($0)'?" }
    return "unknown key '\(key)'" + (meant ?? "; there are " + keys.joined(separator: ", "))
  }

  private static func question(
    _ members: [RecipeNode.Member], _ origin: RecipeOrigin
  ) throws(FormatError) -> Question {
    func find(_ key: String) -> RecipeNode? { members.first { $0.key == key }?.value }
    if let contexts = find("contexts") {
      guard let continuation = find("continuation"), find("text") == nil, find("choices") == nil
      else {
        throw contexts.origin.error(
          "'contexts' goes with 'continuation', the words after each of them, and without 'text' and "
            + "'choices'")
      }
      return .contexts(
        try rules(contexts, "contexts"), continuation: try rule(continuation, "continuation"))
    }
    guard let text = find("text") else {
      throw origin.error("has no 'text', which says what a model is asked; add it")
    }
    return .text(try rule(text, "text"))
  }

  private mutating func read(_ member: RecipeNode.Member) throws(FormatError) {
    let node = member.value, key = member.key
    switch key {
    case "version": version = node.json
    case "dataset": dataset = try Self.text(node, key)
    case "files": files = try Self.files(node)
    case "description": description = try Self.rule(node, key)
    case "add":
      for member in try Self.members(node, key) {
        for rule in try Self.steps(member.value, "add.\(member.key)") {
          additions.append((member.key, rule))
        }
      }
    case "choices": choices = try Self.choices(node, key)
    case "gold": gold = try Self.gold(node)
    case "target": target = try Self.rule(node, key)
    case "metrics": metrics = try Self.metrics(node)
    case "shots": shots = try Self.shots(node)
    case "generate", "filters", "exact_match":
      var writing = writing ?? Writing()
      try writing.read(key, node)
      self.writing = writing
    case "subjects":
      for member in try Self.members(node, key) {
        subjects.append((member.key, try Self.texts(member.value, "subjects.\(member.key)")))
      }
    default: break
    }
  }

  /// What must stand together.
  private func check(_ origin: RecipeOrigin) throws(FormatError) {
    guard !files.isEmpty else {
      throw origin.error("has no 'files', which says where the rows of each split lie; add it")
    }
    guard files.contains(where: { ["test", "validation"].contains($0.split) }) else {
      throw origin.error("'files' names neither 'test' nor 'validation', one of which is asked")
    }
    if let split = shots.split, !files.contains(where: { $0.split == split }) {
      throw origin.error("'shots.from' is '\(split)', of which 'files' names none")
    }
    var isWeighed = choices != nil
    if case .contexts = question { isWeighed = true }
    guard isWeighed != (writing != nil) else {
      throw origin.error(
        isWeighed
          ? "has choices and 'generate', 'filters' or 'exact_match'; a model weighs or writes"
          : "has neither 'choices' nor 'contexts' nor 'generate'; say how a model answers")
    }
    guard isWeighed == (gold != nil), isWeighed || target != nil else {
      throw origin.error(
        isWeighed
          ? "has no 'gold', which says which choice is right; add it"
          : "needs 'target', the right answer, and no 'gold'")
    }
    guard !metrics.isEmpty, metrics.allSatisfy({ ($0 == .exactMatch) != isWeighed }) else {
      throw origin.error(
        "'metrics' must be " + (isWeighed ? "some of acc, acc_norm, acc_bytes" : "[exact_match]"))
    }
    guard writing?.filters.isEmpty != true else {
      throw origin.error("has no 'filters', which say how an answer is read; add one")
    }
  }

  /// A task for each subject, or this alone.
  private var expanded: [BenchmarkTask] {
    guard !subjects.isEmpty else { return [self] }
    return subjects.flatMap { group, names in
      names.map { subject in
        var task = self
        task.name = "\(name)_\(subject)"
        task.subject = subject
        task.groups = ["\(name)_\(group)", name]
        return task
      }
    }
  }
}
