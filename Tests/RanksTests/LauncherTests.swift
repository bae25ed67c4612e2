import Ranks
import Testing

@Suite struct LauncherTests {
  @Test func marksAreRead() throws {
    #expect(try Launcher.found(in: ["PATH": "/bin"]) == nil)
    let open = try Launcher.found(in: ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2"])
    #expect(open?.kind == .openMPI && open?.count == 4 && open?.rank == 2)
    let hydra = try Launcher.found(in: ["PMI_SIZE": "3", "PMI_RANK": "1"])
    #expect(hydra?.kind == .hydra && hydra?.count == 3 && hydra?.rank == 1)
    let slurm = try Launcher.found(
      in: ["SLURM_STEP_ID": "0", "SLURM_PROCID": "5", "SLURM_NTASKS": "8", "PMIX_RANK": "5"])
    #expect(slurm?.kind == .slurm && slurm?.count == 8 && slurm?.rank == 5)
    // A batch script that starts one process itself.
    #expect(try Launcher.found(in: ["SLURM_PROCID": "0", "SLURM_NTASKS": "8"]) == nil)
  }

  @Test func strangersAreRefused() throws {
    let error = #expect(throws: RanksError.self) {
      try Launcher.found(in: ["WORLD_SIZE": "4", "RANK": "1"])
    }
    #expect(
      error?.message
        == "WORLD_SIZE=4 says that another launcher started this; host is started by mpirun -n 4 host "
        + "train …, srun, or host train --ranks 4")
    #expect(error?.exitCode == 64)
    let tasks = #expect(throws: RanksError.self) {
      try Launcher.found(in: ["SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_NTASKS": "4"])
    }
    #expect(
      tasks?.message
        == "srun started 4 tasks without telling them of each other; start with srun --mpi=pmix "
        + "(srun --mpi=list shows what there is)")
  }

  @Test func theWrongLauncherIsNamed() throws {
    let launcher = try Launcher.found(in: ["OMPI_COMM_WORLD_SIZE": "4"])
    let error = #expect(throws: RanksError.self) {
      try launcher?.check(Place(rank: 0, count: 1), over: "mpich")
    }
    #expect(
      error?.message
        == "mpirun announced 4 ranks, but the transport 'mpich' sees 1: it belongs to another MPI; "
        + "start with mpirun.mpich, or set HOST_TRANSPORT=openmpi")
    try launcher?.check(Place(rank: 0, count: 4), over: "openmpi")
  }
}
