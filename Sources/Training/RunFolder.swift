import Formats
import JSON
public import Ranks

/// A run's output folder: checkpoints, links, records, and the final files. While one is at hand, no
/// other process trains there.
public struct RunFolder: Sendable {
  /// The folder's path.
  public let path: String
  /// Where a resumed run goes on; nil for a new one.
  public let resumption: Resumption?
  /// Whether the system keeps other processes out; false where the file system has no locks.
  public var isLocked: Bool { lock?.isKnownToSystem ?? true }
  /// Whether this process holds the folder; else rank 0 of its group does, and nothing of it is here.
  var isHere: Bool { lock != nil }
  private let lock: FolderLock?

  /// What becomes of a run that the folder holds.
  public enum Earlier: Sendable { case isRefused, isResumed, isRemoved }

  /// Takes the folder, which is made if need be and goes again if nothing comes into it. One in which
  /// another process trains is refused; so is one that holds another run, unless that run is resumed
  /// or is to be removed, one that holds a model, unless that is to be removed, and one to resume from
  /// that holds no run.
  public init(path: String, earlier: Earlier) throws(TrainingError) {
    self.path = path
    if FileSystem.exists(path), !FileSystem.isFolder(path) {
      throw TrainingError(.refused, "\(path) is a file; choose another output_dir")
    }
    if let run = RunRecords.run(around: path) {
      throw TrainingError(
        .refused, "\(path) is a part of the run in \(run); choose another output_dir")
    }
    // What is not there is not made for the sake of a lock.
    if earlier == .isResumed { try Self.checkResumable(path) }
    lock = try Self.lock(path)
    let holdsRun = Self.holdsRun(path)
    if holdsRun, earlier == .isRefused {
      throw TrainingError(
        .refused,
        "\(path) holds another run; continue it with --resume, replace it with --overwrite, or choose "
          + "another output_dir")
    }
    if !holdsRun, earlier == .isRefused, let content = ModelFolder.content(of: path) {
      throw TrainingError(
        .refused,
        "\(path) holds \(content) that no run of this program wrote; choose another output_dir, or "
          + "have --overwrite remove it")
    }
    resumption = earlier == .isResumed ? Resumption(of: path) : nil
  }

  /// The folder that rank 0 opens, as each rank of `group` has it: the others know what is resumed, but
  /// neither read nor write there.
  public static func shared(
    by group: Group, _ open: () throws -> RunFolder
  ) throws -> RunFolder {
    let own = group.isFirst ? try open() : nil
    let resumption = try group.share("the run's folder") { own?.resumption }
    return own ?? RunFolder(elsewhere: resumption)
  }

  /// Refuses ranks that do not see rank 0's folder at `path`, into which each is to write.
  public func check(seenBy group: Group, as path: String) throws {
    guard !group.isAlone else { return }
    let name = try group.share("a file to look for") { () -> String in
      let name = ".seen-\(UInt64.random(in: 0 ... .max)).partial"
      try DurableFile.write("", to: self.path + "/" + name)
      return name
    }
    let seen = try group.gather(
      "whether it is seen", numbers: [FileSystem.exists(path + "/" + name) ? 1 : 0])
    if group.isFirst { DurableFolder.remove(self.path + "/" + name) }
    guard let rank = seen.firstIndex(of: [0]) else { return }
    throw TrainingError(
      .refused,
      "\(group.name(of: rank)) does not see rank 0's output folder, into which checkpoint.sharded has each "
        + "rank write; name one on a file system that all share, or leave checkpoint.sharded out")
  }

  private init(elsewhere resumption: Resumption?) {
    (path, lock) = ("", nil)
    self.resumption = resumption
  }

  private static func holdsRun(_ path: String) -> Bool {
    FileSystem.exists(path + "/" + RunRecords.receipt) || !checkpoints(in: path).isEmpty
  }

  private static func checkResumable(_ path: String) throws(TrainingError) {
    guard !holdsRun(path) else { return }
    let fault =
      FileSystem.exists(path)
      ? "holds no run: there is neither run.json nor a checkpoint" : "is not there"
    throw TrainingError(
      .refused,
      "there is nothing to resume: \(path) \(fault); check output_dir, or leave --resume out to begin "
        + "a run")
  }

  private static func lock(_ path: String) throws(TrainingError) -> FolderLock {
    do throws(FolderLock.Fault) { return try FolderLock(path) } catch {
      switch error {
      case .isHeld(let holder):
        throw TrainingError(
          .refused,
          "\(path): another process is training here, \(holder); wait for its end, or choose another "
            + "output_dir")
      case .unwritable(let fault): throw TrainingError(.unwritable, "\(fault)")
      }
    }
  }

  /// Calls `body` while no other process trains in the folder `path`; refuses where one does, and where
  /// the folder is a part of a run.
  public static func whileNobodyTrains(in path: String, _ body: () throws -> Void) throws {
    if let run = RunRecords.run(around: path) {
      throw TrainingError(
        .refused, "\(path) is a part of the run in \(run); choose another folder")
    }
    let lock = try lock(path)
    try withExtendedLifetime(lock) { try body() }
  }

  /// Removes an earlier run's records, checkpoints and weights, and what it copied from its base, or the
  /// weights of a model that is no run's, so that none of them is taken for the next run's; files of
  /// other kinds stay. To be called once everything that can be refused has been checked.
  public func removeEarlier() {
    removeCopies()
    let own = [
      "adapter_config.json", Trainable.adapterFile, "config.json", Trainable.modelFile,
    ]
    let weights: [String] =
      if FileSystem.exists(path + "/" + RunRecords.receipt) { own } else {
        ModelFolder.content(of: path) == nil ? [] : ModelFolder.parts(of: path)
      }
    for name in RunRecords.records + weights { DurableFolder.remove(path + "/" + name) }
    for step in checkpoints { DurableFolder.remove(checkpoint(step)) }
  }

  /// Removes the files of the earlier run's base that lie here as its receipt describes them: a template
  /// that another base does not have would stand beside that one's weights.
  private func removeCopies() {
    let receipt = try? JSONValue(readingFile: path + "/" + RunRecords.receipt)
    for (name, file) in receipt?["base"]?["files"]?.object ?? [:] {
      var parts = name.split(separator: "/")[...]
      guard !parts.contains(".."), (try? FileDigest(ofFile: path + "/" + name).json) == file
      else { continue }
      while !parts.isEmpty {
        let copy = path + "/" + parts.joined(separator: "/")
        guard !FileSystem.isFolder(copy) || FileSystem.names(in: copy).isEmpty else { break }
        DurableFolder.remove(copy)
        parts.removeLast()
      }
    }
  }

  /// Makes what the loop writes into; called once everything that can be refused has been checked.
  func make() throws(FormatError) {
    try DurableFile.createFolder(path + "/logs")
    _ = DurableFolder.removeStale(in: path)
  }

  /// The checkpoints' steps, rising.
  var checkpoints: [Int] { Self.checkpoints(in: path) }

  /// The folder of the checkpoint of `step`.
  func checkpoint(_ step: Int) -> String { Self.checkpoint(step, in: path) }

  /// The name of the newest checkpoint of the run in `path`; nil where it has none.
  public static func newestCheckpoint(in path: String) -> String? {
    checkpoints(in: path).last.map { "\(RunRecords.checkpointPrefix)\($0)" }
  }

  static func checkpoint(_ step: Int, in path: String) -> String {
    "\(path)/\(RunRecords.checkpointPrefix)\(step)"
  }

  static func checkpoints(in path: String) -> [Int] {
    FileSystem.names(in: path).compactMap(RunRecords.checkpoint).sorted()
  }

  /// Refuses to go on from the checkpoint with what it does not fit: other tensors, or fewer steps than
  /// it has done.
  public func checkResumption(of trainable: Trainable, steps: Int) throws {
    guard let step = resumption?.step else { return }
    guard steps >= step else {
      throw TrainingError(
        .refused,
        "\(checkpoint(step)) has done more steps than the \(steps) asked for; give at least \(step)"
      )
    }
    guard isHere else { return }
    guard FileSystem.exists(checkpoint(step) + "/" + trainable.resumedFile) else {
      throw TrainingError(
        .refused,
        "\(checkpoint(step)) holds no \(trainable.resumedFile); resume with the peft.method that the run "
          + "was begun with")
    }
    try trainable.check(checkpoint(step))
  }

  /// Removes the oldest checkpoints beyond `limit`; the one of `best` stays.
  func prune(limit: Int?, best: Int?) {
    guard let limit else { return }
    let all = checkpoints
    for step in all.dropLast(max(limit, 1)) where step != best {
      DurableFolder.remove(checkpoint(step))
    }
  }
}

/// Where a resumed run goes on, and what was done until there.
public struct Resumption: Sendable, Parcel {
  /// The step of the newest checkpoint whose files are all as they were written; nil when there is
  /// none, so that the run starts over.
  public let step: Int?
  /// A line for each newer checkpoint that is damaged.
  public let notes: [String]
  /// The receipt as it was then; nil when there is none.
  public let receipt: JSONValue?

  /// Looks at the checkpoints of a run's folder, the newest one first.
  init(of path: String) {
    var notes: [String] = []
    var good: Int?
    for step in RunFolder.checkpoints(in: path).reversed() {
      do {
        try DurableFolder.verify(RunFolder.checkpoint(step, in: path))
        good = step
        break
      } catch {
        notes.append("checkpoint-\(step) is damaged and left aside: \(error)")
      }
    }
    step = good
    self.notes = notes
    let folders = good.map { [RunFolder.checkpoint($0, in: path)] } ?? []
    receipt =
      (folders + [path]).lazy
      .compactMap { try? JSONValue(readingFile: $0 + "/" + RunRecords.receipt) }.first
  }
}

extension Resumption {
  /// For other ranks, which have no folder.
  public func pack(into bytes: inout ParcelWriter) {
    bytes.add(step)
    bytes.add(notes)
    bytes.add(receipt?.text(.compact))
  }

  /// What rank 0 has found.
  public init(from bytes: inout ParcelReader) {
    step = bytes.take()
    notes = bytes.take()
    receipt = bytes.take(String?.self).flatMap { try? JSONValue(parsing: Array($0.utf8)) }
  }
}
