import Formats
import Runs
import Training

/// `--restarts K`: when a rank is lost, the others cannot go on without it; they are started anew, and
/// go on from the newest checkpoint.
struct Relaunch {
  private let launch: LocalLaunch, restarts: Int
  /// Where the run's files go.
  private let folder: () throws -> String?

  /// `folder` is asked when a rank was lost.
  init(_ launch: LocalLaunch, restarts: Int = 0, folder: @escaping () throws -> String? = { nil }) {
    self.launch = launch
    self.restarts = restarts
    self.folder = folder
  }

  /// Runs to the end, or until there are no starts left; the exit code.
  func run() throws -> Int32 {
    var ending = try launch.run(), number = 0
    while let loss = ending.loss {
      let folder = try? folder()
      Console.note("host: " + loss + (loss.contains("; ") ? "" : remedy(folder)))
      guard number < restarts, !LocalLaunch.wasStopped else { break }
      number += 1
      Console.note("restart   \(number) of \(restarts)")
      ending = try launch.run(arguments(folder))
    }
    return ending.code
  }

  /// What remains of the run.
  private func remedy(_ folder: String?) -> String {
    let checkpoint = folder.flatMap(RunFolder.newestCheckpoint)
    return checkpoint.map { "; \($0) is whole, --resume goes on from there" } ?? ""
  }

  /// This command as one that goes on, once there is something to go on from.
  private func arguments(_ folder: String?) -> [String] {
    let own = LocalLaunch.ownArguments
    guard let folder, FileSystem.exists(folder + "/" + RunRecords.receipt) else { return own }
    return own.filter { !["--resume", "--overwrite"].contains($0) } + ["--resume"]
  }
}
