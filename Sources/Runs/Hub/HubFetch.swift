import Formats
public import Hub

/// Fetches from the Hub, and tells of it.
public struct HubFetch {
  private let access: HubAccess, tell: RunObserver, isCancelled: () -> Bool

  /// With `access`; `isCancelled` is asked while bytes come.
  public init(
    _ access: HubAccess, tell: RunObserver, isCancelled: @escaping () -> Bool = { false }
  ) {
    self.access = access
    self.tell = tell
    self.isCancelled = isCancelled
  }

  /// What was fetched, or was there: the folder of its files.
  public func callAsFunction(_ request: DownloadRequest) throws -> String {
    if access.isOffline { return try kept(request, or: offline(request)) }
    let download = Download(access, isCancelled: isCancelled)
    let plan: DownloadPlan
    do { plan = try download.plan(request) } catch let error as HubError where error.kind == .failed
    {
      let folder = try kept(request, or: error)
      tell.note("warning: \(error); taken is what is in the cache, which may be old")
      return folder
    }
    introduce(plan, request)
    // Bytes count in MiB, as a bar shows them.
    let unit = 1 << 20
    if plan.missing.isEmpty {
      try download.run(plan, note: tell.note) { _ in }
    } else {
      try tell.during(
        "fetching", total: max(1, plan.missingSize / unit), unit: "MiB"
      ) { reached in
        try download.run(plan, note: tell.note) { reached($0 / unit) }
      }
    }
    return plan.folder
  }

  private func introduce(_ plan: DownloadPlan, _ request: DownloadRequest) {
    let name = request.repository.name, listing = plan.listing
    tell.note("\(name)  \(request.revision) is \(listing.commit)")
    let rest =
      plan.missing.isEmpty
      ? "all are here"
      : "\(plan.missing.count) to fetch, \(Format.bytes(plan.missingSize))"
    tell.note(
      "files     \(plan.files.count) of \(listing.files.count), \(Format.bytes(plan.size)); \(rest)"
    )
    tell.note("place     \(plan.folder)")
  }

  /// What is in the cache; `error` where nothing is, or where a folder was asked for.
  private func kept(_ request: DownloadRequest, or error: HubError) throws -> String {
    guard request.folder == nil,
      let snapshot = HubCache().snapshot(of: request.repository, revision: request.revision)
    else { throw error }
    return snapshot.path
  }

  private func offline(_ request: DownloadRequest) -> HubError {
    let folder = HubCache().folder(of: request.repository)
    return HubError(
      .refused,
      "\(request.repository.name) at '\(request.revision)' is not in the cache (\(folder)), and nothing "
        + "may be fetched: HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE or --offline says so")
  }
}

extension HubFetch {
  /// Fetches the model that a recipe names where it is not here; says before how large it is. Where
  /// nobody may be there to read that, `isAllowed` must say so.
  public static func model(
    of recipe: Recipe, version: String = HostVersion.current, isAllowed: Bool, tell: RunObserver,
    isCancelled: @escaping () -> Bool
  ) throws {
    guard let name = recipe.model, !FileSystem.exists(name), name.contains("/"),
      let repository = try? HubRepository(name)
    else { return }
    let revision = recipe.modelRevision ?? "main"
    if HubCache().snapshot(of: repository, revision: revision) != nil { return }
    let access = try HubAccess(version: version)
    guard isAllowed else {
      guard !access.isOffline else { return }
      let which = recipe.modelRevision.map { " --revision \($0)" } ?? ""
      throw Diagnosis(
        Diagnosis.data,
        "\(name) is neither a folder nor in the Hugging Face cache "
          + "(\(HubCache().folder(of: repository))); give --download to have it fetched, or "
          + "`\(repository.command)\(which)` first")
    }
    var request = DownloadRequest(repository)
    request.revision = revision
    _ = try HubFetch(access, tell: tell, isCancelled: isCancelled)(request)
  }
}
