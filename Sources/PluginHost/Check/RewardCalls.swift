import CPluginABI
import Tasks

/// A reward's functions, called with borrowed memory.
struct RewardCalls: @unchecked Sendable {
  // Unchecked: constant tables of a library that is never unloaded.
  private let table: tk_reward_v1
  private let user: UnsafeMutableRawPointer?
  private let host: HostTable

  init(_ name: String, _ plugin: Plugin, _ host: HostTable) throws(TaskError) {
    (table, user) = try functions(.reward, name, of: plugin, as: tk_reward_v1.self)
    guard table.create != nil, table.score != nil else {
      throw TaskError(.internal, "it lacks 'create' or 'score'")
    }
    self.host = host
  }

  /// Whether calls on one instance may overlap.
  var isThreadSafe: Bool { table.flags & UInt32(TK_THREAD_SAFE) != 0 }

  func create(_ configuration: String, capacity: Int = 4096) throws(CheckFault) -> Made {
    try make(configuration, capacity: capacity) { table.create(user, host.pointer, $0, $2, $3) }
  }

  func destroy(_ instance: CheckInstance) { table.destroy?(instance.pointer) }

  /// What a batch came to.
  enum Scored: Equatable {
    case outcomes([RewardOutcome])
    case refused(TaskError.Kind, String)
  }

  /// Scores a batch that is lent for this call alone.
  func score(
    _ instance: CheckInstance, _ samples: [CheckSample], isBare: Bool = false
  ) throws(CheckFault) -> Scored {
    let batch = LentBatch(samples, isBare: isBare)
    defer { batch.end() }
    return try score(instance, batch)
  }

  /// Scores a batch.
  func score(_ instance: CheckInstance, _ batch: LentBatch) throws(CheckFault) -> Scored {
    let lending = Lending(), sink = RewardSink(count: batch.count)
    let scores = lending.writable([Float](repeating: .nan, count: batch.count), "the scores")
    let result = sink.withTable { own -> Result<CheckAnswer, CheckFault> in
      let lent = LentSink(own, scores: scores, lending)
      do throws(CheckFault) {
        let answer = try calling { table.score(instance.pointer, batch.table, lent.table, $0) }
        own.pointee.scores.update(from: scores, count: batch.count)
        try lent.check()
        return .success(answer)
      } catch { return .failure(error) }
    }
    let answer = try result.get()
    try lending.checkOutputs()
    if let fault = sink.fault { throw .fails(fault) }
    if answer.status < 0 { return .refused(answer.kind, answer.text) }
    guard answer.status == TK_OK else {
      throw .fails("score answers the status \(answer.status), which means nothing there")
    }
    do throws(RewardReply.Fault) { return .outcomes(try sink.reply.outcomes()) } catch {
      throw .fails(error.reason)
    }
  }
}

/// A batch in borrowed memory.
final class LentBatch: @unchecked Sendable {
  // Unchecked: it can only be read.
  let count: Int
  let table: UnsafePointer<tk_reward_batch_v1>
  private let lending = Lending()

  /// `isBare`: without groups and facts, as older hosts may give it.
  init(_ samples: [CheckSample], isBare: Bool = false) {
    let lending = lending
    func column(_ field: KeyPath<CheckSample, String>, _ what: StaticString)
      -> UnsafePointer<tk_str>
    {
      lending.array(samples.map { lending.text($0[keyPath: field], what) }, what)
    }
    var table = tk_reward_batch_v1()
    table.count = samples.count
    table.prompts = column(\.prompt, "the prompts")
    table.completions = column(\.completion, "the completions")
    table.metadata_json = column(\.metadata, "the metadata")
    if !isBare {
      table.groups = lending.array(samples.map(\.group), "the groups")
      table.facts = lending.value(Self.facts(samples, lending), "the facts")
    }
    count = samples.count
    self.table = lending.value(table, "the batch")
  }

  private static func facts(_ samples: [CheckSample], _ lending: Lending) -> tk_reward_facts_v1 {
    var facts = tk_reward_facts_v1()
    facts.tokens = lending.array(samples.map(\.tokens), "the numbers of tokens")
    facts.truncated = lending.array(
      samples.map { $0.isTruncated ? 1 : 0 }, "what was truncated")
    facts.references = lending.array(
      samples.map { $0.reference.map { lending.text($0, "the references") } ?? tk_str() },
      "the references")
    return facts
  }

  /// Takes the memory back.
  func end() { lending.end() }
}
