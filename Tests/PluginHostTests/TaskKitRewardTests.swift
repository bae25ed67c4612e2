import CPluginABI
import Testing

@testable import TaskKit

/// A Swift reward as the host sees one: through its C table.
@Suite struct TaskKitRewardTests {
  /// Scores a text by its length; some texts stand for an answer of their own.
  private struct Length: Reward {
    struct Config: Decodable, Sendable { var target: Int, slope: Double }
    struct Labels: Decodable { var bonus: Double }
    struct Oddity: Error, CustomStringConvertible { var description: String { "an odd fault" } }
    static let name = "length"
    static let summary = "Length over target."
    static let defaults: JSON = ["slope": 1]
    let config: Config

    init(config: Config, host: HostServices) throws {
      guard config.target > 0 else {
        throw PluginError(.configuration, "'target' is \(config.target); it must be positive")
      }
      self.config = config
    }

    func score(_ completion: Completion) throws -> Score {
      switch completion.text {
      case "": return .abstain(reason: "empty completion")
      case " ": return .abstain(reason: "blank completion", components: ["length": 1])
      case "one": return 1
      case "half": return 0.5
      case "huge": return .score(1e300)
      case "far": return .score(0, components: ["distance": .infinity])
      case "labels":
        return .score(try completion.metadata.decoded(as: Labels.self).bonus)
      case "data": throw PluginError(.data, "no such word")
      case "odd": throw Oddity()
      case "stop": throw CancellationError()
      case let text:
        let value = Double(text.count) / Double(config.target) * config.slope
        let parts = ["length": Double(text.count)]
        return .score(
          value,
          components: completion.group.map { parts.merging(["group": Double($0)]) { $1 } }
            ?? parts)
      }
    }
  }

  /// Says one thing for the whole batch.
  private struct Whole: BatchReward {
    static let name = "whole"
    init(config: NoConfig, host: HostServices) {}

    func score(_ batch: [Completion]) throws -> [Score] {
      batch[0].text == "few"
        ? [1]
        : try batch.map { .score(Double($0.prompt.count), components: try $0.metadata.numbers) }
    }
  }

  @Test func scoresComponentsAndAbstentions() throws {
    let reward = try RewardCall(.reward(Length.self), #"{"target": 4}"#)
    let outcome = reward.score(["ab", "", "one", "half", "abcd", " "])
    #expect(outcome.status == TK_OK && outcome.message.isEmpty)
    #expect(outcome.scores[0] == 0.5 && outcome.scores[1].isNaN)
    #expect(Array(outcome.scores[2...4]) == [1, 0.5, 1] && outcome.scores[5].isNaN)
    #expect(outcome.reasons == [1: "empty completion", 5: "blank completion"])
    let column = try #require(outcome.components["length"])
    #expect(outcome.components.count == 1 && column[0] == 2 && column[4] == 4)
    #expect(column[5] == 1)
    #expect(column[1].isNaN && column[2].isNaN && column[3].isNaN)
  }

  @Test func columnsReachTheAuthor() throws {
    let whole = try RewardCall(.reward(Whole.self), "{}")
    let outcome = whole.score(
      ["x", "y", "z"], prompts: ["same", "same", "é"],
      metadata: [#"{"a": 1}"#, "", #"{"b": 2.5}"#])
    #expect(outcome.scores == [4, 4, 1])
    #expect(outcome.components["a"]?.first == 1 && outcome.components["b"]?.last == 2.5)
    #expect(outcome.components["a"]?[1].isNaN == true)
    let length = try RewardCall(.reward(Length.self), #"{"target": 4, "slope": 2}"#)
    #expect(length.score(["ab", "ab"], groups: [7, 8]).components["group"] == [7, 8])
    #expect(length.score(["labels"], metadata: [#"{"bonus": 3}"#]).scores == [3])
  }

  @Test(arguments: [
    ("data", TK_E_DATA, "sample 1: no such word"),
    ("odd", TK_E_INTERNAL, "sample 1: an odd fault"),
    ("stop", TK_E_CANCELLED, "sample 1: cancelled"),
    ("labels", TK_E_CONFIG, "sample 1: 'bonus' is required"),
    ("huge", TK_E_INTERNAL, "sample 1: the score is 1e+300, not a finite number"),
    ("far", TK_E_INTERNAL, "sample 1: the component 'distance' is inf"),
  ])
  func errorNamesTheSample(text: String, status: Int, message: String) throws {
    let outcome = try RewardCall(.reward(Length.self), #"{"target": 4}"#).score(["a", text, "b"])
    #expect(outcome.status == status && outcome.message == message)
  }

  @Test func brokenMetadataIsAnErrorWhereItIsRead() throws {
    let reward = try RewardCall(.reward(Length.self), #"{"target": 4}"#)
    let outcome = reward.score(["labels"], metadata: ["{"])
    #expect(
      outcome.status == TK_E_DATA
        && outcome.message.hasPrefix("sample 0: not valid JSON: line 1, column 2"))
    #expect(reward.score(["ab"], metadata: ["{"]).scores == [0.5])
  }

  @Test func wrongNumberOfScores() throws {
    let outcome = try RewardCall(.reward(Whole.self), "{}").score(["few", "b", "c"])
    #expect(outcome.status == TK_E_INTERNAL)
    #expect(outcome.message == "returned 1 scores for 3 samples")
  }

  @Test(arguments: [
    ("{}", "'target' is required"),
    (#"{"target": 4.5}"#, "'target' must be a whole number, not a number"),
    (#"{"target": 0}"#, "'target' is 0; it must be positive"),
    (#"{"target": 4, "slop": 1}"#, "unknown key 'slop'; did you mean 'slope'?"),
    (#"{"target": 4, "train": "f"}"#, "unknown key 'train'; known: 'slope', 'target'"),
  ])
  func badConfiguration(text: String, message: String) throws {
    let error = #expect(throws: PluginError.self) {
      try RewardCall(.reward(Length.self), text)
    }
    #expect(error == PluginError(.configuration, message))
    #expect(throws: PluginError(.configuration, message)) {
      try Length(configuration: JSON(parsing: text))
    }
  }

  @Test(arguments: [
    ("", "''"), ("{", "'{'"), ("nonsense", "'nonsense'"), ("[]", "an array"),
    (#""text""#, "a string"),
  ])
  func configurationsAreObjects(text: String, shown: String) {
    #expect(
      throws: PluginError(.configuration, "the configuration must be an object, not \(shown)")
    ) { try RewardCall(.reward(Length.self), text) }
  }

  @Test func noConfigTakesNoKey() throws {
    let error = #expect(throws: PluginError.self) {
      try RewardCall(.reward(Whole.self), #"{"target": 4}"#)
    }
    #expect(error?.message == "unknown key 'target'; known: none")
  }

  @Test func taskNamesItsRewards() {
    enum Plain: TuningTask {
      static let name = "plain", summary = ""
      static var dataset: any Dataset.Type { Rows.self }
    }
    enum Rewarded: TuningTask {
      static let name = "rewarded", summary = ""
      static var dataset: any Dataset.Type { Rows.self }
      static var rewards: [any BatchReward.Type] { [Length.self, Whole.self] }
    }
    #expect(TaskMaker(Plain.self).json["rewards"] == [])
    #expect(TaskMaker(Rewarded.self).json["rewards"] == ["length", "whole"])
  }

  private struct Rows: Dataset {
    static let name = "rows"
    let count = 0
    init(config: NoConfig, split: Split, host: HostServices) {}
    func example(at index: Int, epoch: Int, seed: UInt64) -> Example { Example(turns: []) }
  }
}

extension JSON {
  fileprivate var numbers: [String: Double] { (object ?? [:]).compactMapValues(\.double) }
}

/// An instance of a reward, made and called through the plugin's tables.
private final class RewardCall {
  private let table: tk_reward_v1
  private let instance: UnsafeMutableRawPointer?

  struct Outcome {
    var status = Int(TK_OK), message = ""
    var scores: [Float] = []
    var components: [String: [Float]] = [:]
    var reasons: [Int: String] = [:]
  }

  /// Throws what `create` says.
  init(_ export: Export, _ config: String) throws {
    let head = try #require(
      Plugin(name: "p", version: "1", exports: [export]).table(hostABI: UInt32(TK_ABI_MAJOR)))
    let plugin = UnsafeRawPointer(head).load(as: tk_plugin_v1.self)
    #expect(plugin.export_count == 1 && Int(plugin.exports[0].kind) == TK_KIND_REWARD)
    let table = plugin.exports[0].vtable.load(as: tk_reward_v1.self)
    #expect(table.struct_size == UInt32(MemoryLayout<tk_reward_v1>.size))
    #expect(table.flags == UInt32(TK_THREAD_SAFE))
    var instance: UnsafeMutableRawPointer?
    let (status, message) = withError { error in
      config.withStr { table.create(plugin.exports[0].user, nil, $0, &instance, error) }
    }
    guard status == TK_OK else { throw PluginError(.init(tk_status(status)), message) }
    self.table = table
    self.instance = instance
  }

  deinit { table.destroy(instance) }

  func score(
    _ completions: [String], prompts: [String]? = nil, metadata: [String]? = nil,
    groups: [Int32]? = nil
  ) -> Outcome {
    var outcome = Outcome()
    outcome.scores = Array(repeating: .nan, count: completions.count)
    let empty = completions.map { _ in "" }
    withStrs(prompts ?? empty) { prompts in
      withStrs(completions) { completions in
        withStrs(metadata ?? empty) { metadata in
          (groups ?? []).withUnsafeBufferPointer { columns in
            var batch = tk_reward_batch_v1()
            batch.count = completions.count
            batch.prompts = prompts.baseAddress
            batch.completions = completions.baseAddress
            batch.metadata_json = metadata.baseAddress
            batch.groups = groups == nil ? nil : columns.baseAddress
            call(&batch, &outcome)
          }
        }
      }
    }
    return outcome
  }

  private func call(_ batch: inout tk_reward_batch_v1, _ outcome: inout Outcome) {
    var scores = outcome.scores
    withUnsafeMutablePointer(to: &outcome) { outcome in
      scores.withUnsafeMutableBufferPointer { scores in
        var out = tk_reward_out_v1()
        out.ctx = UnsafeMutableRawPointer(outcome)
        out.scores = scores.baseAddress
        out.component = { out, name, values, count in
          let column = Array(UnsafeBufferPointer(start: values, count: count))
          RewardCall.outcome(out).pointee.components[name.string] = column
          return tk_status(TK_OK)
        }
        out.abstain = { out, index, reason in
          RewardCall.outcome(out).pointee.reasons[index] = reason.string
          return tk_status(TK_OK)
        }
        let (status, message) = withError { table.score(instance, &batch, &out, $0) }
        outcome.pointee.status = status
        outcome.pointee.message = message
      }
      outcome.pointee.scores = scores
    }
  }

  private static func outcome(
    _ out: UnsafePointer<tk_reward_out_v1>?
  ) -> UnsafeMutablePointer<Outcome> {
    out!.pointee.ctx.assumingMemoryBound(to: Outcome.self)
  }
}

/// Calls a function of a table; its status and its text.
private func withError(
  _ call: (UnsafeMutablePointer<tk_error>) -> tk_status
) -> (status: Int, message: String) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer in
    buffer.initialize(repeating: 0)
    var error = tk_error(text: buffer.baseAddress, capacity: buffer.count)
    let status = Int(call(&error))
    return (status, String(cString: buffer.baseAddress!))
  }
}
