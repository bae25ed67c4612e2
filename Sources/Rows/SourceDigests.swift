import Formats
import JSON
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the files hold that rows come from; each is read once.
struct SourceDigests {
  private var known: [String: JSONValue] = [:]

  /// Reads those of `paths` that are not known yet, and at the same time, on all threads, a kept
  /// file, whose content's hash is returned.
  mutating func read(_ paths: [String], beside file: MappedFile) -> String {
    let missing = paths.filter { known[$0] == nil }
    var found = [JSONValue](repeating: .null, count: missing.count)
    let hash = found.withUnsafeMutableBufferPointer { found in
      // Each piece writes its own element, and is done before the buffer goes.
      let others = missing.indices.map { [found] index in
        { found[index] = Self.source(missing[index]) }
      }
      return ContentHash(file: file)(beside: others)
    }
    for (path, source) in zip(missing, found) { known[path] = source }
    return hash
  }

  /// The sources as a key tells them; null for one that cannot be read.
  func json(_ paths: [String]) -> [JSONValue] { paths.map { known[$0] ?? .null } }

  /// Whether a source that has been read holds something else than `kept` says.
  func differs(_ paths: [String], from kept: [JSONValue]) -> Bool {
    zip(paths, kept).contains { path, kept in known[path].map { $0 != kept } ?? false }
  }

  /// Path, size and SHA-256 of a file; of a folder, of the names in it. Null where there is neither.
  static func source(_ path: String) -> JSONValue {
    if FileSystem.isFolder(path) {
      let names = FileSystem.names(in: path)
      let digest = FileDigest(of: Array(names.joined(separator: "\n").utf8))
      return [
        "path": .string(path), "names": .int(names.count), "sha256": .string(digest.sha256),
      ]
    }
    guard let digest = try? FileDigest(ofFile: path) else { return .null }
    return ["path": .string(path), "size": .int(digest.size), "sha256": .string(digest.sha256)]
  }

  /// Whether what lies at `path` was last changed before `moment` of `now`.
  static func isOlder(_ path: String, than moment: Int) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return nanoseconds(status.st_ctim) <= moment
  }

  /// The time in nanoseconds, by the coarse clock with which files are stamped.
  static var now: Int {
    var moment = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &moment)
    return nanoseconds(moment)
  }

  private static func nanoseconds(_ time: timespec) -> Int {
    time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
