public import Formats
import JSON

/// A row of a task, ready to be asked.
public struct BenchmarkItem: Sendable {
  /// Its place among the task's rows, and the row.
  public let index: Int, document: Document
  /// What is asked, and for each choice what may follow; the prompt alone where a model writes.
  public let requests: [(context: String, continuation: String)]
  /// The choices without what stands before them, and the place of the right one.
  public let choices: [String], gold: Int?
  /// The right answer as the samples name it.
  public let target: String
  /// The hashes of row, prompt and target.
  public let documentHash: String, promptHash: String, targetHash: String

  init(
    index: Int, document: Document, requests: [(context: String, continuation: String)],
    choices: [String], gold: Int?, target: String
  ) {
    self.index = index
    self.document = document
    self.requests = requests
    self.choices = choices
    self.gold = gold
    self.target = target
    documentHash = Self.hash(document.fields.text(.pretty))
    promptHash = Self.hash(requests[0].context)
    targetHash = Self.hash(target)
  }

  static func hash(_ text: String) -> String { FileDigest(of: Array(text.utf8)).sha256 }
}

/// Makes a task's items.
public struct ItemMaker {
  private let task: BenchmarkTask, rows: TaskRows, style: PromptStyle, shots: Int
  private var random = PythonRandom(seed: 1234)

  /// An item maker for `shots` shots.
  public init(_ task: BenchmarkTask, _ rows: TaskRows, _ style: PromptStyle, shots: Int) {
    self.task = task
    self.rows = rows
    self.style = style
    self.shots = shots
  }

  /// The first `limit` items. Shots are drawn in the rows' order from one stream, so that those of a row
  /// do not depend on the limit.
  public mutating func items(limit: Int?) throws -> [BenchmarkItem] {
    let least = shots + (task.drawsOneMore && shots > 0 ? 1 : 0)
    guard rows.pool.count >= least || shots == 0 else {
      throw BenchmarkError(
        task.name,
        "\(shots) shots need \(least) rows of the split '\(task.shotsSplit)', which has "
          + "\(rows.pool.count); ask for fewer with --shots")
    }
    var items: [BenchmarkItem] = []
    for (index, document) in rows.documents.prefix(limit ?? .max).enumerated() {
      items.append(try item(index, document))
    }
    return items
  }

  private mutating func item(_ index: Int, _ document: Document) throws -> BenchmarkItem {
    let description = try description(document)
    let turns = try shotRows(for: document).flatMap(shot)
    let gold = try gold(document)
    var requests: [(context: String, continuation: String)] = []
    var choices: [String] = []
    switch task.question {
    case .contexts(let contexts, let continuation):
      let ending = try document.text(continuation)
      choices = try document.texts(.texts(contexts))
      for choice in choices {
        requests.append(
          (try style.text(description, turns, question: choice), style.delimiter + ending))
      }
    case .text(let rule):
      let prompt = try style.text(description, turns, question: document.text(rule))
      if let rules = task.choices {
        choices = try document.texts(rules)
        requests = choices.map { (prompt, style.delimiter + $0) }
      } else {
        requests = [(prompt, "")]
      }
    }
    if let gold, !choices.indices.contains(gold) {
      throw BenchmarkError(
        document.place, "the right choice is number \(gold), but there are \(choices.count)")
    }
    let target = try task.target.map { try document.text($0) } ?? gold.map(String.init) ?? ""
    return BenchmarkItem(
      index: index, document: document, requests: requests, choices: choices, gold: gold,
      target: target)
  }

  private func description(_ document: Document) throws -> String {
    guard let rule = task.description else { return "" }
    var document = document
    if let subject = task.subject {
      document.fields = document.fields.setting("subject", .string(subject))
    }
    return try document.text(rule)
  }

  // MARK: Shots

  private mutating func shotRows(for document: Document) -> [Document] {
    guard shots > 0 else { return [] }
    if task.shots.areFirst { return Array(rows.pool.prefix(shots)) }
    guard task.drawsOneMore else {
      return random.sample(rows.pool.count, shots).map { rows.pool[$0] }
    }
    let drawn = random.sample(rows.pool.count, shots + 1).map { rows.pool[$0] }
    let others = drawn.filter { $0 != document }
    if others.count >= shots { return Array(others.prefix(shots)) }
    let pool = rows.pool.filter { $0 != document }
    return random.sample(pool.count, min(shots, pool.count)).map { pool[$0] }
  }

  /// A row with its answer: what is asked, and what is said.
  private func shot(_ document: Document) throws -> [PromptTurn] {
    let question: String, answer: String
    switch task.question {
    case .contexts(let contexts, let continuation):
      question = try document.text(contexts[try gold(document) ?? 0])
      answer = try document.text(continuation)
    case .text(let rule):
      question = try document.text(rule)
      if let choices = task.choices, let gold = try gold(document) {
        let texts = try document.texts(choices)
        guard texts.indices.contains(gold) else {
          throw BenchmarkError(
            document.place, "the right choice is number \(gold), but there are \(texts.count)")
        }
        answer = texts[gold]
      } else {
        answer = try task.target.map { try document.text($0) } ?? ""
      }
    }
    guard !answer.isEmpty else { return [PromptTurn(role: "user", text: question)] }
    return [
      PromptTurn(role: "user", text: question, delimiter: " "),
      PromptTurn(role: "assistant", text: answer, delimiter: "\n\n"),
    ]
  }

  // MARK: The right choice

  private func gold(_ document: Document) throws -> Int? {
    switch task.gold {
    case nil: return nil
    case .index(let rule)?:
      let text = try present(rule, document)
      guard let index = Int(text), index >= 0 else {
        throw BenchmarkError(
          document.place, "\(rule.source) is '\(text)', which is no choice's number")
      }
      return index
    case .value(let rule, let among)?:
      let text = try present(rule, document), list = try document.texts(among)
      guard let index = list.firstIndex(of: text) else {
        throw BenchmarkError(
          document.place,
          "\(rule.source) is '\(text)', which is none of " + list.joined(separator: ", "))
      }
      return index
    }
  }

  /// The answer's text, which rows of some published test splits lack.
  private func present(_ rule: TextRule, _ document: Document) throws -> String {
    let value = try document.value(rule)
    guard value.isNull || value.string?.isEmpty == true else { return try document.text(rule) }
    throw BenchmarkError(
      document.place,
      "the row has no right answer: \(rule.source) is empty, as in splits that are published without "
        + "answers; the published split '\(task.evaluatedSplit)' has them")
  }
}
