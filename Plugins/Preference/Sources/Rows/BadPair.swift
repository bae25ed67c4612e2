import TaskKit

/// A row that is read well and yet prefers nothing: `data.on_bad_pair` decides what becomes of it.
struct BadPair: Error {
  enum Kind: Int, CaseIterable {
    case otherPrompts, empty, identical, tie, reversed, alone

    /// What rows of the kind have, for a count of them.
    var plural: String {
      switch self {
      case .otherPrompts: "whose two prompts differ"
      case .empty: "with an empty answer"
      case .identical: "with identical answers"
      case .tie: "with equal scores"
      case .reversed: "whose rejected answer has the higher score"
      case .alone: "with fewer than two scored answers"
      }
    }
  }

  let kind: Kind
  /// What is wrong, as a sentence without its end.
  let reason: String

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  /// The error where such rows are not skipped.
  func fault(at place: String) -> PluginError {
    PluginError(
      .data, "\(place): \(reason); mend or remove the row, or set data.on_bad_pair: skip")
  }
}

/// Rows that were left out, by kind.
struct SkippedRows {
  private var counts: [BadPair.Kind: (count: Int, first: String)] = [:]

  mutating func add(_ bad: BadPair, at place: String) {
    counts[bad.kind, default: (0, place)].count += 1
  }

  var count: Int { counts.values.reduce(0) { $0 + $1.count } }

  /// The sentence that tells them; nil where none was left out.
  func note(of all: Int) -> String? {
    guard count > 0 else { return nil }
    let kinds = BadPair.Kind.allCases.compactMap { kind in
      counts[kind].map { "\($0.count) \(kind.plural) (the first: \($0.first))" }
    }
    return "skipped by data.on_bad_pair: \(count) of \(all) rows: "
      + kinds.joined(separator: ", ")
  }
}
