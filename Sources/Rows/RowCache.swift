import Formats
import FoundationEssentials
import JSON
import Tasks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Encoded rows that are kept from run to run, in a folder of one file for each set of rows.
///
/// A file's name begins with the hash of the request: task, plugin, data section, tokenizer,
/// template, lengths. Which files the rows came from, and what was in them, is only known once a
/// dataset has been opened; it stands in the file's key and is compared with what they hold now. So
/// a dataset whose rows are still good need not be opened at all.
public struct RowCache: Sendable {
  /// Raised whenever the same request would lead to another file.
  static let version = 4

  /// The ending of files that keep a reference's log-probabilities of rows.
  public static let referenceSuffix = ".logps"

  /// The folder.
  public let folder: String
  /// The bytes that all files may have together; the ones that were used longest ago go first.
  public let limit: Int
  /// All that decides the rows beside what `EncodedDataset` is told: the task, the plugin's build,
  /// the data section, the tokenizer's files, the program. An object.
  public let key: JSONValue
  /// When nothing had been read yet: files that have changed since may hold other rows than were read.
  let beginning: Int

  /// The cache in `folder`, else in the user's cache folder, for rows that `key` decides. `beginning`
  /// is a moment before the first of the sources was read: datasets may share what they have read.
  public init(
    key: JSONValue, folder: String? = nil, limit: Int = 8 << 30, beginning: Int = now
  ) {
    self.folder = folder ?? Self.userFolder
    self.limit = limit
    self.key = key
    self.beginning = beginning
  }

  /// The time in nanoseconds, by the coarse clock with which files are stamped.
  public static var now: Int { SourceDigests.now }

  /// `$XDG_CACHE_HOME/host/rows`, else `~/.cache/host/rows`.
  public static var userFolder: String { FileSystem.userCaches + "/host/rows" }

  /// What decides the rows of `encoding`.
  func request(_ encoding: RowEncoding) -> JSONValue {
    ["version": .int(Self.version), "rows": key, "encoding": encoding.key]
  }

  /// The rows of `request`, if they are there, whole, and as the sources have them now. `note` hears
  /// of a damaged file, which is removed.
  func find(_ request: JSONValue, note: (String) -> Void) -> RowFile? {
    let prefix = Self.digest(request) + "-"
    var sources = SourceDigests()
    for name in FileSystem.names(in: folder) where name.hasPrefix(prefix) && name.hasSuffix(".rows")
    {
      let path = folder + "/" + name
      do throws(RowFile.Fault) {
        guard let found = try open(path, request, &sources) else { continue }
        // The time of the last use decides which files go when room is needed.
        utimensat(AT_FDCWD, path, nil, 0)
        return found
      } catch {
        note("\(path): \(error.reason); the rows are encoded anew")
        unlink(path)
      }
    }
    return nil
  }

  /// The rows in one file; nil when its sources have changed.
  private func open(
    _ path: String, _ request: JSONValue, _ sources: inout SourceDigests
  ) throws(RowFile.Fault) -> RowFile? {
    guard let file = try? MappedFile(path: path) else { return nil }
    let head = try RowFile.Head(file), key = try head.key(of: file)
    guard key["request"].map(Self.text) == Self.text(request) else {
      throw RowFile.Fault(reason: "its key is damaged")
    }
    let kept = key["sources"]?.array ?? []
    let paths = kept.compactMap { $0["path"]?.string }
    if sources.differs(paths, from: kept) { return nil }
    guard sources.read(paths, beside: file) == head.hash else {
      throw RowFile.Fault(reason: "its content is damaged")
    }
    guard !kept.isEmpty, sources.json(paths) == kept else { return nil }
    return try RowFile(file, key: key, head: head)
  }

  /// Begins a file for the rows of `request`, which come from `sources`.
  func writer(
    _ request: JSONValue, sources: [JSONValue], vocabulary: Int
  ) throws(RowFile.Fault) -> (path: String, writer: RowFileWriter) {
    do throws(FormatError) { try DurableFile.createFolder(folder) } catch {
      throw RowFile.Fault(reason: error.message)
    }
    let name = Self.digest(request) + "-" + Self.digest(.array(sources)) + ".rows"
    let path = folder + "/" + name
    let key: JSONValue = ["request": request, "sources": .array(sources)]
    return (
      path, try RowFileWriter(path, key: key, vocabulary: vocabulary, limit: limit)
    )
  }

  /// A name of its own for what will be the file `path`; one that a process leaves behind is removed
  /// in time (`prune`).
  public static func partialPath(of path: String) -> String {
    "\(path).\(getpid()).\(UInt32.random(in: .min ... .max))\(RowFileWriter.partialSuffix)"
  }

  /// Removes the files that were used longest ago until the others, `path` among them, keep to the
  /// limit; and what processes that died left behind.
  func prune(keeping path: String) {
    var files: [(path: String, size: Int, used: Int)] = []
    for name in FileSystem.names(in: folder) {
      let path = folder + "/" + name
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if name.hasSuffix(".rows") || name.hasSuffix(Self.referenceSuffix) {
        files.append((path, Int(status.st_size), status.st_mtim.tv_sec))
      } else if name.hasSuffix(RowFileWriter.partialSuffix),
        time(nil) - status.st_mtim.tv_sec > 86_400
      {
        unlink(path)
      }
    }
    var total = files.reduce(0) { $0 + $1.size }
    for file in files.sorted(by: { $0.used < $1.used }) where total > limit && file.path != path {
      unlink(file.path)
      total -= file.size
    }
  }

  /// A value's text, the same whatever the order of its keys.
  private static func text(_ value: JSONValue) -> String {
    value.text(.init(indent: nil, sortsKeys: true, isSpaced: false))
  }

  /// The first half of the SHA-256 of a value's text.
  private static func digest(_ value: JSONValue) -> String {
    String(FileDigest(of: Array(text(value).utf8)).sha256.prefix(32))
  }
}
