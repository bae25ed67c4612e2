/// Reads an author's `Config` out of the recipe.
enum Configuration {
  /// Keys that the host itself puts into the `data` section; a `Config` need not have them.
  static let hostKeys: Set<String> = ["seed", "shuffle", "test", "train", "validation"]

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
      throw PluginError(.configuration, unknown(path, known: known))
    }
    return result
  }

  private static func merge(_ given: JSON, over defaults: JSON) -> JSON {
    guard case .object(let upper) = given, case .object(let lower) = defaults else { return given }
    return .object(lower.merging(upper) { merge($1, over: $0) })
  }

  private static func unknown(_ path: String, known: Set<String>) -> String {
    let parent = path.split(separator: ".").dropLast().joined(separator: ".")
    let key = path.split(separator: ".").last.map(String.init) ?? path
    let prefix = parent.isEmpty ? "" : parent + "."
    if let nearest = nearestName(to: key, among: known) {
      return "unknown key '\(path)'; did you mean '\(prefix)\(nearest)'?"
    }
    let names = known.sorted().map { "'\(prefix)\($0)'" }.joined(separator: ", ")
    return "unknown key '\(path)'; known: \(names.isEmpty ? "none" : names)"
  }
}

/// The candidate with the smallest edit distance to `name`, if it is near enough to be a slip.
func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
  let scored = candidates.sorted().map { (distance: editDistance(name, $0), name: $0) }
  guard let best = scored.min(by: { $0.distance < $1.distance }),
    best.distance <= max(1, (name.count + 1) / 3)
  else { return nil }
  return best.name
}

private func editDistance(_ left: String, _ right: String) -> Int {
  let right = Array(right)
  var row = Array(0...right.count)
  for (i, character) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in right.indices {
      let replaced = diagonal + (right[j] == character ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[right.count]
}
