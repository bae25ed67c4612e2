import TaskKit

/// What the values of a domain's slots can be: those of the training split.
struct SlotInventory: Sendable {
  /// domain -> lower-cased value -> the slots that take it.
  private var values: [String: [String: Set<String>]] = [:]

  init(of train: [Dialogue]) {
    for dialogue in train {
      for exchange in dialogue.exchanges { add(exchange.slots, domain: dialogue.domain) }
    }
  }

  /// The slots of a domain that have a value somewhere.
  func slots(of domain: String) -> Set<String> {
    (values[domain] ?? [:]).values.reduce(into: []) { $0.formUnion($1) }
  }

  private mutating func add(_ row: Slots, domain: String) {
    for (slot, value) in row.mentioned {
      let value = value.lowercased()
      guard !WordSequence(value).words.isEmpty else { continue }
      values[domain, default: [:]][value, default: []].insert(slot)
    }
  }

  /// Counts, for one row, what `answer` says of each slot.
  ///
  /// Candidates are the domain's values in the training split and the row's own. A value is
  /// *said* if its words occur in the answer one after the other (words: those of
  /// `Words`); where values overlap, the leftmost and then the longest one is said, so
  /// "blue cart" does not say "blue". `not_mentioned` is no value.
  /// - true positive of a slot: its annotated value is said;
  /// - false negative: its annotated value is not said;
  /// - false positive: another value of that slot is said, which is annotated for no slot of the
  ///   row (a text alone cannot tell `from` from `to`). A value said twice counts once.
  func counts(answer: String, slots row: Slots, domain: String) -> [String: SlotCounts] {
    let annotated = row.mentioned.mapValues { $0.lowercased() }
    var candidates = values[domain] ?? [:]
    for (slot, value) in annotated { candidates[value, default: []].insert(slot) }
    let said = WordSequence(answer.lowercased()).said(of: candidates.keys)
    var counts: [String: SlotCounts] = [:]
    for (slot, value) in annotated {
      if said.contains(value) {
        counts[slot, default: .zero].truePositives += 1
      } else {
        counts[slot, default: .zero].falseNegatives += 1
      }
    }
    let known = Set(annotated.values)
    for value in said where !known.contains(value) {
      for slot in candidates[value] ?? [] { counts[slot, default: .zero].falsePositives += 1 }
    }
    return counts
  }
}

/// Counts of one slot over some rows.
struct SlotCounts: Sendable, Hashable {
  var truePositives = 0, falsePositives = 0, falseNegatives = 0

  static let zero = SlotCounts()

  static func += (left: inout SlotCounts, right: SlotCounts) {
    left.truePositives += right.truePositives
    left.falsePositives += right.falsePositives
    left.falseNegatives += right.falseNegatives
  }

  /// TP / (TP + FP); 0 if nothing was said.
  var precision: Double { ratio(truePositives, truePositives + falsePositives) }
  /// TP / (TP + FN); 0 if nothing was annotated.
  var recall: Double { ratio(truePositives, truePositives + falseNegatives) }
  /// 2 TP / (2 TP + FP + FN); 0 if all three are 0.
  var f1: Double { ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }

  private func ratio(_ part: Int, _ whole: Int) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole)
  }
}

/// A text as its words, those of `Words`.
struct WordSequence {
  let words: [String]

  init(_ text: String) { words = Words.split(text) }

  /// The values that occur as whole words, found from left to right, the longest first.
  func said(of values: some Sequence<String>) -> Set<String> {
    var byFirst: [String: [(value: String, words: [String])]] = [:]
    for value in values {
      let words = WordSequence(value).words
      if let first = words.first { byFirst[first, default: []].append((value, words)) }
    }
    var said: Set<String> = []
    var position = 0
    while position < words.count {
      let here = (byFirst[words[position]] ?? []).filter {
        words[position...].starts(with: $0.words)
      }
      let length = here.map(\.words.count).max() ?? 0
      for match in here where match.words.count == length { said.insert(match.value) }
      position += max(1, length)
    }
    return said
  }
}
