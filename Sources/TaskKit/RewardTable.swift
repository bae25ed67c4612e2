import CPluginABI

#if canImport(Glibc)
  import Glibc
#endif

/// Makes rewards of one type.
final class RewardMaker {
  let make: (_ config: String, HostServices) throws -> RewardInstance

  init<R: BatchReward>(_ type: R.Type) {
    make = { text, host in
      RewardInstance(try R(configuration: Configuration.parse(text), host: host))
    }
  }
}

final class RewardInstance {
  let reward: any BatchReward
  init(_ reward: any BatchReward) { self.reward = reward }
}

enum RewardTable {
  // Unsafe: written once, before anyone can read it.
  nonisolated(unsafe) static let pointer: UnsafeRawPointer = immortal {
    var table = tk_reward_v1()
    table.struct_size = UInt32(MemoryLayout<tk_reward_v1>.size)
    table.flags = UInt32(TK_THREAD_SAFE)
    table.create = { user, host, config, instance, error in
      guarded(error) {
        let maker: RewardMaker = try object(user)
        let made = try maker.make(config.string, HostServices(host))
        instance?.pointee = Unmanaged.passRetained(made).toOpaque()
        return tk_status(TK_OK)
      }
    }
    table.destroy = { release($0, as: RewardInstance.self) }
    table.score = { instance, batch, out, error in
      guarded(error) {
        let holder: RewardInstance = try object(instance)
        guard let batch, let out else { throw PluginError(.internal, "the host gave no batch") }
        let scores = try holder.reward.score([Completion](batch.pointee))
        guard scores.count == batch.pointee.count else {
          throw PluginError(
            .internal, "returned \(scores.count) scores for \(batch.pointee.count) samples")
        }
        return try write(scores, to: out)
      }
    }
    return table
  }
}

extension [Completion] {
  /// Copies the host's columns. A text that stands in several rows running, as the prompt of a
  /// group does, becomes one string.
  fileprivate init(_ columns: tk_reward_batch_v1) throws {
    guard let prompts = columns.prompts, let completions = columns.completions,
      let metadata = columns.metadata_json
    else { throw PluginError(.internal, "the host left out a column of the batch") }
    self.init()
    reserveCapacity(columns.count)
    var prompt = "", metadataText = ""
    for index in 0..<columns.count {
      if index == 0 || !prompts[index].hasBytes(of: prompts[index - 1]) {
        prompt = prompts[index].string
      }
      if index == 0 || !metadata[index].hasBytes(of: metadata[index - 1]) {
        metadataText = metadata[index].string
      }
      append(
        Completion(
          prompt: prompt, text: completions[index].string, metadataText: metadataText,
          group: columns.groups.map { Int($0[index]) },
          tokens: columns.facts?.pointee.tokenCount(index),
          isTruncated: columns.facts?.pointee.truncated.map { $0[index] != 0 } ?? false,
          reference: columns.facts?.pointee.reference(index)))
    }
  }
}

extension tk_reward_facts_v1 {
  /// nil: not known.
  fileprivate func tokenCount(_ index: Int) -> Int? {
    guard let count = tokens?[index], count >= 0 else { return nil }
    return Int(count)
  }

  /// nil: the row has none.
  fileprivate func reference(_ index: Int) -> String? {
    guard let text = references?[index], text.ptr != nil else { return nil }
    return text.string
  }
}

extension tk_str {
  /// Whether both hold the same bytes; faster than making a string of them.
  fileprivate func hasBytes(of other: tk_str) -> Bool {
    guard len == other.len, let ptr, let bytes = other.ptr else { return false }
    return ptr == bytes || memcmp(ptr, bytes, len) == 0
  }
}

/// Hands scores, components and abstentions to the host.
private func write(_ scores: [Score], to out: UnsafePointer<tk_reward_out_v1>) throws -> tk_status {
  guard let values = out.pointee.scores, let abstain = out.pointee.abstain else {
    throw PluginError(.internal, "the host gave no sink")
  }
  var components: [String: [Float]] = [:]
  for (index, score) in scores.enumerated() {
    let parts: [String: Double]
    switch score {
    case .abstain(let reason, let told):
      let status = reason.withStr { abstain(out, index, $0) }
      guard status == TK_OK else { return status }
      parts = told
    case .score(let value, let told):
      values[index] = Float(value)
      guard values[index].isFinite else {
        throw PluginError(.internal, "sample \(index): the score is \(value), not a finite number")
      }
      parts = told
    }
    for (name, part) in parts.sorted(by: { $0.key < $1.key }) {
      guard !part.isInfinite else {
        throw PluginError(.internal, "sample \(index): the component '\(name)' is \(part)")
      }
      components[name, default: Array(repeating: .nan, count: scores.count)][index] = Float(part)
    }
  }
  for (name, column) in components.sorted(by: { $0.key < $1.key }) {
    let status = name.withStr { out.pointee.component?(out, $0, column, column.count) }
    guard let status, status == TK_OK else { return status ?? tk_status(TK_E_INTERNAL) }
  }
  return tk_status(TK_OK)
}
