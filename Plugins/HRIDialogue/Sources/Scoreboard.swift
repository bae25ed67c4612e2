/// Sums over rows from which every number of the report follows.
struct Scoreboard: Sendable {
  struct DomainSums: Sendable {
    var rows = 0.0, domain = 0.0, slot = 0.0
    var coherence = 0.0, relevance = 0.0, helpfulness = 0.0

    static func += (left: inout DomainSums, right: DomainSums) {
      left.rows += right.rows
      left.domain += right.domain
      left.slot += right.slot
      left.coherence += right.coherence
      left.relevance += right.relevance
      left.helpfulness += right.helpfulness
    }

    mutating func add(_ metrics: AnswerMetrics) {
      rows += 1
      domain += metrics.domain
      slot += metrics.slot
      coherence += metrics.coherence
      relevance += metrics.relevance
      helpfulness += metrics.helpfulness
    }
  }

  /// By domain and by (domain, slot), in the order of `Layout`.
  var domains: [DomainSums], slots: [SlotCounts]

  init(_ layout: Layout) {
    domains = Array(repeating: DomainSums(), count: layout.domains.count)
    slots = Array(repeating: .zero, count: layout.slots.count)
  }

  static func += (left: inout Scoreboard, right: Scoreboard) {
    for index in left.domains.indices { left.domains[index] += right.domains[index] }
    for index in left.slots.indices { left.slots[index] += right.slots[index] }
  }

  /// The domains, and the slots of each, in alphabetical order.
  struct Layout: Sendable {
    var domains: [String]
    var slots: [(domain: String, slot: String)]
  }
}

extension Scoreboard {
  /// Names of `overall`, in the order in which they are printed.
  static let names = [
    "combined_score", "domain_accuracy", "slot_accuracy", "quality_score", "coherence",
    "relevance", "helpfulness", "slot_precision", "slot_recall", "slot_f1",
  ]

  /// - `domain_accuracy`, `slot_accuracy`: mean over the domains of each domain's mean;
  /// - `coherence`, `relevance`, `helpfulness`: means over all rows; `quality_score`: theirs;
  /// - `combined_score`: mean of `domain_accuracy`, `slot_accuracy`, `quality_score`;
  /// - `slot_precision`, `slot_recall`, `slot_f1`: from the counts of all slots together.
  var overall: [Double] {
    let present = domains.filter { $0.rows > 0 }
    func overDomains(_ sum: (DomainSums) -> Double) -> Double {
      present.map { sum($0) / $0.rows }.reduce(0, +) / Double(max(1, present.count))
    }
    let rows = max(1, present.map(\.rows).reduce(0, +))
    func overRows(_ sum: (DomainSums) -> Double) -> Double {
      present.map(sum).reduce(0, +) / rows
    }
    let domain = overDomains(\.domain), slot = overDomains(\.slot)
    let quality = [overRows(\.coherence), overRows(\.relevance), overRows(\.helpfulness)]
    let score = quality.reduce(0, +) / 3
    var counts = SlotCounts.zero
    for slot in slots { counts += slot }
    return [(domain + slot + score) / 3, domain, slot, score] + quality
      + [counts.precision, counts.recall, counts.f1]
  }

  /// Per domain: the five means; per slot: precision, recall, F1. One flat list, for resampling.
  var parts: [Double] {
    domains.flatMap { sums -> [Double] in
      let rows = max(1, sums.rows)
      return [sums.domain, sums.slot, sums.coherence, sums.relevance, sums.helpfulness]
        .map { $0 / rows }
    } + slots.flatMap { [$0.precision, $0.recall, $0.f1] }
  }
}
