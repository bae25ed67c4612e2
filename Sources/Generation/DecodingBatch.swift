import Models
import Tasks
import Tensors

/// Sequences on their way: what each has generated and the caches of those that still grow.
struct DecodingBatch {
  struct Sequence {
    let label: String
    /// Tokens of the prompt and the answer so far.
    var length: Int
    /// The most there may be.
    let limit: Int
    var seen: Set<Int32>
    var result = GeneratedSequence()
    var isDone = false
  }

  private(set) var sequences: [Sequence]
  /// The sequences that still grow, in the caches' order.
  private(set) var active: [Int]
  var statistics = GenerationStatistics()
  private let caches: [KeyValueCache]
  /// What the model has not read yet: at first the prompts, then one token for each sequence.
  private var unread: [[Int32]]
  /// Clips in it, by their places in the packed prompts; none after the first pass.
  private var media: [Sample.Medium] = []

  init(_ prompts: [Prompt], model: CausalLanguageModel, maximumNewTokens: Int) {
    sequences = prompts.map { prompt in
      let room = model.contextLength - prompt.ids.count
      return Sequence(
        label: prompt.label, length: prompt.ids.count,
        limit: prompt.ids.count + min(room, maximumNewTokens), seen: Set(prompt.ids))
    }
    active = Array(prompts.indices)
    unread = prompts.map(\.ids)
    media = Sample.Medium.packed(prompts.map { ($0.ids.count, $0.media) })
    caches = model.caches(sequences: prompts.count)
    statistics.promptTokens = prompts.reduce(0) { $0 + $1.ids.count }
  }

  var isDone: Bool { active.isEmpty }

  /// Logits of the token that follows, one row for each active sequence.
  mutating func nextLogits(_ model: CausalLanguageModel) -> Tensor {
    let segments = Segments(lengths: unread.map(\.count)), ids = unread.flatMap { $0 }
    defer { media = [] }
    return Recording.off {
      let last = (0..<segments.count).map { segments[$0].upperBound - 1 }
      return model.logits(
        model.hidden(ids, segments, rows: last, caches: caches, media: model.media(media)))
    }
  }

  /// Adds a sequence that goes on from the prompt that another batch has read alone: what the caches
  /// hold of it is shared. Its first token is to be chosen at once. Returns its index.
  mutating func add(continuing reading: DecodingBatch) -> Int {
    for (own, other) in zip(caches, reading.caches) { own.add(continuing: other, 0) }
    active.append(sequences.count)
    sequences.append(reading.sequences[0])
    return sequences.count - 1
  }

  mutating func append(_ id: Int32, to index: Int) {
    statistics.generatedTokens += 1
    sequences[index].result.ids.append(id)
    sequences[index].seen.insert(id)
    sequences[index].length += 1
    if sequences[index].length == sequences[index].limit { sequences[index].isDone = true }
  }

  /// Ends a sequence, at a stop token or by the observer's wish.
  mutating func stop(_ index: Int, at token: Int32?) {
    if token != nil { statistics.generatedTokens += 1 }
    sequences[index].result.stopToken = token
    sequences[index].result.finishReason = .stop
    sequences[index].isDone = true
  }

  /// Takes finished sequences out of the batch; what the others chose is to be read next.
  mutating func dropFinished() {
    let growing = active.indices.filter { !sequences[active[$0]].isDone }
    if growing.count < active.count { caches.forEach { $0.keep(growing) } }
    active = growing.map { active[$0] }
    unread = active.map { sequences[$0].result.ids.suffix(1) }
  }
}
