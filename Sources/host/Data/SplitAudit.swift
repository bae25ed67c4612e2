import JSON
import Tasks

/// What reading all rows of a split shows.
struct SplitAudit {
  let split: Split
  private(set) var rows = 0, tokens = 0, trainedTokens = 0
  /// Tokens and characters of each readable row.
  private(set) var lengths: [Int] = [], characters: [Int] = []
  /// Rows longer than max_length.
  private(set) var overlength: [(row: Int, length: Int)] = []
  /// One sentence for each row that cannot be used.
  private(set) var faults: [String] = []
  /// Rows whose conversation an earlier row has.
  private(set) var duplicates = 0
  private var conversations: [[Turn]: Int] = [:], prompts: [[Turn]: Int] = [:]

  /// Reads and encodes every row of `data`.
  init(_ split: Split, _ data: any Dataset, _ session: TaskSession) {
    self.split = split
    rows = data.count
    var bar = ProgressBar("reading \(split.rawValue)", total: rows, unit: "rows")
    for row in 0..<rows {
      do throws(TaskError) {
        let example = try data.example(at: row, epoch: 0, seed: session.seed)
        let sample = try session.encoder.sample(example, label: "\(split.rawValue) row \(row)")
        add(row, example, sample, maximumLength: session.recipe.training.maximumLength)
      } catch { faults.append(error.message) }
      bar.update(row + 1)
    }
    bar.finish()
  }

  private mutating func add(_ row: Int, _ example: Example, _ sample: Sample, maximumLength: Int) {
    tokens += sample.ids.count
    trainedTokens += sample.isTrained.count { $0 }
    lengths.append(sample.ids.count)
    characters.append(example.turns.reduce(0) { $0 + $1.text.count })
    if sample.ids.count > maximumLength { overlength.append((row, sample.ids.count)) }
    if conversations[example.turns] != nil { duplicates += 1 }
    conversations[example.turns, default: 0] += 1
    prompts[example.prompt, default: 0] += 1
  }

  /// Trained tokens of all tokens.
  var trainedShare: Double { Double(trainedTokens) / Double(max(tokens, 1)) }

  /// This split's rows that `training` has too.
  func overlap(with training: SplitAudit) -> Overlap {
    func common(_ own: [[Turn]: Int], _ theirs: [[Turn]: Int]) -> Int {
      own.reduce(0) { $0 + (theirs[$1.key] == nil ? 0 : $1.value) }
    }
    return Overlap(
      prompts: common(prompts, training.prompts),
      conversations: common(conversations, training.conversations))
  }

  var json: JSONValue {
    [
      "rows": .int(rows), "tokens": .int(tokens), "trained_tokens": .int(trainedTokens),
      "trained_share": .double(trainedShare), "token_lengths": Percentiles(lengths).json,
      "character_lengths": Percentiles(characters).json,
      "overlength": .array(overlength.map { ["row": .int($0.row), "tokens": .int($0.length)] }),
      "duplicates": .int(duplicates), "unusable": .array(faults.map(JSONValue.string)),
    ]
  }
}

/// Rows that training has too: by what is asked, and by the whole conversation.
struct Overlap {
  var prompts = 0, conversations = 0
}

/// Percentiles of whole numbers: the smallest value that so many percent do not exceed.
struct Percentiles {
  private let sorted: [Int]

  init(_ values: [Int]) { sorted = values.sorted() }

  var minimum: Int { sorted.first ?? 0 }
  var p50: Int { self[50] }
  var p90: Int { self[90] }
  var p99: Int { self[99] }
  var maximum: Int { sorted.last ?? 0 }

  subscript(percent: Int) -> Int {
    guard !sorted.isEmpty else { return 0 }
    return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }

  var json: JSONValue {
    [
      "min": .int(minimum), "p50": .int(p50), "p90": .int(p90), "p99": .int(p99),
      "max": .int(maximum),
    ]
  }
}
