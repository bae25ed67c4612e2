import Names

/// Keys of a layer that no section has: all of them, so that a recipe of another program is mended at
/// once and not key by key.
struct UnknownKeys {
  private var found: [FormatError] = []
  /// Paths that hold a value, and the sections above them.
  private static let leaves = Set(Recipe.documentation.map { $0.path })
  private static let sections = Set(
    Recipe.documentation.flatMap { key -> [String] in
      let parts = key.path.split(separator: ".")
      return (0..<parts.count).map { parts[..<$0].joined(separator: ".") }
    })

  /// Throws where one of `layers` has an unknown key, and tells of all.
  static func refuse(in layers: [RecipeLayer]) throws(FormatError) {
    var keys = UnknownKeys()
    for layer in layers { keys.look(into: layer.node, at: "", shown: "") }
    guard let first = keys.found.first else { return }
    let others = keys.found.dropFirst().map { "\n\($0)" }.joined()
    throw FormatError(first.kind, first.place, first.message + others)
  }

  /// Looks below `path`, which users know as `shown`: elements of lists have numbers there.
  private mutating func look(into node: RecipeNode, at path: String, shown: String) {
    if case .list(let nodes) = node.content, Self.sections.contains(path + "[]") {
      for (index, element) in nodes.enumerated() {
        look(into: element, at: path + "[]", shown: "\(shown)[\(index)]")
      }
    }
    guard case .mapping(let members) = node.content, Self.sections.contains(path) else { return }
    for member in members where !(path.isEmpty && member.key.hasPrefix("x-")) {
      let below = path.isEmpty ? member.key : "\(path).\(member.key)"
      if Self.sections.contains(below) || Self.sections.contains(below + "[]") {
        let name = shown.isEmpty ? member.key : "\(shown).\(member.key)"
        look(into: member.value, at: below, shown: name)
      } else if !Self.leaves.contains(below) {
        found.append(member.origin.error(Self.sentence(member.key, at: path, shown)))
      }
    }
  }

  /// "unknown key 'a' in b", with what is known of it elsewhere, the nearest key here, or the same key in
  /// another section.
  private static func sentence(_ key: String, at path: String, _ shown: String) -> String {
    let start = "unknown key '\(key)'" + (shown.isEmpty ? "" : " in \(shown)")
    let prefix = path.isEmpty ? "" : path + "."
    let here = (leaves.union(sections)).filter { $0.hasPrefix(prefix) }
      .compactMap { $0.dropFirst(prefix.count).split(separator: ".").first }.map {
        String($0.hasSuffix("[]") ? $0.dropLast(2) : $0)
      }
    let elsewhere = Recipe.documentation.first { $0.path.hasSuffix("." + key) }?.path
    if elsewhere == nil, let foreign = ForeignKey.named(key) {
      return start + "; " + foreign.advice
    }
    let near = nearestName(to: key, among: Set(here).sorted())
    return start + ((near ?? elsewhere).map { "; did you mean '\($0)'?" } ?? "")
  }
}
