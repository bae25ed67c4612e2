/// One dialogue: the unit of splitting and of resampling.
struct Dialogue: Sendable, Hashable {
  /// The key it has in its file, for instance `71.json`.
  var id: String
  /// What it is about: `assembly`, `delivery`, `position`, `relocation`.
  var domain: String
  /// Its exchanges, in order.
  var exchanges: [Exchange]
  /// Its keys that say nothing here.
  var unread: Set<String> = []
}

/// A user's words and the answer to them (one element of a dialogue's `turn`).
struct Exchange: Sendable, Hashable {
  var user: String
  /// The task answer, which is trained.
  var answer: String
  var slots: Slots
}

/// The annotated slot values of an exchange.
struct Slots: Sendable, Hashable {
  /// What an annotation says of a slot without a value.
  static let absent = "not_mentioned"

  /// The slots of `T_inform.req` and `DB_request.req`; where both name a slot, `T_inform` wins.
  var required: [String: String] = [:]
  /// The slots of `T_inform.opt` and `DB_request.opt`, in the same manner.
  var optional: [String: String] = [:]

  /// Every slot that has a value; `not_mentioned` is left out.
  var mentioned: [String: String] {
    optional.merging(required) { _, required in required }.filter { $0.value != Self.absent }
  }

  /// The slots that decide `slot_accuracy`.
  ///
  /// The four domains have theirs by name; in any other domain all required slots count.
  func key(of domain: String) -> [String: String] {
    switch domain {
    case "assembly": required.only("product", "quantity", "producttype")
    case "delivery": required.only("object", "area", "location")
    case "position": required.only("position_name", "operation")
    case "relocation": required.only("object_name")
    default: required
    }
  }
}

extension [String: String] {
  fileprivate func only(_ keys: String...) -> Self { filter { keys.contains($0.key) } }
}
