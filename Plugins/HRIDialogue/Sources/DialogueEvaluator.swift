import TaskKit

/// The report on answers to dialogue turns; see `AnswerMetrics`, `SlotInventory`, `Scoreboard`.
struct DialogueEvaluator: Evaluator {
  static let name = "hri_dialogue.report"
  static let summary = "Domain, slot and quality scores, slot F1, with intervals and baselines."

  private let inventory: SlotInventory, nearest: NearestAnswer
  private let duplicates: Duplicates
  private let bootstrap: DialogueBootstrap

  init(config: DialogueConfig, split: Split, host: HostServices) throws {
    let corpus = try Corpus(config)
    self.init(
      train: corpus.train, held: split == .train ? [] : corpus[split], seed: config.seed ?? 0)
  }

  init(train: [Dialogue], held: [Dialogue], seed: UInt64) {
    inventory = SlotInventory(of: train)
    nearest = NearestAnswer(train)
    duplicates = Duplicates(of: held, in: train)
    bootstrap = DialogueBootstrap(seed: seed)
  }

  func evaluate(_ predictions: [Prediction]) throws -> Report {
    let rows = try predictions.map(EvaluatedRow.init)
    let evaluation = Evaluation(rows, inventory)
    let (board, strata) = evaluation.score(predictions.map(\.text))
    let intervals = bootstrap.intervals(strata, empty: Scoreboard(evaluation.layout)) {
      $0.overall + $0.parts
    }
    let metrics = zip(Scoreboard.names, zip(board.overall, intervals)).map { name, pair in
      (
        name: name,
        measure: Measure(pair.0, low: pair.1?.low, high: pair.1?.high, count: rows.count)
      )
    }
    let baselines = [
      ("echo", rows.map(\.user)), ("nearest", rows.map { nearest($0.user, domain: $0.domain) }),
      ("reference", rows.map(\.reference)),
    ].map { name, answers in
      let values = evaluation.score(answers).board.overall
      return (name: name, metrics: Dictionary(uniqueKeysWithValues: zip(Scoreboard.names, values)))
    }
    return Report(
      count: rows.count, primary: "combined_score", metrics: metrics, baselines: baselines,
      details: details(
        evaluation, board, Array(intervals.dropFirst(Scoreboard.names.count)), rows.count),
      clusters: rows.map { $0.domain + " " + $0.dialogue })
  }

  /// Per domain and per slot, each number with its interval; and how many rows training has seen.
  private func details(
    _ evaluation: Evaluation, _ board: Scoreboard, _ intervals: [(low: Double, high: Double)?],
    _ count: Int
  ) -> JSON {
    var measures = zip(board.parts, intervals).map { value, interval -> JSON in
      guard let interval else { return ["value": .double(value)] }
      return [
        "value": .double(value), "low": .double(interval.low), "high": .double(interval.high),
      ]
    }[...]
    func take(_ names: [String], count: Int) -> JSON {
      defer { measures = measures.dropFirst(names.count) }
      var members = Dictionary(uniqueKeysWithValues: zip(names, measures))
      members["count"] = .int(count)
      return .object(members)
    }
    var domains: [String: JSON] = [:], slots: [String: JSON] = [:]
    for (name, sums) in zip(evaluation.layout.domains, board.domains) {
      domains[name] = take(
        ["domain_accuracy", "slot_accuracy", "coherence", "relevance", "helpfulness"],
        count: Int(sums.rows))
    }
    for (name, counts) in zip(evaluation.layout.slots, board.slots) {
      let measured = take(
        ["precision", "recall", "f1"], count: counts.truePositives + counts.falseNegatives)
      if counts != .zero { slots[name.domain + "." + name.slot] = measured }
    }
    return [
      "domains": .object(domains), "slots": .object(slots), "duplicates": duplicates.json,
      "interval": .string(
        "95 %, \(bootstrap.resamples) resamples of dialogues within domains, seed "
          + "\(bootstrap.seed)"),
      "words": .string("runs between white space; of slots' values " + Words.note),
    ]
  }
}

/// A row as the metrics need it.
struct EvaluatedRow: Sendable {
  var domain: String, dialogue: String
  var user: String, reference: String
  var slots: Slots

  init(_ prediction: Prediction) throws {
    let metadata: RowMetadata = try prediction.metadata.decoded()
    guard let reference = prediction.reference else {
      throw PluginError(
        .data,
        "row \(prediction.index) (dialogue \(metadata.dialogue), turn \(metadata.turn)) has "
          + "no assistant turn to compare with")
    }
    domain = metadata.domain
    dialogue = metadata.dialogue
    user = metadata.user
    self.reference = reference
    slots = metadata.slots
  }
}

/// The rows, ready to be scored with any answers.
struct Evaluation {
  let rows: [EvaluatedRow]
  let layout: Scoreboard.Layout
  private let inventory: SlotInventory
  private let domainIndex: [String: Int], slotIndex: [String: Int]

  init(_ rows: [EvaluatedRow], _ inventory: SlotInventory) {
    self.rows = rows
    self.inventory = inventory
    let domains = Set(rows.map(\.domain)).sorted()
    var slots: [(domain: String, slot: String)] = []
    for domain in domains {
      let own = rows.filter { $0.domain == domain }.flatMap(\.slots.mentioned.keys)
      slots += inventory.slots(of: domain).union(own).sorted().map { (domain, $0) }
    }
    layout = Scoreboard.Layout(domains: domains, slots: slots)
    domainIndex = Dictionary(uniqueKeysWithValues: zip(domains, domains.indices))
    slotIndex = Dictionary(
      uniqueKeysWithValues: zip(slots.map { $0.domain + "." + $0.slot }, slots.indices))
  }

  /// The sums over all rows, and by domain those of each dialogue.
  func score(_ answers: [String]) -> (board: Scoreboard, strata: [[Scoreboard]]) {
    let empty = Scoreboard(layout)
    var board = empty
    var strata: [[Scoreboard]] = layout.domains.map { _ in [] }
    var places: [String: Int] = [:]
    for (row, answer) in zip(rows, answers) {
      guard let domain = domainIndex[row.domain] else { continue }
      var sums = empty
      sums.domains[domain].add(
        AnswerMetrics(
          answer: answer, reference: row.reference, user: row.user,
          keySlots: row.slots.key(of: row.domain)))
      let counts = inventory.counts(answer: answer, slots: row.slots, domain: row.domain)
      for (slot, counts) in counts {
        if let index = slotIndex[row.domain + "." + slot] { sums.slots[index] += counts }
      }
      board += sums
      let key = row.domain + "/" + row.dialogue
      if let place = places[key] {
        strata[domain][place] += sums
      } else {
        places[key] = strata[domain].count
        strata[domain].append(sums)
      }
    }
    return (board, strata)
  }
}
