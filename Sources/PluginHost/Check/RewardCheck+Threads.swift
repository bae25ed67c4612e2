import CHostSupport
import CPluginABI
import Tasks

/// Threads and memory.
extension RewardCheck {
  /// `made` was made, and scores alike, on this thread.
  func checkThreads(_ made: CheckInstance) {
    bench.check("threads") { () throws(CheckFault) in
      bench.step("threads", "create, score and destroy on three threads")
      let expected = try outcomes(made, samples(16))
      let other = try onOtherThread { () -> Result<CheckInstance, CheckFault> in
        Result { () throws(CheckFault) in try create() }
      }.get()
      let found = try onOtherThread { () -> Result<[RewardOutcome], CheckFault> in
        Result { () throws(CheckFault) in try outcomes(other, samples(16)) }
      }.get()
      onOtherThread { calls.destroy(other) }
      guard expected == found else { throw .fails("scores differ on another thread") }
      return "made on one, used on another, destroyed on a third"
    }
    bench.check("instances") { () throws(CheckFault) in
      bench.step("instances", "score, two instances on two threads at once")
      let instances = [made, try create()]
      defer { calls.destroy(instances[1]) }
      try scoreAtOnce(instances, "on two instances at once; share nothing between instances")
      return "two on two threads at once"
    }
    bench.check("overlap") { () throws(CheckFault) in
      guard calls.isThreadSafe else {
        throw .note("calls on one instance never overlap: TK_THREAD_SAFE is not set")
      }
      bench.step("overlap", "score, thread-safe calls")
      try scoreAtOnce(
        Array(repeating: made, count: 4),
        "when calls on one instance overlap; lock what they share, or do not set TK_THREAD_SAFE")
      return "four threads on one instance score as one does"
    }
  }

  /// Scores a batch of its own on each instance, over and over at once; the scores must be those that
  /// the same batches have one after another.
  private func scoreAtOnce(_ instances: [CheckInstance], _ when: String) throws(CheckFault) {
    let samples = samples(16 + 4 * instances.count)
    let batches = instances.indices.map { index -> LentBatch in
      var own = Array(samples[4 * index..<4 * index + 16])
      // Of different lengths, so that a buffer that is shared shows.
      for row in own.indices { own[row].completion += String(repeating: "x", count: 40 * index) }
      return LentBatch(own)
    }
    defer { for batch in batches { batch.end() } }
    var expected: [RewardCalls.Scored] = []
    for (instance, batch) in zip(instances, batches) {
      expected.append(try calls.score(instance, batch))
    }
    let wanted = expected
    let results = onThreads(instances.count) { index -> Result<Bool, CheckFault> in
      Result { () throws(CheckFault) in
        let end = ContinuousClock.now + .milliseconds(500)
        for _ in 0..<100 where ContinuousClock.now < end {
          guard try calls.score(instances[index], batches[index]) == wanted[index] else {
            return false
          }
        }
        return true
      }
    }
    for result in results where try !result.get() { throw .fails("scores differ \(when)") }
  }

  /// Whether memory comes back.
  func checkMemory() {
    bench.check("memory") { () throws(CheckFault) in
      bench.step("memory", "create and destroy, a hundred times")
      let perInstance = try growth { () throws(CheckFault) in calls.destroy(try create()) }
      bench.step("memory", "score, a hundred times")
      let made = try create()
      let batch = LentBatch(samples(8))
      defer { batch.end() }
      let perBatch = try growth { () throws(CheckFault) in _ = try calls.score(made, batch) }
      calls.destroy(made)
      let parts = [(perInstance, "instance"), (perBatch, "batch")].filter { $0.0 >= 8 }
      guard parts.isEmpty else {
        throw .note(
          "grows by "
            + parts.map { "\($0.0) bytes per \($0.1)" }.joined(separator: " and by "))
      }
      return "does not grow with instances or batches"
    }
  }

  /// Bytes that each call of `body` leaves behind once it has been called often: the least of four
  /// stretches of calls, so that what is allocated once and kept does not count.
  private func growth(_ body: () throws(CheckFault) -> Void) throws(CheckFault) -> Int {
    let end = ContinuousClock.now + .seconds(1)
    var sizes: [Int] = []
    // The list itself must not grow while it is measured.
    sizes.reserveCapacity(101)
    while sizes.count < 100, sizes.count < 20 || ContinuousClock.now < end {
      try body()
      sizes.append(Int(hs_allocated_bytes()))
    }
    let length = sizes.count / 8, middle = sizes.count / 2
    let stretches = (0..<4).map { index in
      let start = middle + index * length - 1
      return (sizes[start + length] - sizes[start]) / length
    }
    return stretches.min() ?? 0
  }
}
