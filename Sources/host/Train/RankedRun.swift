import FoundationEssentials
import Glibc
import PluginHost
import Ranks
import Runs
import Synchronization

/// Work that several processes share: one voice, one end.
enum RankedRun {
  private static let hasSpoken = Atomic<Bool>(false)

  /// Runs `body` in the group of the processes that this one was started with. Rank 0 alone speaks;
  /// when a rank fails, all leave with its exit code, and rank 0 says why.
  static func run(_ catalog: PluginCatalog, _ body: (Group) throws -> Void) throws {
    let group = try joined(catalog)
    do {
      try group.settle(note: Console.note)
      try body(group)
      try group.close()
    } catch {
      guard !group.isAlone else { throw error }
      leave(group, error)
    }
  }

  private static func joined(_ catalog: PluginCatalog) throws -> Group {
    do {
      let group = try Group.started(
        catalog, note: Console.note, lost: { say($0.message, isLoss: true) })
      if group.rank > 0 { Console.silence() }
      export(group)
      return group
    } catch {
      // Each process stands alone here; one of them speaks.
      let launcher = try? Launcher.found(in: ProcessInfo.processInfo.environment)
      if let launcher, launcher.rank > 0 { Console.silence() }
      throw error
    }
  }

  /// What plugins look for that know torchrun.
  private static func export(_ group: Group) {
    guard !group.isAlone else { return }
    let local = (0..<group.rank).count { group.hosts[$0] == group.hosts[group.rank] }
    for (name, value) in [
      ("RANK", group.rank), ("WORLD_SIZE", group.count), ("LOCAL_RANK", local),
    ] {
      setenv(name, String(value), 1)
    }
  }

  /// Says what has failed, once for all ranks, and ends them all with one code.
  private static func leave(_ group: Group, _ error: any Error) -> Never {
    let diagnosis = Diagnosis(error), fault = group.fault
    let sentence = sentence(diagnosis.description, error, group)
    group.fail(code: diagnosis.code, saying: sentence)
    if !group.isFirst {
      for number in [SIGTERM, SIGINT, SIGUSR1] { signal(number, SIG_DFL) }
      // Rank 0 speaks and ends all, by a signal; or whoever has found that it is lost. Where they cannot,
      // this one does.
      sleep(hasSpoken.load(ordering: .relaxed) ? 1 : fault == nil || isTold(fault) ? 30 : 60)
    }
    say(sentence, isLoss: fault?.isLoss ?? false)
    group.abort(code: diagnosis.code)
    // No library's last deeds: one of them may be what waits.
    _exit(diagnosis.code)
  }

  /// Which rank has failed, why, and what remains of the run.
  private static func sentence(_ text: String, _ error: any Error, _ group: Group) -> String {
    if isTold(group.fault) || text.hasSuffix(group.remedy) && !group.remedy.isEmpty { return text }
    // What ranks find out together says already whom it is about; what rank 0 finds, it says itself.
    let named =
      group.isFirst || text.hasPrefix("rank ") ? text : "\(group.name(of: group.rank)): \(text)"
    // What all have thrown has been saved by all.
    return (error as? RanksError)?.isShared == true ? named : named + group.remedy
  }

  /// Whether another rank has said what has failed.
  private static func isTold(_ fault: RanksError?) -> Bool {
    if case .failed = fault?.kind { true } else { false }
  }

  /// Says why the run ends, unless that has been said. Of a lost rank whoever has started the others
  /// speaks, where somebody waits for that.
  private static func say(_ sentence: String, isLoss: Bool) {
    guard !hasSpoken.exchange(true, ordering: .relaxed) else { return }
    if isLoss, LastWords.leave(sentence) { return }
    Console.speak()
    Console.note("host: " + sentence)
  }

  /// Whether a launcher has started this process as one of several, or somebody has named a transport.
  static func isStarted() throws -> Bool {
    try Launcher.found(in: ProcessInfo.processInfo.environment) != nil
  }

  /// Refuses a verb that one process does, where a launcher has started several.
  static func refuseSeveral(_ verb: String) throws {
    guard let launcher = try Launcher.found(in: ProcessInfo.processInfo.environment),
      launcher.count > 1
    else { return }
    if launcher.rank > 0 { Console.silence() }
    throw Diagnosis(
      Diagnosis.usage,
      "\(verb) runs in one process, and \(launcher.kind.command) started \(launcher.count); start "
        + "it without \(launcher.kind.command)")
  }
}
