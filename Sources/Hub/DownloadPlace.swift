import Formats
import Glibc
import JSON

/// Where files of a repository go: the cache that all of Hugging Face's programs share, or a folder.
protocol DownloadPlace {
  /// The folder that holds the files in the end.
  var folder: String { get }
  /// Whether the file lies there already; in the cache, its bytes under whatever name.
  func holds(_ file: HubFile) -> Bool
  /// Where a file's bytes lie once they are verified, and before.
  func target(of file: HubFile) -> String
  func part(of file: HubFile) -> String
  func lock(of file: HubFile) -> String
  /// Makes the files findable, all of `files` being there.
  func publish(_ files: [HubFile], of listing: HubListing, revision: String) throws
}

/// The cache.
struct CachePlace: DownloadPlace {
  private let cache: HubCache, repository: String, name: String, commit: String
  let folder: String
  /// Whether snapshots are links to what lies among the blobs.
  var usesLinks = !HubCache.isSet("HF_HUB_DISABLE_SYMLINKS")

  init(_ cache: HubCache, _ repository: HubRepository, commit: String) {
    self.cache = cache
    self.commit = commit
    name = repository.folderName
    self.repository = cache.folder(of: repository)
    folder = self.repository + "/snapshots/" + commit
  }

  func target(of file: HubFile) -> String { "\(repository)/blobs/\(file.etag)" }
  func part(of file: HubFile) -> String { target(of: file) + ".host.incomplete" }
  func lock(of file: HubFile) -> String { "\(cache.root)/.locks/\(name)/\(file.etag).lock" }

  func holds(_ file: HubFile) -> Bool {
    size(of: target(of: file)) == file.size || size(of: folder + "/" + file.path) == file.size
  }

  /// Links first, what lists them next, the branch last: whoever looks in between finds nothing.
  func publish(_ files: [HubFile], of listing: HubListing, revision: String) throws {
    try markCache()
    let lock = try FileLock("\(cache.root)/.locks/\(name)/\(commit).lock") { _ in }
    try withExtendedLifetime(lock) {
      for (index, file) in files.enumerated() {
        try link(file, isLast: !files[(index + 1)...].contains { $0.etag == file.etag })
      }
      if files.count == listing.files.count { try writeTree(listing) }
      guard revision != commit else { return }
      let place = "\(repository)/refs/\(revision)"
      try DurableFile.createFolder(DurableFile.folder(of: place))
      try DurableFile.write(commit, to: place)
    }
  }

  /// Backup programs leave a folder out that says it is a cache.
  private func markCache() throws {
    let tag = cache.root + "/CACHEDIR.TAG"
    guard !FileSystem.exists(tag) else { return }
    let text = """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file is a cache directory tag created by huggingface_hub.
      # For information about cache directory tags, see:
      #\thttps://bford.info/cachedir/

      """
    do throws(FormatError) { try DurableFile.write(text, to: tag) } catch {
      // Somebody else may have just written it.
      guard FileSystem.exists(tag) else { throw error }
    }
  }

  /// `isLast`: whether no file behind it has the same bytes.
  private func link(_ file: HubFile, isLast: Bool) throws {
    let place = folder + "/" + file.path
    // A link that leads to a file of this size, or the file itself.
    if size(of: place) == file.size { return }
    try DurableFile.createFolder(DurableFile.folder(of: place))
    let up = String(repeating: "../", count: file.path.split(separator: "/").count + 1)
    let temporary = place + ".host.link"
    unlink(temporary)
    if usesLinks, symlink("\(up)blobs/\(file.etag)", temporary) == 0 {
      guard rename(temporary, place) == 0 else { throw HubError.disk(place) }
    } else if !isLast {
      try DurableFile.copy(target(of: file), to: place)
    } else {
      // A file system without links, or a user who wants none: the bytes themselves.
      guard rename(target(of: file), place) == 0 else { throw HubError.disk(place) }
    }
  }

  /// What huggingface_hub looks at offline to tell whether all of a commit is here.
  private func writeTree(_ listing: HubListing) throws {
    var files = JSONValue.emptyObject
    for file in listing.files {
      var entry: JSONValue = ["size": .int(file.size), "blob_id": .string(file.blob)]
      if file.isLarge {
        entry = entry.setting("lfs_sha256", .string(file.etag)).setting("lfs_size", .int(file.size))
      }
      if let xet = file.xet { entry = entry.setting("xet_hash", .string(xet)) }
      files = files.setting(file.path, entry)
    }
    try DurableFile.createFolder(repository + "/trees")
    try DurableFile.write(
      JSONValue.object(["format_version": 1, "files": files]).text(.compact),
      to: "\(repository)/trees/\(commit).json")
  }
}

/// A folder of the user's.
struct FolderPlace: DownloadPlace {
  let folder: String

  func target(of file: HubFile) -> String { folder + "/" + file.path }
  func part(of file: HubFile) -> String { "\(kept)/\(file.etag).host.incomplete" }
  func lock(of file: HubFile) -> String { "\(kept)/\(file.etag).lock" }
  private var kept: String { folder + "/.cache/huggingface/download" }

  /// A file of the right size is read: it may be the user's own.
  func holds(_ file: HubFile) -> Bool {
    let path = target(of: file)
    guard size(of: path) == file.size else { return false }
    // A large one is never in memory as a whole.
    if file.isLarge { return (try? FileDigest(ofFile: path))?.sha256 == file.etag }
    guard let bytes = try? readFile(path) else { return false }
    var hash = ContentHash(of: file)
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.hexadecimal == file.etag
  }

  func publish(_ files: [HubFile], of listing: HubListing, revision: String) {}
}

/// The size of a file, links followed; nil where there is none.
private func size(of path: String) -> Int? {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
}
