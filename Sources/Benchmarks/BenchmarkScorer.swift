public import Formats
import Generation
public import Models
public import Text

/// Asks a model the items of a task. What texts begin with alike is computed once: the context of a
/// row's choices, and shots that rows have in common; those of all rows are kept from batch to batch.
public struct BenchmarkScorer {
  private let model: CausalLanguageModel, tokenizer: Tokenizer
  private let tokens: TokenRule, stopTokens: Set<Int32>, batchSize: Int

  /// The most tokens that are computed at once, and the most of whole texts among them: each reads keys
  /// and values of all its own.
  private static let mostTokens = 8192, mostRead = 1 << 16
  /// The fewest tokens that are worth keeping.
  private static let leastStem = 16

  /// A scorer that answers `batchSize` prompts at once.
  public init(
    _ model: CausalLanguageModel, _ tokenizer: Tokenizer, stopTokens: Set<Int32>, batchSize: Int
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.stopTokens = stopTokens
    self.batchSize = batchSize
    tokens = TokenRule(tokenizer, contextLength: model.contextLength)
  }

  /// Asks `items`; `found` hears each batch's results, with the items' places.
  public func callAsFunction(
    _ items: [BenchmarkItem], of task: BenchmarkTask,
    found: ([(place: Int, result: ItemResult)]) throws -> Void
  ) throws {
    if let writing = task.writing {
      try write(items, writing, found)
    } else {
      try weigh(items, found)
    }
  }

  // MARK: Choices

  private func weigh(
    _ items: [BenchmarkItem], _ found: ([(place: Int, result: ItemResult)]) throws -> Void
  ) throws {
    let pairs = try items.map { item in
      try item.requests.map {
        try tokens.pair($0.context, $0.continuation, at: item.document.place)
      }
    }
    let texts = pairs.map { $0.map(\.text) }
    let stem = stem(of: texts)
    for batch in Self.batches(texts, behind: stem?.ids.count ?? 0) {
      let weights = try model.weigh(batch.flatMap { texts[$0] }, behind: stem)
      var rest = weights[...]
      let results = batch.map { place in
        let own = Array(rest.prefix(texts[place].count))
        rest = rest.dropFirst(own.count)
        let isCut = pairs[place].contains { $0.isCut }
        return (place, ItemResult(weights: own, isCut: isCut))
      }
      try found(results)
    }
  }

  /// What all texts begin with, where there is more than one batch of them; nil where that is hardly
  /// anything, or where texts of other lengths would have other numbers for it.
  private func stem(of texts: [[Continuation]]) -> Stem? {
    let all = texts.joined()
    guard let first = all.first, Self.batches(texts).count > 1 else { return nil }
    let rotaryClass = model.rotaryClass(first.ids.count - 1)
    var count = first.start - 1
    for text in all {
      guard model.rotaryClass(text.ids.count - 1) == rotaryClass else { return nil }
      let alike = zip(text.ids.prefix(text.start - 1), first.ids).prefix { $0 == $1 }.count
      count = min(count, alike)
    }
    guard count >= Self.leastStem else { return nil }
    return model.stem(Array(first.ids.prefix(count)), rotaryClass: rotaryClass)
  }

  /// Which items are asked together behind `before` tokens that are kept. In the order of their tokens,
  /// those that begin alike stand side by side; nothing is padded, so that lengths need not agree.
  static func batches(_ texts: [[Continuation]], behind before: Int = 0) -> [[Int]] {
    let order = texts.indices.sorted { left, right in
      let (a, b) = (texts[left][0].ids, texts[right][0].ids)
      return a == b ? left < right : a.lexicographicallyPrecedes(b)
    }
    var batches: [[Int]] = [], new = 0, read = 0, last: ArraySlice<Int32>?
    for place in order {
      var cost = 0, whole = 0
      for text in texts[place] {
        // The last token is never read: choices of one token are read as one text.
        let ids = text.ids.dropLast()
        guard ids != last else { continue }
        cost += ids.count - max(before, zip(last ?? [], ids).prefix { $0 == $1 }.count)
        whole += ids.count
        last = ids
      }
      let isFull = new + cost > mostTokens || read + whole > mostRead
      if batches.isEmpty || isFull {
        batches.append([])
        (new, read) = (0, 0)
      }
      batches[batches.count - 1].append(place)
      new += cost
      read += whole
    }
    return batches
  }

  // MARK: Written answers

  private func write(
    _ items: [BenchmarkItem], _ writing: BenchmarkTask.Writing,
    _ found: ([(place: Int, result: ItemResult)]) throws -> Void
  ) throws {
    let prompts = try items.map { item in
      try tokens.prompt(
        item.requests[0].context, room: writing.maximumNewTokens, at: item.document.place)
    }
    let generator = try Generator(
      model: model, vocabulary: tokenizer.count, stopTokens: stopTokens,
      maximumNewTokens: writing.maximumNewTokens)
    let ends = writing.until + [tokenizer.eosToken].compactMap { $0 }
    let order = items.indices.sorted { left, right in
      let (a, b) = (prompts[left].ids.count, prompts[right].ids.count)
      return a == b ? left < right : a > b
    }
    for first in stride(from: 0, to: order.count, by: batchSize) {
      let batch = Array(order[first...].prefix(batchSize))
      var watch = batch.map { _ in StopTexts(ends, tokenizer) }
      let (sequences, _) = try generator(batch.map { Prompt(ids: prompts[$0].ids) }) {
        sequence, id in
        watch[sequence].append(id) ? .stop : .proceed
      }
      try found(
        zip(batch, sequences).map { place, sequence in
          let whole = tokenizer.decode(sequence.ids, skipSpecialTokens: true)
          let answer = AnswerReading.cut(whole, until: ends)
          return (place, ItemResult(answer: answer, isCut: prompts[place].isCut))
        })
    }
  }
}

/// Watches the last tokens of an answer for texts that end it.
struct StopTexts {
  private let ends: [(bytes: [UInt8], tokens: Int)], tokenizer: Tokenizer
  private var recent: [Int32] = []

  init(_ ends: [String], _ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    // A text may begin within a token, so that a few more are looked at than it has of its own.
    self.ends = ends.map { (Array($0.utf8), tokenizer.encode($0).count + 2) }
  }

  /// Whether the answer ends with this token.
  mutating func append(_ id: Int32) -> Bool {
    recent = (recent + [id]).suffix(ends.map(\.tokens).max() ?? 0)
    return ends.contains { bytes, tokens in
      let text = tokenizer.decode(Array(recent.suffix(tokens)))
      return !Array(text.utf8).firstRange(of: bytes).isNilOrEmpty
    }
  }
}

extension Range<Int>? {
  fileprivate var isNilOrEmpty: Bool { self?.isEmpty ?? true }
}
