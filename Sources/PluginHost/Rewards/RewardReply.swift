import CPluginABI
import Tasks

/// What a reward wrote into the host's sink for one batch.
struct RewardReply: Sendable, Hashable {
  /// One for each sample; NaN where none was set.
  var scores: [Float]
  /// Named parts in the order in which they came, one value for each sample.
  var components: [Component] = []
  /// Samples without a score.
  var abstentions: [Int: String] = [:]

  /// A named part of all scores.
  struct Component: Sendable, Hashable {
    var name: String
    var values: [Float]
  }

  /// What is wrong with a reply.
  struct Fault: Error { let reason: String }

  /// The outcome of each sample. A sample must have a finite score or an abstention.
  func outcomes() throws(Fault) -> [RewardOutcome] {
    var outcomes: [RewardOutcome] = []
    outcomes.reserveCapacity(scores.count)
    for (index, score) in scores.enumerated() {
      if !abstentions.isEmpty, let reason = abstentions[index] {
        outcomes.append(
          .abstain(
            reason: reason.isEmpty ? "no reason given" : reason, components: parts(of: index)))
        continue
      }
      guard score.isFinite else {
        throw Fault(
          reason: "score \(index) of \(scores.count) is \(score) (unset or not finite); set it, or "
            + "abstain from the sample")
      }
      outcomes.append(.score(Double(score), components: parts(of: index)))
    }
    return outcomes
  }

  private func parts(of index: Int) -> [RewardComponent] {
    guard !components.isEmpty else { return [] }
    return components.compactMap { component in
      let value = component.values[index]
      return value.isNaN ? nil : RewardComponent(name: component.name, value: Double(value))
    }
  }
}

/// Collects a reward's reply through the C sink. What is wrong is remembered and reported afterwards:
/// a plugin may ignore the status that it gets.
final class RewardSink {
  private(set) var reply: RewardReply
  private(set) var fault: String?

  init(count: Int) { reply = RewardReply(scores: Array(repeating: .nan, count: count)) }

  /// Lends a C sink that fills this object.
  func withTable<R>(_ body: (UnsafePointer<tk_reward_out_v1>) -> R) -> R {
    var scores = reply.scores
    let result = scores.withUnsafeMutableBufferPointer { scores in
      var table = tk_reward_out_v1()
      table.ctx = Unmanaged.passUnretained(self).toOpaque()
      table.scores = scores.baseAddress
      table.component = { out, name, values, count in
        RewardSink.accept(out) { $0.addComponent(name, values, count) }
      }
      table.abstain = { out, index, reason in
        RewardSink.accept(out) { $0.abstain(index, reason) }
      }
      return withExtendedLifetime(self) { withUnsafePointer(to: table) { body($0) } }
    }
    reply.scores = scores
    return result
  }

  private static func accept(
    _ out: UnsafePointer<tk_reward_out_v1>?, _ body: (RewardSink) -> String?
  ) -> tk_status {
    guard let context = out?.pointee.ctx else { return tk_status(TK_E_INTERNAL) }
    let sink = Unmanaged<RewardSink>.fromOpaque(context).takeUnretainedValue()
    guard let fault = body(sink) else { return tk_status(TK_OK) }
    sink.fault = sink.fault ?? fault
    return tk_status(TK_E_INTERNAL)
  }

  private static let maximumComponents = 256

  private func addComponent(
    _ name: tk_str, _ values: UnsafePointer<Float>?, _ count: Int
  ) -> String? {
    let name = String(name).printable
    guard !name.isEmpty else { return "a component has no name" }
    guard let values, count == reply.scores.count else {
      return "component '\(name)' has \(values == nil ? 0 : count) values for "
        + "\(reply.scores.count) samples"
    }
    guard reply.components.count < Self.maximumComponents else {
      return "it has more than \(Self.maximumComponents) components"
    }
    guard !reply.components.contains(where: { $0.name == name }) else {
      return "component '\(name)' is given twice"
    }
    let column = Array(UnsafeBufferPointer(start: values, count: count))
    reply.components.append(.init(name: name, values: column))
    return nil
  }

  private func abstain(_ index: Int, _ reason: tk_str) -> String? {
    guard reply.scores.indices.contains(index) else {
      return "it abstains from sample \(index) of \(reply.scores.count)"
    }
    reply.abstentions[index] = String(reason).printable
    return nil
  }
}
