import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The local cache of the Hugging Face Hub, as huggingface_hub lays it out:
///
///     models--ORG--NAME/blobs/ETAG               contents
///     models--ORG--NAME/snapshots/COMMIT/PATH    a link to a blob
///     models--ORG--NAME/refs/main                the commit of a branch
public struct HubCache: Sendable {
  /// Its folder.
  public let root: String

  /// The cache in `root`.
  public init(root: String) { self.root = root }

  /// The cache that the environment names: `HF_HUB_CACHE`, `HF_HOME`, else `~/.cache/huggingface`.
  public init() {
    root =
      Self.variable("HF_HUB_CACHE") ?? Self.variable("HUGGINGFACE_HUB_CACHE") ?? Self.home + "/hub"
  }

  /// The models that it holds, as org/name.
  public var models: [String] {
    FileSystem.names(in: root).filter { $0.hasPrefix("models--") }.map {
      $0.dropFirst("models--".count).split(separator: "--", omittingEmptySubsequences: false)
        .joined(separator: "/")
    }
  }

  /// The folder of all that Hugging Face's programs keep.
  public static var home: String {
    variable("HF_HOME") ?? (variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "~") + "/.cache")
      + "/huggingface"
  }

  /// A variable of the environment that is not empty.
  public static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Whether a variable of the environment says yes.
  public static func isSet(_ name: String) -> Bool {
    ["1", "ON", "YES", "TRUE"].contains(variable(name)?.uppercased())
  }

  /// Whether the environment forbids any connection (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`).
  public static var isOffline: Bool { isSet("HF_HUB_OFFLINE") || isSet("TRANSFORMERS_OFFLINE") }

  /// The repository's folder.
  public func folder(of repository: HubRepository) -> String {
    root + "/" + repository.folderName
  }

  /// The state of a repository that `revision` names: a branch, a tag or a commit.
  public func snapshot(of repository: HubRepository, revision: String = "main") -> HubSnapshot? {
    let folder = folder(of: repository)
    if Self.isCommit(revision) {
      let snapshot = HubSnapshot(repository, commit: revision, in: folder)
      return FileSystem.isFolder(snapshot.path) ? snapshot : nil
    }
    if let commit = commit(of: revision, in: repository) {
      let snapshot = HubSnapshot(repository, commit: commit, in: folder)
      if FileSystem.isFolder(snapshot.path) { return snapshot }
    }
    // What was fetched by its commit has no refs/main; a single snapshot leaves no doubt.
    guard revision == "main" else { return nil }
    let commits = FileSystem.names(in: folder + "/snapshots")
    return commits.count == 1 ? HubSnapshot(repository, commit: commits[0], in: folder) : nil
  }

  /// The commit that a branch or tag had when it was last asked for.
  public func commit(of revision: String, in repository: HubRepository) -> String? {
    guard !revision.split(separator: "/").contains(".."),
      let text = try? readFile(folder(of: repository) + "/refs/" + revision)
    else { return nil }
    let commit = String(decoding: text, as: UTF8.self).filter { !$0.isWhitespace }
    return Self.isCommit(commit) ? commit : nil
  }

  /// Whether a text is a whole commit: 40 hexadecimal digits.
  public static func isCommit(_ text: String) -> Bool { text.utf8.count == 40 && isHash(text) }

  /// Whether a text is made of small hexadecimal digits alone.
  public static func isHash(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}

/// One state of a repository in the cache.
public struct HubSnapshot: Sendable, Hashable {
  /// Whose state it is, and which.
  public let repository: HubRepository, commit: String
  /// The folder of its files.
  public let path: String

  init(_ repository: HubRepository, commit: String, in folder: String) {
    self.repository = repository
    self.commit = commit
    path = folder + "/snapshots/" + commit
  }

  /// The snapshot whose folder `path` is; nil for any other folder.
  public init?(path: String) {
    let parts = path.split(separator: "/")
    guard parts.count >= 3, parts[parts.count - 2] == "snapshots" else { return nil }
    let commit = String(parts[parts.count - 1]), words = parts[parts.count - 3]
    for kind in HubRepository.Kind.allCases where words.hasPrefix("\(kind.rawValue)s--") {
      let name = words.dropFirst(kind.rawValue.count + 3).replacing("--", with: "/")
      guard HubCache.isCommit(commit), let repository = try? HubRepository(String(name), kind)
      else {
        return nil
      }
      self.repository = repository
      self.commit = commit
      self.path = path
      return
    }
    return nil
  }

  /// Refuses a model of which a part is not here: one that was fetched in part, or is being fetched.
  func checkWhole() throws(FormatError) {
    var missing = ["config.json"].filter { !FileSystem.exists(path + "/" + $0) }
    for name in FileSystem.names(in: path) where name.hasSuffix(".safetensors.index.json") {
      guard let map = try JSONValue(readingFile: path + "/" + name)["weight_map"]?.object else {
        continue
      }
      let shards = Set(map.values.compactMap(\.string)).sorted()
      missing += shards.filter { !FileSystem.exists(path + "/" + $0) }
    }
    guard !missing.isEmpty else { return }
    let more = missing.count > 3 ? " and \(missing.count - 3) more" : ""
    throw FormatError(
      .missing, repository.name,
      "only a part of it is in the cache (\(path)): \(missing.prefix(3).joined(separator: ", "))"
        + "\(more) is missing; `\(repository.command) --revision \(commit)` fetches the rest")
  }
}
