import CPluginABI
import Tasks

/// Puts a reward through its paces.
struct RewardCheck: Sendable {
  let calls: RewardCalls
  let bench: CheckBench

  init(_ calls: RewardCalls, _ bench: CheckBench) {
    self.calls = calls
    self.bench = bench
  }

  func run() {
    var made: CheckInstance?
    bench.check("create") { () throws(CheckFault) in
      bench.step("create", "create")
      made = try create()
      return "with \(bench.job.configuration), in a host without services"
    }
    if let made {
      let isScored = score(made)
      bench.check("destroy") { () throws(CheckFault) in
        bench.step("destroy", "destroy")
        calls.destroy(made)
        return "the instance goes after its last batch"
      }
      if isScored { checkMemory() }
    }
    let isMade = made != nil
    bench.check("errors") { () throws(CheckFault) in try checkErrors(isMade: isMade) }
  }

  /// An instance with the job's configuration.
  func create() throws(CheckFault) -> CheckInstance {
    switch try calls.create(bench.job.configuration) {
    case .made(let instance): return instance
    case .refused(let answer): throw bench.job.refusal(answer)
    case .ends: throw .fails("create answers TK_END, which means nothing for a reward")
    }
  }

  func samples(_ count: Int) -> [CheckSample] {
    CheckSamples.ordinary(count, from: bench.job.samples)
  }

  // MARK: Scores

  /// Whether batches can be scored at all. What is made of chance is not compared any further.
  private func score(_ made: CheckInstance) -> Bool {
    let isScored = bench.check("scores") { () throws(CheckFault) in
      var count = 0
      for size in [1, 3, 64] {
        bench.step("scores", "score, \(size) \(size == 1 ? "sample" : "samples")")
        count += try outcomes(made, samples(size)).count { $0.score == nil }
      }
      let abstained = count == 0 ? "" : ", \(count) of 68 abstained"
      return "batches of 1, 3 and 64 \(bench.job.samples.isEmpty ? "built-in" : "given") samples"
        + abstained
    }
    guard isScored else { return false }
    bench.check("texts") { () throws(CheckFault) in try checkTexts(made) }
    bench.check("metadata") { () throws(CheckFault) in try checkMetadata(made) }
    let isRepeatable = bench.check("repeats") { () throws(CheckFault) in
      bench.step("repeats", "score, the same batch again")
      guard try outcomes(made, samples(64)) == outcomes(made, samples(64)) else {
        throw .fails(
          "scores differ between two calls on the same batch; derive random choices from the texts, "
            + "and keep no state between calls")
      }
      return "the same batch scores the same twice"
    }
    guard isRepeatable else { return true }
    bench.check("splits") { () throws(CheckFault) in
      bench.step("splits", "score, a batch in two halves")
      let whole = samples(64), left = Array(whole[..<32]), right = Array(whole[32...])
      guard try outcomes(made, whole) == outcomes(made, left) + outcomes(made, right) else {
        throw .note("scores depend on the batch, as those relative to a group do")
      }
      return "a batch in two halves scores as it does whole"
    }
    checkThreads(made)
    return true
  }

  /// The outcomes of a batch. Built-in samples may be refused: they may lack what a reward needs.
  func outcomes(
    _ made: CheckInstance, _ samples: [CheckSample], isBare: Bool = false
  ) throws(CheckFault) -> [RewardOutcome] {
    switch try calls.score(made, samples, isBare: isBare) {
    case .outcomes(let outcomes): return outcomes
    case .refused(let kind, let text):
      guard bench.job.samples.isEmpty, kind != .internal else {
        throw .fails("score fails: \(text)")
      }
      throw .uncalled("not scored: it refuses the built-in samples (\(text)); give --data")
    }
  }

  private func checkTexts(_ made: CheckInstance) throws(CheckFault) -> String {
    for (name, text) in CheckSamples.texts {
      bench.step("texts", "score, \(name)")
      var batch = samples(3)
      batch[1].completion = text
      guard case .refused(_, let why) = try calls.score(made, batch) else { continue }
      throw .note(
        "\(name) fails the whole batch (\(why)); abstain from the sample, or give it a score")
    }
    return CheckSamples.texts.map(\.name).joined(separator: "; ")
  }

  private func checkMetadata(_ made: CheckInstance) throws(CheckFault) -> String {
    bench.step("metadata", "score, groups and facts not given")
    _ = try outcomes(made, samples(3), isBare: true)
    guard bench.job.samples.isEmpty else { return "with and without groups and facts" }
    bench.step("metadata", "score, nested metadata")
    var batch = samples(3)
    batch[2].metadata = CheckSamples.nested
    _ = try outcomes(made, batch)
    return "{} and nested; with and without groups and facts"
  }

  // MARK: Errors

  /// `isMade`: the job's configuration is accepted, so that a key more can be the only fault.
  private func checkErrors(isMade: Bool) throws(CheckFault) -> String {
    var accepted: [String] = [], refused: String?
    for wrong in CheckSamples.wrongConfigurations {
      bench.step("errors", "create, with \(wrong.isEmpty ? "an empty text" : wrong)")
      switch try calls.create(wrong) {
      case .made(let instance):
        calls.destroy(instance)
        accepted.append(wrong.isEmpty ? "an empty text" : wrong)
      case .refused: refused = refused ?? wrong
      case .ends: throw .fails("create answers TK_END, which means nothing for a reward")
      }
    }
    if let refused {
      for capacity in [1, 8] {
        bench.step("errors", "create, with \(refused) and \(capacity) bytes for the error's text")
        if case .made(let made) = try calls.create(refused, capacity: capacity) {
          calls.destroy(made)
        }
      }
    }
    guard accepted.isEmpty else {
      throw .note(
        "it accepts \(accepted.joined(separator: " and ")) as its configuration without a word")
    }
    guard isMade else { return "a configuration that is no object is refused" }
    return try checkUnknownKey()
  }

  private func checkUnknownKey() throws(CheckFault) -> String {
    guard let other = CheckSamples.withUnknownKey(bench.job.configuration) else {
      return "a configuration that is no object is refused"
    }
    bench.step("errors", "create, with \(other)")
    guard case .made(let instance) = try calls.create(other) else {
      return CheckSamples.refusesUnknownKeys
    }
    calls.destroy(instance)
    throw .note(CheckSamples.acceptsUnknownKeys)
  }
}
