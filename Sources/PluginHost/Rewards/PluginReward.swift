import CPluginABI
import Synchronization
import Tasks

/// A plugin's reward, called in this process.
final class PluginReward: Reward {
  private let subject: String
  private let instance: PluginInstance
  private let scoring: Guard
  /// The last batch's block, to pack the next one into.
  private let storage = Mutex<[UInt8]>([])
  private let function:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<tk_reward_batch_v1>?,
      UnsafePointer<tk_reward_out_v1>?, UnsafeMutablePointer<tk_error>?
    ) -> tk_status

  /// Makes the reward `name`; `configuration` is a JSON object.
  init(
    _ name: String, of plugin: Plugin, host: HostTable, configuration: String
  ) throws(TaskError) {
    let subject = "reward '\(name)'"
    let (table, user) = try functions(.reward, name, of: plugin, as: tk_reward_v1.self)
    guard let create = table.create, let function = table.score else {
      throw TaskError(.internal, "\(plugin.name): \(subject) lacks 'create' or 'score'")
    }
    let made = try makeInstance(
      of: subject, in: plugin, host: host, configuration: configuration, split: "",
      flags: table.flags, destroy: table.destroy
    ) { host, configuration, _, instance, error in
      create(user, host, configuration, instance, error)
    }
    guard let made else {
      throw TaskError(.internal, "\(plugin.name): \(subject) answers TK_END when it is made")
    }
    self.subject = "\(plugin.name): \(subject)"
    self.function = function
    scoring = Guard("\(self.subject), score")
    instance = made
  }

  func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome] {
    guard !completions.isEmpty else { return [] }
    let batch = RewardBatch(completions, reusing: storage.withLock { exchange(&$0, with: []) })
    defer { storage.withLock { $0 = batch.block } }
    let reply = try reply(to: batch)
    do throws(RewardReply.Fault) { return try reply.outcomes() } catch {
      throw TaskError(.internal, "\(subject): \(error.reason)")
    }
  }

  /// What the reward writes for a batch, not yet looked at.
  func reply(to batch: RewardBatch) throws(TaskError) -> RewardReply {
    let sink = RewardSink(count: batch.count)
    do throws(TaskError) {
      let status = try instance.call(scoring) { instance throws(TaskError) in
        try checked(subject) { error in
          batch.withTable { columns in
            sink.withTable { function(instance, columns, $0, error) }
          }
        }
      }
      guard status == TK_OK else {
        throw TaskError(.internal, "\(subject): it answers a batch with the status \(status)")
      }
    } catch {
      // The sink's own complaint says more than a status that the plugin passed on.
      guard let fault = sink.fault else { throw error }
      throw TaskError(.internal, "\(subject): \(fault)")
    }
    if let fault = sink.fault { throw TaskError(.internal, "\(subject): \(fault)") }
    return sink.reply
  }
}
