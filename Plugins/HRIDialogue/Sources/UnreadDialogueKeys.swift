import TaskKit

/// The keys of a dialogue in its file that are not read, by name; slips are refused.
enum UnreadDialogueKeys {
  /// Those of `dialogue`, which is about `domain`.
  static func of(_ dialogue: JSON, _ domain: String, at place: String) throws -> Set<String> {
    var unread = Set(try UnreadKeys.of(dialogue, known: ["domain", "turn"], at: place))
    for (index, turn) in (dialogue["turn"]?.array ?? []).enumerated() {
      let place = "\(place), turn \(index + 1)"
      unread.formUnion(
        try UnreadKeys.of(turn, known: ["user", "system", "slots"], at: place))
      let frames = turn["slots"] ?? [:]
      for other in frames.object?.keys ?? [] where other != domain {
        unread.insert("slots.\(other)")
      }
      unread.formUnion(try slots(frames[domain] ?? [:], at: "\(place), slots.\(domain)"))
    }
    return unread
  }

  /// Those of a domain's slots, under the names that they have in any domain.
  private static func slots(_ frame: JSON, at place: String) throws -> [String] {
    let groups = ["DB_request", "T_inform"]
    let unread = try UnreadKeys.of(frame, known: groups, at: place)
    return try groups.reduce(into: unread) { unread, group in
      let keys = try UnreadKeys.of(
        frame[group] ?? [:], known: ["req", "opt"], at: "\(place).\(group)")
      unread += keys.map { "\(group).\($0)" }
    }
  }
}
