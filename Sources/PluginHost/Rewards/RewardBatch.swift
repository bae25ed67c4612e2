import CPluginABI
import Tasks

/// A batch to score as the ABI and the worker's wire want it: all texts behind one another.
struct RewardBatch: Sendable {
  /// The samples.
  let count: Int
  /// The prompts, completions, metadata and references of all samples, a kind after the other.
  let block: [UInt8]
  /// The byte length of each text in `block`: 4 · count. A row without a reference has `none` there.
  let lengths: [Int]
  /// The group of each sample.
  let groups: [Int32]
  /// How many tokens each completion has, `none` where that is not known; 1 where it was cut off.
  let tokens: [Int64], truncated: [UInt8]

  /// The length of a text that is not there, the number of tokens that nobody knows.
  static let none = -1

  /// Packs completions into `storage`, the block of an earlier batch: fresh memory of this size
  /// costs more than the copy.
  init(_ completions: [Completion], reusing storage: consuming [UInt8] = []) {
    var block = storage, lengths: [Int] = []
    block.removeAll(keepingCapacity: true)
    lengths.reserveCapacity(4 * completions.count)
    func add(_ text: String) {
      lengths.append(text.utf8.count)
      block.append(contentsOf: text.utf8)
    }
    for completion in completions { add(completion.prompt) }
    for completion in completions { add(completion.text) }
    for completion in completions {
      let isEmpty = completion.metadata.object?.isEmpty ?? false
      add(isEmpty ? "{}" : completion.metadata.text())
    }
    for completion in completions {
      if let reference = completion.reference { add(reference) } else { lengths.append(Self.none) }
    }
    count = completions.count
    self.block = block
    self.lengths = lengths
    groups = completions.map { Int32(truncatingIfNeeded: $0.group) }
    tokens = completions.map { Int64($0.tokens ?? Self.none) }
    truncated = completions.map { $0.isTruncated ? 1 : 0 }
  }

  /// A batch whose texts are packed already; nil when the numbers do not fit one another.
  init?(block: [UInt8], lengths: [Int], groups: [Int32], tokens: [Int64], truncated: [UInt8]) {
    var rest = block.count
    for (index, length) in lengths.enumerated()
    where length != Self.none || index < 3 * groups.count {
      guard 0...rest ~= length else { return nil }
      rest -= length
    }
    guard lengths.count == 4 * groups.count, rest == 0, tokens.count == groups.count,
      truncated.count == groups.count
    else { return nil }
    count = groups.count
    self.block = block
    self.lengths = lengths
    self.groups = groups
    self.tokens = tokens
    self.truncated = truncated
  }

  /// Lends the columns to `body`.
  func withTable<R>(_ body: (UnsafePointer<tk_reward_batch_v1>) -> R) -> R {
    block.withUnsafeBytes { block in
      groups.withUnsafeBufferPointer { groups in
        withUnsafeTemporaryAllocation(of: tk_str.self, capacity: max(1, lengths.count)) { texts in
          fill(texts, from: block)
          let columns = UnsafePointer(texts.baseAddress!)
          return withFacts(references: columns + 3 * count) { facts in
            var table = tk_reward_batch_v1()
            table.count = count
            table.prompts = columns
            table.completions = columns + count
            table.metadata_json = columns + 2 * count
            table.groups = groups.baseAddress
            table.facts = facts
            return withUnsafePointer(to: table) { body($0) }
          }
        }
      }
    }
  }

  private func fill(
    _ texts: UnsafeMutableBufferPointer<tk_str>, from block: UnsafeRawBufferPointer
  ) {
    var offset = 0
    for (index, length) in lengths.enumerated() {
      guard length != Self.none else {
        texts.initializeElement(at: index, to: tk_str())
        continue
      }
      let start = block.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
      texts.initializeElement(at: index, to: tk_str(ptr: start, len: length))
      offset += length
    }
  }

  private func withFacts<R>(
    references: UnsafePointer<tk_str>, _ body: (UnsafePointer<tk_reward_facts_v1>) -> R
  ) -> R {
    tokens.withUnsafeBufferPointer { tokens in
      truncated.withUnsafeBufferPointer { truncated in
        var facts = tk_reward_facts_v1()
        facts.tokens = tokens.baseAddress
        facts.truncated = truncated.baseAddress
        facts.references = references
        return withUnsafePointer(to: facts) { body($0) }
      }
    }
  }
}
