/// Reads an author's `Config` out of the recipe.
enum Configuration {
  /// Keys that the host itself puts into the `data` section; a `Config` need not have them.
  static let hostKeys: Set<String> = ["seed", "shuffle", "test", "train", "validation"]
  /// Keys of the section that the host keeps to itself.
  private static let keptKeys = ["assistant_turns", "shuffle"]

  /// What becomes of keys that a type does not ask for.
  enum UnknownKeys { case refused, refusedExceptHostKeys, ignored }

  /// The host's text, which must be JSON; `decode` wants an object.
  static func parse(_ text: String) throws -> JSON {
    guard let json = try? JSON(parsing: text) else {
      throw PluginError(
        .configuration, "the configuration must be an object, not '\(text.prefix(60))'")
    }
    return json
  }

  /// `given` as `T`, over `defaults`.
  static func decode<T: Decodable>(
    _ type: T.Type, from given: JSON, defaults: JSON, unknownKeys: UnknownKeys
  ) throws -> T {
    guard given.object != nil else {
      throw PluginError(.configuration, "the configuration must be an object, not \(given.kind)")
    }
    let tree = JSONTree(merge(given, over: defaults), path: "", record: KeyRecord())
    let result = try tree.decode(type)
    let allowed = unknownKeys == .refused ? [] : hostKeys
    if unknownKeys != .ignored,
      let (path, known) = tree.unknownKeys.first(where: { !allowed.contains($0.path) })
    {
      let kept = unknownKeys == .refusedExceptHostKeys && !path.contains(".") ? keptKeys : []
      throw PluginError(.configuration, unknown(path, known: known, kept: kept))
    }
    return result
  }

  private static func merge(_ given: JSON, over defaults: JSON) -> JSON {
    guard case .object(let upper) = given, case .object(var members) = defaults else {
      return given
    }
    for (key, value) in upper {
      members[key] = members[key].map { merge(value, over: $0) } ?? value
    }
    return .object(members)
  }

  private static func unknown(_ path: String, known: Set<String>, kept: [String]) -> String {
    let parent = path.split(separator: ".").dropLast().joined(separator: ".")
    let key = path.split(separator: ".").last.map(String.init) ?? path
    let prefix = parent.isEmpty ? "" : parent + "."
    if let nearest = nearestName(to: key, among: known.union(kept)) {
      return "unknown key '\(path)'; did you mean '\(prefix)\(nearest)'?"
    }
    let names = known.sorted().map { "'\(prefix)\($0)'" }.joined(separator: ", ")
    return "unknown key '\(path)'; known: \(names.isEmpty ? "none" : names)"
  }
}
