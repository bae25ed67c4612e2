import Foundation
import JSON
import Testing

/// Runs that several processes share, by each MPI that is there.
@Suite(.serialized) struct RankTests {
  /// An MPI: its transport's name and its launcher.
  struct MPI: CustomTestStringConvertible {
    let name: String, launcher: String
    var testDescription: String { name }

    /// Those with a launcher and a transport beside the program.
    static let all = [
      MPI(name: "openmpi", launcher: "mpirun.openmpi -q --allow-run-as-root --oversubscribe"),
      MPI(name: "mpich", launcher: "mpirun.mpich"),
    ].filter { mpi in
      let file = HostProgram.products.appending(path: "libtransport_\(mpi.name).so").path
      return FileManager.default.fileExists(atPath: file)
        && HostProgram.has([String(mpi.launcher.split(separator: " ")[0])])
    }
    static let isThere = !all.isEmpty
  }

  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func train(_ name: String, steps: Int = 3, _ more: String = "") -> String {
    "host train --task hri_dialogue --output-dir \(scratch.path(name)) --max-steps \(steps)"
      + " --set training_args.per_device_train_batch_size=2"
      + " --set training_args.gradient_accumulation_steps=4"
      + " --set evaluation.max_samples=4 --set generation.max_new_tokens=4 \(more)"
  }

  private func files(_ name: String) throws -> [Data] {
    try ["adapter_model.safetensors", "metrics.jsonl"].map {
      try Data(contentsOf: scratch.url(name + "/" + $0))
    }
  }

  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func anyNumberOfRanksGivesTheSameBytes(_ mpi: MPI) throws {
    let alone = try HostProgram.shell(train("1"))
    try #require(alone.code == 0, "\(alone.errors)")
    for count in [2, 4] {
      let line = "HOST_TRANSPORT=\(mpi.name) \(train("\(count)", "--ranks \(count)"))"
      let outcome = try HostProgram.shell(line)
      try #require(outcome.code == 0, "\(outcome.errors)")
      #expect(try files("\(count)") == files("1"))
      let told = outcome.errors.split(separator: "\n").count { $0.hasPrefix("task ") }
      #expect(told == 1, "\(told) ranks speak")
    }
  }

  /// Weights are spread, too; the model answers while all ranks do.
  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func spreadWeightsGiveTheSameModel(_ mpi: MPI) throws {
    let full = "--set peft.method=full --set training_args.learning_rate=1e-3"
    let alone = try HostProgram.shell(train("1", steps: 2, full))
    try #require(alone.code == 0, "\(alone.errors)")
    let spread = "--ranks 3 --set distribution.stage=3 \(full)"
    let line = "HOST_TRANSPORT=\(mpi.name) \(train("3", steps: 2, spread))"
    let outcome = try HostProgram.shell(line)
    try #require(outcome.code == 0, "\(outcome.errors)")
    for name in ["model.safetensors", "metrics.jsonl", "evaluation_before.json"] {
      #expect(
        try Data(contentsOf: scratch.url("3/" + name))
          == Data(contentsOf: scratch.url("1/" + name)),
        "\(name)")
    }
  }

  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func ranksThatDifferAreRefused(_ mpi: MPI) throws {
    let other = train("out", "--learning-rate 1e-4")
    let outcome = try HostProgram.shell("\(mpi.launcher) -n 1 \(train("out")) : -n 1 \(other)")
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("differs in training_args.learning_rate: 0.0001, rank 0 has "))
    #expect(!scratch.holds("out"))
  }

  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func aSignalSavesOnce(_ mpi: MPI) throws {
    let outcome = try HostProgram.shell(
      """
      export HOST_TRANSPORT=\(mpi.name)
      \(train("out", steps: 300, "--ranks 2 --set training_args.logging_steps=1")) & program=$!
      for i in $(seq 600); do
        [ -s \(scratch.path("out/metrics.jsonl")) ] && break
        kill -0 $program || exit 99
        sleep 0.1
      done
      kill -TERM $program; wait $program
      """)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let sentences = outcome.errors.components(separatedBy: " is saved; the same command with ")
    #expect(sentences.count == 2, "\(outcome.errors)")
  }

  /// Four processes, one of them stopped for good: it is named, and nothing is left over.
  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func aStoppedRankIsNamed(_ mpi: MPI) throws {
    let outcome = try HostProgram.shell(
      """
      export HOST_TRANSPORT=\(mpi.name)
      \(train("out", steps: 300, "--ranks 3 --set distribution.timeout=3 "
          + "--set training_args.logging_steps=1")) & program=$!
      for i in $(seq 600); do
        [ -s \(scratch.path("out/metrics.jsonl")) ] && break
        kill -0 $program || exit 99
        sleep 0.1
      done
      for rank in $(pgrep -f "host train .*\(scratch.path("out"))"); do
        tr '\\0' '\\n' < /proc/$rank/environ | grep -qE '^(OMPI_COMM_WORLD_RANK|PMI_RANK)=2' \
          && tr '\\0' ' ' < /proc/$rank/cmdline | grep -qv mpirun && kill -STOP $rank
      done
      wait $program; code=$?
      sleep 1
      pgrep -x host -a | grep -q "\(scratch.path("out"))" && echo left over
      exit $code
      """)
    #expect(outcome.code == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("host: rank 2 ("), "\(outcome.errors)")
    #expect(outcome.errors.contains(") has not answered for 3 s"), "\(outcome.errors)")
    #expect(!outcome.output.contains("left over"))
  }

  /// A rank is killed: the others are started anew, and the end is that of a run without a fault.
  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func aKilledRankCostsNothing(_ mpi: MPI) throws {
    let more = "--set training_args.save_steps=1 --set training_args.eval_steps=100"
    let alone = try HostProgram.shell(train("1", steps: 12, more))
    try #require(alone.code == 0, "\(alone.errors)")
    let outcome = try HostProgram.shell(
      """
      export HOST_TRANSPORT=\(mpi.name)
      \(train("out", steps: 12, more + " --ranks 2 --restarts 1")) & program=$!
      for i in $(seq 600); do
        [ -e \(scratch.path("out/checkpoint-2")) ] && break
        kill -0 $program || exit 99
        sleep 0.05
      done
      for rank in $(pgrep -x host); do
        tr '\\0' ' ' < /proc/$rank/cmdline | grep -q "\(scratch.path("out"))" || continue
        tr '\\0' '\\n' < /proc/$rank/environ | grep -qE '^(OMPI_COMM_WORLD_RANK|PMI_RANK)=1' \
          && kill -KILL $rank
      done
      wait $program
      """)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains(" is gone (killed by signal 9); checkpoint-"), "\(outcome.errors)")
    #expect(outcome.errors.contains(" is whole, --resume goes on from there\n"))
    #expect(outcome.errors.contains("restart   1 of 1\n"))
    #expect(try files("out") == files("1"))
  }

  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func oneProcessDoesTheOtherVerbs(_ mpi: MPI) throws {
    let outcome = try HostProgram.shell("\(mpi.launcher) -n 2 host plan --task hri_dialogue")
    #expect(outcome.code == 64)
    #expect(
      outcome.errors.contains(
        "host: plan runs in one process, and mpirun started 2; start it without mpirun\n"))
  }

  @Test(.enabled(if: MPI.isThere, "needs an MPI and its transport"), arguments: MPI.all)
  func transportsKeepTheirContract(_ mpi: MPI) throws {
    let outcome = try HostProgram.run(
      "plugins", "check",
      HostProgram.products.appending(path: "libtransport_\(mpi.name).so").path)
    #expect(outcome.code == 0 && outcome.output.contains("ok: 6 in order"), "\(outcome.output)")
  }

  @Test func anotherLauncherIsNoticed() throws {
    let outcome = try HostProgram.run(
      "train", "--task", "hri_dialogue", environment: ["WORLD_SIZE": "4", "RANK": "2"])
    #expect(outcome.code == 64)
    #expect(outcome.errors.hasPrefix("host: WORLD_SIZE=4 says that another launcher started this"))
  }

  @Test func aTransportThatIsNotThereIsNamed() throws {
    let outcome = try HostProgram.run(
      "train", "--task", "hri_dialogue", environment: ["HOST_TRANSPORT": "carrier_pigeon"])
    #expect(outcome.code == 65 || outcome.code == 64)
    #expect(outcome.errors.contains("there is no transport 'carrier_pigeon'"))
  }
}
