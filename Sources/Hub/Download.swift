public import Formats
import Glibc

/// What is to be fetched, and where to.
public struct DownloadRequest: Sendable {
  /// Whose files, and as which branch, tag or commit has them.
  public var repository: HubRepository, revision: String
  /// Which of them.
  public var selection = FileSelection()
  /// A folder in the place of the cache.
  public var folder: String?

  /// The files of `repository` that training and answering ask for, into the cache.
  public init(_ repository: HubRepository, revision: String = "main") {
    self.repository = repository
    self.revision = revision
  }
}

/// What a download will do, known before a byte of a file has come.
public struct DownloadPlan {
  /// All that the repository holds at the commit, and the files that are wanted.
  public let listing: HubListing, files: [HubFile]
  /// Those of them that are not there yet.
  public let missing: [HubFile]
  /// The folder that holds the files in the end.
  public var folder: String { place.folder }
  /// Bytes of all wanted files.
  public var size: Int { files.reduce(0) { $0 + $1.size } }
  /// Bytes of those that are missing.
  public var missingSize: Int { missing.reduce(0) { $0 + $1.size } }
  let place: any DownloadPlace, revision: String
}

/// Fetches files of the Hub: lists, plans, then brings and verifies one after the other.
public final class Download {
  private let session: HubSession, cache: HubCache, isCancelled: () -> Bool

  /// With `access` to the Hub, into `cache`; `pause` waits between attempts.
  public init(
    _ access: HubAccess, cache: HubCache = HubCache(),
    isCancelled: @escaping () -> Bool = { false },
    pause: @escaping (Double) -> Void = { usleep(UInt32($0 * 1e6)) }
  ) {
    self.isCancelled = isCancelled
    self.cache = cache
    session = HubSession(access, isCancelled: isCancelled, pause: pause)
  }

  /// Asks what there is, and what of it is here.
  public func plan(_ request: DownloadRequest) throws -> DownloadPlan {
    let (repository, revision) = (request.repository, request.revision)
    guard HubSession.isSafe(revision) else {
      throw HubError(.refused, "'\(revision)' is no name of a branch, tag or commit")
    }
    let kept =
      HubCache.isCommit(revision)
      ? HubListing.kept(repository, commit: revision, in: cache) : nil
    let listing = try kept ?? listing(of: repository, revision)
    let commit = listing.commit
    let files = try request.selection.files(of: listing)
    let place: any DownloadPlace =
      request.folder.map(FolderPlace.init(folder:))
      ?? CachePlace(cache, repository, commit: commit)
    return DownloadPlan(
      listing: listing, files: files, missing: files.filter { !place.holds($0) }, place: place,
      revision: revision)
  }

  private func listing(of repository: HubRepository, _ revision: String) throws -> HubListing {
    let commit =
      HubCache.isCommit(revision)
      ? revision : try session.commit(of: revision, in: repository)
    return try session.listing(of: repository, at: commit)
  }

  /// Brings what is missing. `told` hears of bytes that are here of those that were missing; `note`
  /// hears sentences. What has come is kept whatever happens.
  public func run(
    _ plan: DownloadPlan, note: (String) -> Void, told: @escaping (Int) -> Void
  ) throws {
    try checkRoom(plan)
    var done = 0
    for file in plan.missing {
      let before = done
      try bring(file, plan, note) { change in
        done += change
        told(done)
      }
      done = before + file.size
      told(done)
    }
    try plan.place.publish(plan.files, of: plan.listing, revision: plan.revision)
  }

  private func bring(
    _ file: HubFile, _ plan: DownloadPlan, _ note: (String) -> Void, told: (Int) -> Void
  ) throws {
    let place = plan.place, target = place.target(of: file)
    let lock = try FileLock(place.lock(of: file)) { isFirst in
      if isFirst { note("another process is fetching \(file.path); waiting for it") }
      if isCancelled() { throw HubError(.cancelled, "waiting was stopped") }
    }
    try withExtendedLifetime(lock) {
      // Somebody else may have brought it meanwhile.
      if place.holds(file) { return }
      try DurableFile.createFolder(DurableFile.folder(of: target))
      let part = try PartFile(file, at: place.part(of: file))
      told(part.count)
      do { try session.complete(part, of: file, in: plan.listing, told: told) } catch {
        if part.count == 0 { unlink(place.part(of: file)) }
        throw error
      }
      try part.takeName(target)
    }
  }

  /// Refuses what the disk has no room for, before anything is fetched.
  private func checkRoom(_ plan: DownloadPlan) throws {
    var folder = plan.folder
    while !FileSystem.exists(folder) { folder = DurableFile.folder(of: folder) }
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return }
    let free = Int(status.f_bavail) * Int(status.f_frsize)
    let kept = plan.missing.reduce(0) { sum, file in
      var status = stat()
      return sum + (stat(plan.place.part(of: file), &status) == 0 ? Int(status.st_size) : 0)
    }
    guard plan.missingSize - kept > free else { return }
    throw HubError(
      .failed,
      "\(plan.missingSize - kept) bytes are to come and the disk of \(folder) has \(free) left; make room, "
        + "or set HF_HOME to a folder elsewhere")
  }
}
