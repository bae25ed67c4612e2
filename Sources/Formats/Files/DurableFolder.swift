import CHostSupport
import FoundationEssentials
import JSON
import OrderedCollections

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder that is either whole or not there, for instance a checkpoint.
///
/// Its files are written into a temporary folder beside it and flushed one by one; `manifest.json`
/// with every size and SHA-256 comes last; one rename makes the folder appear. A process killed
/// at any moment leaves at most a temporary folder, which `removeStale` clears away.
public final class DurableFolder {
  /// The name of the list of files.
  public static let manifestName = "manifest.json"

  /// Where the folder will appear.
  public let path: String
  private let temporary: String
  /// Where its files lie until all are there: for reading them again before they count.
  public var location: String { temporary }
  /// The temporary folder, open and locked: two writers of one folder must not mix.
  private let descriptor: Int32
  private var digests: OrderedDictionary<String, FileDigest> = [:]

  private init(path: String) throws(FormatError) {
    // A link to a folder stays; what it leads to is replaced.
    let path = FileSystem.isFolder(path) ? FileSystem.resolved(path) : path
    guard FileSystem.isFolder(path) || !(FileSystem.exists(path) || FileSystem.isLink(path)) else {
      throw FormatError(.unwritable, path, "is no folder, and none is put in its place")
    }
    self.path = path
    temporary = DurableFile.temporaryPath(for: path)
    try DurableFile.createFolder(DurableFile.split(path).folder)
    if let left = Self.locked(temporary) {
      Self.remove(temporary)
      close(left)
    }
    guard mkdir(temporary, 0o755) == 0 else {
      guard errno == EEXIST else { throw .cannotWrite(path) }
      throw FormatError(.unwritable, path, "another process is writing it; wait for its end")
    }
    descriptor = Self.locked(temporary) ?? -1
    guard descriptor >= 0 else { throw .cannotWrite(path) }
  }

  deinit { close(descriptor) }

  /// A descriptor of the folder that holds its lock; nil where there is none or another has the lock.
  private static func locked(_ folder: String) -> Int32? {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  /// Writes the folder `path`, replacing one that is there. On any error the old one stays and
  /// nothing half-made is left.
  public static func write(
    to path: String, _ body: (DurableFolder) throws(FormatError) -> Void
  ) throws(FormatError) {
    let folder = try DurableFolder(path: path)
    do throws(FormatError) {
      try body(folder)
      try folder.commit()
    } catch {
      remove(folder.temporary)
      throw error
    }
  }

  /// Writes one file of the folder; a name with slashes puts it into a folder below.
  @discardableResult
  public func write(
    _ name: String, _ body: (FileSink) throws(FormatError) -> Void
  ) throws(FormatError) -> FileDigest {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    precondition(
      !parts.contains { ["", ".", ".."].contains($0) } && name != Self.manifestName
        && digests[name] == nil,
      "folder \(path): the file name '\(name)' is taken or leads elsewhere")
    if parts.count > 1 {
      try DurableFile.createFolder(DurableFile.split("\(temporary)/\(name)").folder)
    }
    let sink = FileSink(try NewFile("\(path)/\(name)", at: "\(temporary)/\(name)"))
    try body(sink)
    let digest = try sink.finish()
    digests[name] = digest
    return digest
  }

  /// Writes a file of the folder `path` that another process is making, on a file system that both see;
  /// that process `add`s it.
  public static func write(
    _ name: String, into path: String, _ body: (FileSink) throws(FormatError) -> Void
  ) throws(FormatError) -> FileDigest {
    let file = try NewFile("\(path)/\(name)", at: "\(DurableFile.temporaryPath(for: path))/\(name)")
    let sink = FileSink(file)
    try body(sink)
    return try sink.finish()
  }

  /// Counts a file among the folder's that another process has written there.
  public func add(_ name: String, _ digest: FileDigest) {
    precondition(digests[name] == nil, "folder \(path): the file name '\(name)' is taken")
    digests[name] = digest
  }

  /// Copies the file `source` into the folder.
  @discardableResult
  public func copy(_ name: String, from source: String) throws(FormatError) -> FileDigest {
    try write(name) { (sink) throws(FormatError) in try sink.copy(source) }
  }

  /// Writes one file of the folder from text.
  @discardableResult
  public func write(_ name: String, _ text: String) throws(FormatError) -> FileDigest {
    try write(name) { (sink) throws(FormatError) in try sink.write(text) }
  }

  private func commit() throws(FormatError) {
    let files = digests.map { ($0.key, $0.value.json) }
    let manifest: JSONValue = ["files": .object(OrderedDictionary(uniqueKeysWithValues: files))]
    let name = Self.manifestName
    let sink = FileSink(try NewFile("\(path)/\(name)", at: "\(temporary)/\(name)"))
    try sink.write(manifest.text(.pretty) + "\n")
    _ = try sink.finish()
    let below = Set(digests.keys.map { DurableFile.split("\(temporary)/\($0)").folder })
    for folder in below.sorted() { try DurableFile.sync(folder: folder) }
    try DurableFile.sync(folder: temporary)
    try moveIntoPlace()
    try DurableFile.sync(folder: DurableFile.split(path).folder)
  }

  /// An old folder of this name changes places with the new one and is removed. Where the file system
  /// cannot do that in one step, it is moved aside before.
  private func moveIntoPlace() throws(FormatError) {
    if rename(temporary, path) == 0 { return }
    guard errno == ENOTEMPTY || errno == EEXIST else { throw .cannotWrite(path) }
    switch hs_exchange(temporary, path) {
    case 0: Self.remove(temporary)
    case ENOSYS, EINVAL:
      let old = DurableFile.temporaryPath(for: path + ".old")
      Self.remove(old)
      guard rename(path, old) == 0 else { throw .cannotWrite(path) }
      guard rename(temporary, path) == 0 else {
        let fault = FormatError.cannotWrite(path)
        rename(old, path)
        throw fault
      }
      Self.remove(old)
    case let fault:
      errno = fault
      throw .cannotWrite(path)
    }
  }

  /// Removes temporary files and folders that a killed process left in `parent`; gives their
  /// names. Only for a folder that no other process is writing to.
  @discardableResult
  public static func removeStale(in parent: String) -> [String] {
    let stale = FileSystem.names(in: parent).filter {
      $0.hasPrefix(".") && $0.hasSuffix(DurableFile.partialSuffix)
    }
    for name in stale { remove("\(parent)/\(name)") }
    return stale
  }

  /// Removes a file or folder; one that is not there is no error.
  public static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }
}

extension DurableFolder {
  /// Holds every file of the folder `path` against its manifest; throws the first fault.
  public static func verify(_ path: String) throws(FormatError) {
    let manifestPath = "\(path)/\(manifestName)"
    guard let files = try JSONValue(readingFile: manifestPath)["files"]?.object else {
      throw FormatError(.malformed, manifestPath, "has no object 'files'")
    }
    for (name, entry) in files {
      guard let size = entry["size"]?.int, let hash = entry["sha256"]?.string else {
        throw FormatError(.malformed, manifestPath, "gives no size and sha256 for '\(name)'")
      }
      let digest = try FileDigest(ofFile: "\(path)/\(name)")
      guard digest.size == size else {
        throw FormatError(
          .malformed, "\(path)/\(name)", "has \(digest.size) bytes, its manifest says \(size)")
      }
      guard digest.sha256 == hash else {
        throw FormatError(
          .malformed, "\(path)/\(name)", "its SHA-256 is not that of the manifest")
      }
    }
  }
}
