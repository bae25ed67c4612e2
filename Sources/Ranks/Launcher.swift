/// What has started this process as one of several, by the marks that it leaves in the environment.
public struct Launcher: Sendable, Equatable {
  /// Which one.
  public enum Kind: Sendable {
    /// Open MPI's `mpirun`.
    case openMPI
    /// `mpiexec.hydra`, of MPICH and what is made of it.
    case hydra
    /// Slurm's `srun`.
    case slurm

    /// The command.
    public var command: String { self == .slurm ? "srun" : "mpirun" }

    /// The transports that it may have told of the others, the likeliest first.
    public var transports: [String] {
      switch self {
      case .openMPI: ["openmpi"]
      case .hydra: ["mpich", "intelmpi", "mvapich", "mpi"]
      case .slurm: ["openmpi", "mpich", "intelmpi", "mvapich", "mpi"]
      }
    }
  }

  /// Which one it is.
  public let kind: Kind
  /// How many processes it has started, and the number of this one.
  public let count: Int, rank: Int

  /// Variables of launchers begin so; what a rank starts must not take itself for one.
  public static let prefixes = ["OMPI_", "PMIX_", "PMI_", "PMIX", "MPI_LOCAL", "HYDI_", "HYDRA_"]

  /// Whether a variable is a launcher's mark.
  public static func isMark(_ name: String) -> Bool { prefixes.contains { name.hasPrefix($0) } }

  /// The launcher of a process with this environment; nil for a process that was started alone.
  public static func found(in environment: [String: String]) throws(RanksError) -> Launcher? {
    func number(_ names: String...) -> Int? {
      names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first
    }
    if let count = number("OMPI_COMM_WORLD_SIZE") {
      return Launcher(kind: .openMPI, count: count, rank: number("OMPI_COMM_WORLD_RANK") ?? 0)
    }
    if environment["SLURM_STEP_ID"] != nil, environment["SLURM_PROCID"] != nil {
      return try slurm(environment, number("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS") ?? 1)
    }
    if let count = number("PMI_SIZE") {
      return Launcher(kind: .hydra, count: count, rank: number("PMI_RANK") ?? 0)
    }
    if let count = number("WORLD_SIZE"), count > 1 {
      throw RanksError(
        .refused(code: 64),
        "WORLD_SIZE=\(count) says that another launcher started this; host is started by "
          + "mpirun -n \(count) host train …, srun, or host train --ranks \(count)")
    }
    return nil
  }

  private static func slurm(_ environment: [String: String], _ count: Int) throws(RanksError)
    -> Launcher?
  {
    let launcher = Launcher(
      kind: .slurm, count: count, rank: environment["SLURM_PROCID"].flatMap { Int($0) } ?? 0)
    guard count > 1 else { return nil }
    guard environment.keys.contains(where: { $0.hasPrefix("PMI_") || $0.hasPrefix("PMIX_") })
    else { throw launcher.strangers }
    return launcher
  }

  /// The processes do not know of each other.
  private var strangers: RanksError {
    RanksError(
      .refused(code: 64),
      "srun started \(count) tasks without telling them of each other; start with srun --mpi=pmix "
        + "(srun --mpi=list shows what there is)")
  }

  /// Refuses a group that has not the size that was announced: the transport belongs to another MPI.
  public func check(_ place: Place, over transport: String) throws(RanksError) {
    guard place.count != count else { return }
    if kind == .slurm { throw strangers }
    let own = kind.transports[0]
    throw RanksError(
      .refused(code: 64),
      "mpirun announced \(count) ranks, but the transport '\(transport)' sees \(place.count): it "
        + "belongs to another MPI; start with mpirun.\(transport), or set HOST_TRANSPORT=\(own)")
  }
}
