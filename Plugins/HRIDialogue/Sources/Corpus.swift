import TaskKit

/// The recipe's `data` section for this task; dataset and evaluator read the same.
struct DialogueConfig: Decodable, Sendable {
  /// The folder of dialogue files, or the files themselves; exactly one of the two.
  var folder: String?
  var files: [String]?
  /// Shares of each domain's dialogues kept out of training.
  var validation_fraction: Double?
  var test_fraction: Double?
  /// Whether a turn is asked with the dialogue before it.
  var history: Bool?
  /// The run's seed; decides the split.
  var seed: UInt64?
}

/// All dialogues, divided into the three splits.
struct Corpus: Sendable {
  var train: [Dialogue] = [], validation: [Dialogue] = [], test: [Dialogue] = []
  /// The files that the dialogues come from, and the folder, if one was named.
  private(set) var sources: [String] = []

  subscript(split: Split) -> [Dialogue] {
    switch split {
    case .train: train
    case .validation: validation
    case .test: test
    }
  }

  /// Reads and divides the dialogues that `config` names.
  init(_ config: DialogueConfig) throws {
    let paths: [String]
    switch (config.folder, config.files) {
    case (let folder?, nil): paths = try DialogueFile.paths(in: folder)
    case (nil, let files?) where !files.isEmpty: paths = files
    default:
      throw PluginError(
        .configuration,
        "'data' must name either 'folder', a folder of dialogue files, or 'files', "
          + "a list of them")
    }
    try self.init(
      DialogueFile.read(paths), validationFraction: config.validation_fraction ?? 0.1,
      testFraction: config.test_fraction ?? 0, seed: config.seed ?? 0)
    sources = (config.folder.map { [$0] } ?? []) + paths
  }

  /// Divides `dialogues` by dialogue, domain by domain.
  ///
  /// Each dialogue has a key, a pure function of (seed, domain, id). The dialogues of a domain with
  /// the smallest keys are the validation split, the next ones the test split; a fraction above 0
  /// takes at least one. So the split depends neither on the order of files nor on the platform.
  init(
    _ dialogues: [Dialogue], validationFraction: Double, testFraction: Double, seed: UInt64
  ) throws {
    for (key, value) in [
      ("validation_fraction", validationFraction), ("test_fraction", testFraction),
    ] where !(0..<1).contains(value) {
      throw PluginError(.configuration, "'data.\(key)' is \(value); it must lie in 0..<1")
    }
    var splits: [DialogueKey: Split] = [:]
    let groups = Dictionary(grouping: dialogues, by: \.domain)
    for (domain, members) in groups.sorted(by: { $0.key < $1.key }) {
      let held = (
        Self.share(validationFraction, of: members.count),
        Self.share(testFraction, of: members.count)
      )
      guard held.0 + held.1 < members.count else {
        throw PluginError(
          .configuration,
          "domain \(domain) has \(members.count) dialogues; 'validation_fraction' "
            + "and 'test_fraction' leave none of them for training")
      }
      let ordered = members.map { ($0.splitKey(seed: seed), $0.id) }.sorted { $0 < $1 }
      for (rank, (_, id)) in ordered.enumerated() {
        splits[DialogueKey(domain: domain, id: id)] =
          rank < held.0 ? .validation : rank < held.0 + held.1 ? .test : .train
      }
    }
    for dialogue in dialogues {
      switch splits[DialogueKey(domain: dialogue.domain, id: dialogue.id)] {
      case .validation: validation.append(dialogue)
      case .test: test.append(dialogue)
      default: train.append(dialogue)
      }
    }
  }

  private static func share(_ fraction: Double, of count: Int) -> Int {
    fraction == 0 ? 0 : max(1, Int((fraction * Double(count)).rounded()))
  }
}

private struct DialogueKey: Hashable {
  var domain: String, id: String
}

extension Dialogue {
  /// FNV-1a over domain and id, mixed with the seed.
  fileprivate func splitKey(seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in (domain + "/" + id).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return SplitMix64.mix(SplitMix64.mix(seed) ^ hash)
  }
}

/// Rows of a held-out split that the training split has seen too.
struct Duplicates: Sendable, Hashable {
  /// Rows compared; of these, rows whose user text and answer both occur in one training row, and
  /// rows whose user text occurs there.
  var rows = 0, pairs = 0, users = 0

  init(of held: [Dialogue], in train: [Dialogue]) {
    let known = train.flatMap(\.exchanges)
    let users = Set(known.map(\.user)), pairs = Set(known.map { [$0.user, $0.answer] })
    for exchange in held.flatMap(\.exchanges) {
      rows += 1
      if pairs.contains([exchange.user, exchange.answer]) { self.pairs += 1 }
      if users.contains(exchange.user) { self.users += 1 }
    }
  }

  var json: JSON {
    ["rows": .int(rows), "same_user_and_answer": .int(pairs), "same_user": .int(users)]
  }
}
