/// The keys of rows that a task does not read: a slip is refused, the others are named once, so that
/// nothing that a row says is passed over in silence.
public enum UnreadKeys {
  /// The members of `object` that are neither null nor `known`.
  ///
  /// Throws where one is a letter away from a known key: what it says would be lost. Known keys of two
  /// letters or less have too many neighbors to tell.
  public static func of(
    _ object: JSON, known: [String], at place: String
  ) throws(PluginError) -> [String] {
    guard let members = object.object else { return [] }
    let unread = members.filter { $0.value != .null && !known.contains($0.key) }.map(\.key)
    for key in unread { try refuseSlip(key, among: known, at: place) }
    return unread
  }

  /// Throws where `key` is a letter away from one of `known`.
  public static func refuseSlip(
    _ key: String, among known: [String], at place: String
  ) throws(PluginError) {
    let telling = known.lazy.filter { $0.count > 2 }
    guard let name = nearestName(to: key, among: telling, slips: 1) else { return }
    throw PluginError(
      .data,
      "\(place): unknown key '\(key)'; did you mean '\(name)'? Rename it if it is a column of its "
        + "own")
  }

  /// The sentence that names them, for `Dataset.notes`; none where there are no such keys.
  public static func notes(_ unread: some Sequence<[String]>) -> [String] {
    let names = Set(unread.joined()).sorted().map { "'\($0)'" }
    return names.isEmpty ? [] : ["not used: \(names.joined(separator: ", "))"]
  }
}
