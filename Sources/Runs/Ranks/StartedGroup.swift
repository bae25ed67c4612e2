import CHostSupport
import Formats
import FoundationEssentials
import Glibc
import PluginHost
import Ranks
import Tensors

extension Group {
  /// The group of the processes that this one was started with; alone, without a file being opened,
  /// where no launcher has left its mark and `HOST_TRANSPORT` names none. `note` hears of ranks that are
  /// late, `lost` of one that is lost, on any thread.
  public static func started(
    _ catalog: PluginCatalog,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    timeout: Double = 600, note: @escaping @Sendable (String) -> Void,
    lost: @escaping @Sendable (RanksError) -> Void
  ) throws -> Group {
    let launcher = try Launcher.found(in: environment)
    let wish = environment["HOST_TRANSPORT"].flatMap { $0.isEmpty || $0 == "auto" ? nil : $0 }
    guard launcher != nil || wish != nil, wish != "none" else { return .alone }
    let name = try wish ?? launcher.map { try chosen(for: $0, catalog) } ?? "openmpi"
    let transport = try catalog.transport(named: name)
    let group = try Group.join(
      transport, timeout: timeout,
      diagnose: {
        let diagnosis = Diagnosis($0)
        return (diagnosis.code, diagnosis.description)
      }, note: note, lost: lost)
    do { try launcher?.check(Place(rank: group.rank, count: group.count), over: name) } catch {
      try group.close()
      throw error
    }
    return group
  }

  /// The transport of the MPI that the launcher belongs to.
  private static func chosen(for launcher: Launcher, _ catalog: PluginCatalog) throws -> String {
    let names = launcher.kind.transports
    if let name = names.first(where: { catalog.transportFile(named: $0) != nil }) { return name }
    throw Diagnosis(
      Diagnosis.usage,
      "\(launcher.kind.command) started \(launcher.count) processes, and there is no transport "
        + "'\(names[0])' to reach the others; make transport MPICC=mpicc builds it")
  }

  /// Makes all ranks compute alike: the lowest instruction set of all, and the cores of a host divided
  /// among its ranks. What that changes is told.
  public func settle(note: (String) -> Void) throws {
    guard !isAlone else { return }
    let sets = try gather("instruction sets", numbers: [Engine.instructionSetRank]).map { $0[0] }
    let lowest = sets.min() ?? 0
    if let other = sets.firstIndex(of: lowest), sets.contains(where: { $0 != lowest }) {
      Engine.lowerInstructionSet(to: lowest)
      note("\(hosts[other]) has \(Engine.instructionSet) at most; all ranks compute with it")
    }
    try divideCores(note)
  }

  private func divideCores(_ note: (String) -> Void) throws {
    let own = Cores.allowed
    let all = try gather("cores", numbers: own + [-Cores.ofHost])
    let cores = all.map { $0.filter { $0 >= 0 } }, totals = all.map { -($0.last ?? 0) }
    let neighbors = (0..<count).filter { hosts[$0] == hosts[rank] }
    let overlaps = neighbors.contains { $0 != rank && !Set(cores[$0]).isDisjoint(with: own) }
    if getenv("HOST_THREADS") == nil, overlaps {
      let index = neighbors.firstIndex(of: rank) ?? 0, size = own.count, ranks = neighbors.count
      let share = size * (index + 1) / ranks - size * index / ranks
      Parallel.threads = max(1, share)
    }
    for rank in 0..<count {
      let ranks = hosts.count { $0 == hosts[rank] }
      if 2 * cores[rank].count * ranks < totals[rank] {
        note(
          "\(name(of: rank)) may use \(cores[rank].count) of \(totals[rank]) cores; add "
            + "--bind-to none to mpirun, or --cpus-per-task to srun")
      }
    }
  }
}

/// Processor cores.
enum Cores {
  /// Those that this process may use.
  static var allowed: [Int] {
    var cores = [Int32](repeating: 0, count: 1024)
    let count = hs_allowed_cores(&cores, cores.count)
    return cores.prefix(count).map(Int.init)
  }

  /// How many the host has.
  static var ofHost: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }
}
