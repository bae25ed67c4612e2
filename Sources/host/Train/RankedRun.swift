import FoundationEssentials
import Glibc
import PluginHost
import Ranks
import Runs

/// Work that several processes share: one voice, one end.
enum RankedRun {
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
      leave(group, Diagnosis(error), isOthers: isOthers(group.fault))
    }
  }

  private static func joined(_ catalog: PluginCatalog) throws -> Group {
    do {
      let group = try Group.started(catalog, note: Console.note)
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

  private static func isOthers(_ fault: RanksError?) -> Bool {
    if case .failed = fault?.kind { true } else { false }
  }

  /// Says what has failed, once for all ranks, and ends them all with one code.
  private static func leave(_ group: Group, _ diagnosis: Diagnosis, isOthers: Bool) -> Never {
    let isAlike = group.fault == nil && group.rank > 0
    // What ranks find out together says already whom it is about.
    let text = diagnosis.description
    let sentence =
      isOthers || text.hasPrefix("rank ") ? text : "\(group.name(of: group.rank)): \(text)"
    group.fail(code: diagnosis.code, saying: sentence)
    if group.isFirst {
      Console.note("host: " + (isOthers ? sentence : diagnosis.description))
    } else {
      // Rank 0 speaks and ends all, by a signal. Where it cannot, this one does.
      for number in [SIGTERM, SIGINT, SIGUSR1] { signal(number, SIG_DFL) }
      sleep(isAlike || isOthers ? 30 : 60)
      Console.speak()
      Console.note("host: " + sentence)
    }
    group.abort(code: diagnosis.code)
    Console.leave(diagnosis.code)
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
