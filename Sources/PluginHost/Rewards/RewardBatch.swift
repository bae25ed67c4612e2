import CPluginABI
import Tasks

/// A batch to score as the ABI and the worker's wire want it: all texts behind one another.
struct RewardBatch: Sendable {
  /// The samples.
  let count: Int
  /// The prompts, completions and metadata of all samples, a kind after the other.
  let block: [UInt8]
  /// The byte length of each text in `block`: 3 · count.
  let lengths: [Int]
  /// The group of each sample.
  let groups: [Int32]

  /// Packs completions into `storage`, the block of an earlier batch: fresh memory of this size
  /// costs more than the copy.
  init(_ completions: [Completion], reusing storage: consuming [UInt8] = []) {
    var block = storage, lengths: [Int] = []
    block.removeAll(keepingCapacity: true)
    lengths.reserveCapacity(3 * completions.count)
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
    count = completions.count
    self.block = block
    self.lengths = lengths
    groups = completions.map { Int32(truncatingIfNeeded: $0.group) }
  }

  /// A batch whose texts are packed already; nil when the numbers do not fit one another.
  init?(block: [UInt8], lengths: [Int], groups: [Int32]) {
    var rest = block.count
    for length in lengths {
      guard 0...rest ~= length else { return nil }
      rest -= length
    }
    guard lengths.count == 3 * groups.count, rest == 0 else { return nil }
    count = groups.count
    self.block = block
    self.lengths = lengths
    self.groups = groups
  }

  /// Lends the columns to `body`.
  func withTable<R>(_ body: (UnsafePointer<tk_reward_batch_v1>) -> R) -> R {
    block.withUnsafeBytes { block in
      groups.withUnsafeBufferPointer { groups in
        withUnsafeTemporaryAllocation(of: tk_str.self, capacity: max(1, lengths.count)) { texts in
          var offset = 0
          for (index, length) in lengths.enumerated() {
            let start = block.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
            texts.initializeElement(at: index, to: tk_str(ptr: start, len: length))
            offset += length
          }
          let columns = UnsafePointer(texts.baseAddress!)
          var table = tk_reward_batch_v1()
          table.count = count
          table.prompts = columns
          table.completions = columns + count
          table.metadata_json = columns + 2 * count
          table.groups = groups.baseAddress
          return withUnsafePointer(to: table) { body($0) }
        }
      }
    }
  }
}
