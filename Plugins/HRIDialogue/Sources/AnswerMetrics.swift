import TaskKit

/// The five metrics of one answer. Words are runs between white space, lower-cased, punctuation
/// kept, and are compared as sets. Runs with characters of scripts that are written without spaces
/// have the words of `Words`.
struct AnswerMetrics: Sendable, Hashable {
  /// 1 if the answer's words overlap the reference's with a Jaccard index above 0.3, else 0: the
  /// answer belongs to the right domain and request.
  var domain: Double
  /// 1 if at least half of the row's key slots are found in the answer, else 0; see `slot`.
  var slot: Double
  /// 1, 0.7 or 0.3 by the mean number of words in a sentence; 0.5 for a single piece.
  var coherence: Double
  /// The share of the user's words that occur in the answer.
  var relevance: Double
  /// The Jaccard index of answer and reference.
  var helpfulness: Double

  init(answer: String, reference: String, user: String, keySlots: [String: String]) {
    let words = Self.words(answer)
    helpfulness = Self.jaccard(words, Self.words(reference))
    domain = helpfulness > 0.3 ? 1 : 0
    slot = Self.slot(answer, keySlots)
    coherence = Self.coherence(answer)
    let asked = Self.words(user)
    relevance =
      asked.isEmpty ? 0 : Double(asked.intersection(words).count) / Double(asked.count)
  }

  static func words(_ text: String) -> Set<String> { Set(sequence(text)) }

  private static func sequence(_ text: some StringProtocol) -> [String] {
    text.lowercased().split(whereSeparator: \.isWhitespace).flatMap { run in
      run.contains(where: Words.standsAlone) ? Words.split(run) : [String(run)]
    }
  }

  /// |A ∩ B| / |A ∪ B|; 0 if one of them is empty.
  static func jaccard(_ a: Set<String>, _ b: Set<String>) -> Double {
    guard !a.isEmpty, !b.isEmpty else { return 0 }
    let common = a.intersection(b).count
    return Double(common) / Double(a.count + b.count - common)
  }

  /// Every key slot of the annotation counts, also one that is `not_mentioned`; it is found if its
  /// value is a part of the answer, letter case aside. Without any key slot the answer is wrong.
  static func slot(_ answer: String, _ keySlots: [String: String]) -> Double {
    guard !keySlots.isEmpty else { return 0 }
    let answer = answer.lowercased()
    let found = keySlots.values.filter { answer.contains(literal: $0.lowercased()) }.count
    return 2 * found >= keySlots.count ? 1 : 0
  }

  /// The answer is cut at each full stop, that of any script; empty pieces count as pieces, not as
  /// sentences.
  static func coherence(_ answer: String) -> Double {
    let pieces = answer.split(omittingEmptySubsequences: false) { fullStops.contains($0) }
    guard pieces.count >= 2 else { return 0.5 }
    let lengths = pieces.map { sequence($0).count }.filter { $0 > 0 }
    guard !lengths.isEmpty else { return 0.3 }
    let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
    if (5...20).contains(mean) { return 1 }
    return (3...25).contains(mean) ? 0.7 : 0.3
  }

  /// Of Latin, Chinese and Japanese (also wide and half-width), Khmer and Myanmar.
  private static let fullStops: [Character] = [".", "。", "．", "｡", "។", "။"]
}

extension String {
  /// Whether `part` occurs, code unit for code unit or in another normalization of the same
  /// characters; the empty text occurs everywhere.
  func contains(literal part: String) -> Bool {
    Self.occurs(Array(part.utf8), in: Array(utf8)) || Self.occurs(Array(part), in: Array(self))
  }

  private static func occurs<Unit: Equatable>(_ part: [Unit], in text: [Unit]) -> Bool {
    guard part.count <= text.count else { return false }
    return (0...(text.count - part.count)).contains { start in
      text[start..<(start + part.count)].elementsEqual(part)
    }
  }
}
