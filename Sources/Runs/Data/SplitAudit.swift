import Evaluation
import JSON
import Tasks

/// What reading all rows of a split shows.
public struct SplitAudit {
  /// How rows are measured.
  public struct Measure {
    /// Makes tokens of a row; nil measures characters.
    public let encoder: ConversationEncoder?
    /// How assistant turns become samples.
    public let assistantTurns: AssistantTurns
    /// What the run learns; rows of another kind cannot be used. Characters are counted of any.
    public let kind: RowKind
    /// The longest row that a run takes, in the same unit; nil where none is known in it.
    public let maximumLength: Int?
    /// How many of the longest rows are kept.
    public let longest: Int
    /// The run's seed, which may decide rows.
    public let seed: UInt64

    /// Describes a measure.
    public init(
      encoder: ConversationEncoder?, assistantTurns: AssistantTurns, kind: RowKind,
      maximumLength: Int?, longest: Int, seed: UInt64
    ) {
      self.encoder = encoder
      self.assistantTurns = assistantTurns
      self.kind = kind
      self.maximumLength = maximumLength
      self.longest = longest
      self.seed = seed
    }

    /// What is counted.
    public var unit: String { encoder == nil ? "characters" : "tokens" }
  }

  /// A row by its length, and what the user says in it.
  public struct LongRow {
    /// Its number and length, and what the user says.
    public let row: Int, length: Int, said: String
  }

  /// The split.
  public let split: Split
  /// How its rows are measured.
  public let measure: Measure
  /// Its rows, and trained tokens of the readable ones.
  public private(set) var rows = 0, trainedTokens = 0
  /// Lengths of each readable row, in the measure's unit and in characters.
  public private(set) var lengths: [Int] = [], characters: [Int] = []
  /// Rows longer than the measure allows.
  public private(set) var overlength: [(row: Int, length: Int)] = []
  /// The longest rows, the longest first.
  public private(set) var longest: [LongRow] = []
  /// One sentence for each row that cannot be used.
  public private(set) var faults: [String] = []
  /// What the chat template left out of the trained turns, and of how many rows.
  public private(set) var omission = Omission(), omittingRows = 0
  /// What pairs and labels there are.
  public private(set) var preferences = PreferenceAudit()
  /// What the dataset says of its rows.
  public let notes: [String]
  /// Rows whose conversation an earlier row has.
  public private(set) var duplicates = 0
  // How many rows have the conversation, or prompt, of a hash: texts of millions of rows would fill
  // the memory, and two texts that share 64 bits by chance are not to be expected among them.
  private var conversations: [Int: Int] = [:], prompts: [Int: Int] = [:]

  /// Reads and measures every row of `data`.
  public init(
    _ split: Split, _ data: any Dataset, _ measure: Measure, tell: RunObserver
  ) {
    self.split = split
    self.measure = measure
    rows = data.count
    notes = data.notes
    tell.during("reading \(split.rawValue)", total: rows, unit: "rows") { reached in
      for row in 0..<rows {
        read(row, of: data)
        reached(row + 1)
      }
    }
  }

  private mutating func read(_ row: Int, of data: any Dataset) {
    let label = "\(split.rawValue) row \(row)"
    do throws(TaskError) {
      let example = try data.example(at: row, epoch: 0, seed: measure.seed)
      let samples = try measure.encoder?.samples(
        example, turns: measure.assistantTurns, kind: measure.kind, label: label)
      add(row, example, samples?.map(\.sample))
    } catch { faults.append(data.placed(error, row: row, label: label).message) }
  }

  private mutating func add(_ row: Int, _ example: Example, _ samples: [Sample]?) {
    let counts = example.texts.map { $0.reduce(0) { $0 + $1.text.count } }
    characters += counts
    for length in samples.map({ $0.map(\.ids.count) }) ?? counts {
      lengths.append(length)
      if let maximum = measure.maximumLength, length > maximum { overlength.append((row, length)) }
      keep(row, length, example)
    }
    for sample in samples ?? [] {
      trainedTokens += sample.isTrained.count { $0 }
      omission += sample.omission
    }
    if samples?.contains(where: { $0.omission.turns > 0 }) == true { omittingRows += 1 }
    preferences.add(
      example,
      lengths: samples?.map { $0.isTrained.count { $0 } }
        ?? [example.chosen, example.rejected].map { $0.reduce(0) { $0 + $1.text.count } })
    let conversation = Self.hash(Array(example.texts.joined()), example, label: example.label)
    if conversations[conversation] != nil { duplicates += 1 }
    conversations[conversation, default: 0] += 1
    prompts[Self.hash(example.prompt, example), default: 0] += 1
  }

  private static func hash(_ turns: [Turn], _ example: Example, label: Bool? = nil) -> Int {
    var hasher = Hasher()
    hasher.combine(turns)
    hasher.combine(example.templateVariables)
    hasher.combine(label)
    return hasher.finalize()
  }

  private mutating func keep(_ row: Int, _ length: Int, _ example: Example) {
    let place = longest.firstIndex { $0.length < length } ?? longest.count
    guard place < measure.longest else { return }
    let said = example.turns.first { $0.role != "system" }?.text ?? ""
    longest.insert(LongRow(row: row, length: length, said: said), at: place)
    if longest.count > measure.longest { longest.removeLast() }
  }

  /// What tells the longest rows apart, in their order.
  public var excerpts: [String] {
    let excerpts = Excerpts(longest.map(\.said))
    return longest.map { row in
      let own = excerpts(row.said, width: 80)
      // A word or two tell rows apart and nobody what they are.
      return own.count < 16 ? String(row.said.prefix(80).map { $0.isNewline ? " " : $0 }) : own
    }
  }

  /// All rows together, in the measure's unit.
  public var total: Int { lengths.reduce(0, +) }

  /// Trained tokens of all tokens; nil where characters are measured.
  public var trainedShare: Double? {
    measure.encoder == nil ? nil : Double(trainedTokens) / Double(max(total, 1))
  }

  /// Rows too long, of all readable ones.
  public var overlengthShare: Double { Double(overlength.count) / Double(max(lengths.count, 1)) }

  /// This split's rows that `other` has too.
  public func overlap(with other: SplitAudit) -> Overlap {
    func common(_ own: [Int: Int], _ theirs: [Int: Int]) -> Int {
      own.reduce(0) { $0 + (theirs[$1.key] == nil ? 0 : $1.value) }
    }
    return Overlap(
      split: split, other: other.split, prompts: common(prompts, other.prompts),
      conversations: common(conversations, other.conversations))
  }

  /// All of it, with these percentiles of the lengths.
  public func json(_ percents: [Int]) -> JSONValue {
    var json: JSONValue = ["rows": .int(rows)]
    if let trainedShare {
      json = json.setting("tokens", .int(total)).setting("trained_tokens", .int(trainedTokens))
        .setting("trained_share", .double(trainedShare))
        .setting("token_lengths", Percentiles(lengths).json(percents))
    }
    json = json.setting("character_lengths", Percentiles(characters).json(percents))
    if let maximum = measure.maximumLength {
      let rows = overlength.map { row -> JSONValue in
        ["row": .int(row.row), measure.unit: .int(row.length)]
      }
      json = json.setting("max_length", .int(maximum))
        .setting("overlength_share", .double(overlengthShare)).setting("overlength", .array(rows))
    }
    if measure.encoder != nil {
      json = json.setting(
        "omitted",
        [
          "rows": .int(omittingRows), "turns": .int(omission.turns),
          "characters": .int(omission.characters),
        ])
    }
    for (key, value) in preferences.json(percents) { json = json.setting(key, value) }
    json = json.setting("notes", .array(notes.map(JSONValue.string)))
    let longest = zip(longest, excerpts).map { row, excerpt -> JSONValue in
      ["row": .int(row.row), measure.unit: .int(row.length), "excerpt": .string(excerpt)]
    }
    return json.setting("longest", .array(longest)).setting("duplicates", .int(duplicates))
      .setting("unusable", .array(faults.map(JSONValue.string)))
  }
}

extension Example {
  /// The conversations that the row holds: of a pair two, which begin alike.
  fileprivate var texts: [[Turn]] { isPair ? [turns + chosen, turns + rejected] : [turns] }
}

/// Rows of a split that another one has too: by what is asked, and by the whole conversation.
public struct Overlap {
  /// The split, and the other one.
  public let split: Split, other: Split
  /// How many of its prompts and conversations the other one has.
  public let prompts: Int, conversations: Int
}
