import Formats
import JSON

/// A file of a repository as the Hub lists it.
public struct HubFile: Sendable, Hashable {
  /// Where it lies in the repository, and its bytes.
  public let path: String, size: Int
  /// The hash by which it is known, and whether that is the SHA-256 of its bytes; else it is git's.
  let etag: String, isLarge: Bool
  /// What git keeps of it, and its name in the newer store.
  let blob: String, xet: String?
}

/// What a repository holds at one commit.
public struct HubListing: Sendable {
  /// Whose it is, and which commit.
  public let repository: HubRepository, commit: String
  /// Its files, by path.
  public let files: [HubFile]
}

extension HubSession {
  /// Asks for the commit that `revision` names now.
  func commit(of revision: String, in repository: HubRepository) throws -> String {
    let address =
      api(repository) + "/revision/" + WebAddress.encoded(revision)
    let answer = try json(address, of: repository, revision: revision).value
    guard let commit = answer["sha"]?.string, HubCache.isCommit(commit) else {
      throw HubError(
        .failed, "\(access.endpoint) names no commit for '\(revision)' of \(repository.name)")
    }
    return commit
  }

  /// Asks for the files of a commit, page by page.
  func listing(of repository: HubRepository, at commit: String) throws -> HubListing {
    var files: [HubFile] = []
    var next: String? = api(repository) + "/tree/\(commit)?recursive=true&expand=false"
    var seen: Set<String> = []
    while let address = next {
      guard seen.insert(address).inserted else {
        throw HubError(.failed, "\(access.endpoint) lists \(repository.name) without end")
      }
      let (page, head) = try json(address, of: repository, revision: commit)
      for entry in page.array ?? [] where entry["type"]?.string == "file" {
        files.append(try file(entry, repository))
      }
      next = try Self.next(head, after: address)
    }
    guard Set(files.map(\.path)).count == files.count else {
      throw HubError(.failed, "\(access.endpoint) lists a file of \(repository.name) twice")
    }
    return HubListing(
      repository: repository, commit: commit, files: files.sorted { $0.path < $1.path })
  }

  private func api(_ repository: HubRepository) -> String {
    "\(access.endpoint)/api/\(repository.kind.rawValue)s/\(repository.name)"
  }

  /// The address of the next page: `Link: <…>; rel="next"`.
  private static func next(_ head: WebLine.Head, after address: String) throws -> String? {
    for link in head.headers["link"]?.split(separator: ",") ?? []
    where link.contains("rel=\"next\"") {
      guard let start = link.firstIndex(of: "<"), let end = link.firstIndex(of: ">") else {
        continue
      }
      let text = String(link[link.index(after: start)..<end])
      guard let next = WebAddress(address)?.following(text),
        next.origin == WebAddress(address)?.origin
      else { throw HubError(.failed, "the list's next page is at another place: \(text)") }
      return next.text
    }
    return nil
  }

  /// An entry; a path that would lead out of the folder, or a hash that is none, is refused.
  private func file(_ entry: JSONValue, _ repository: HubRepository) throws -> HubFile {
    let lfs = entry["lfs"].flatMap { $0.isNull ? nil : $0 }
    guard let path = entry["path"]?.string, let size = (lfs?["size"] ?? entry["size"])?.int,
      size >= 0, let blob = entry["oid"]?.string,
      let etag = lfs.map({ $0["oid"]?.string }) ?? blob
    else { throw HubError(.failed, "\(access.endpoint) lists a file without path, size or hash") }
    guard Self.isSafe(path) else {
      throw HubError(
        .refused,
        "\(repository.name) lists the path '\(path)', which could lie anywhere; nothing is "
          + "fetched")
    }
    guard HubCache.isHash(etag), etag.utf8.count == (lfs == nil ? 40 : 64), HubCache.isHash(blob)
    else { throw HubError(.failed, "\(access.endpoint) names no hash for \(path)") }
    return HubFile(
      path: path, size: size, etag: etag, isLarge: lfs != nil, blob: blob,
      xet: entry["xetHash"]?.string.flatMap { HubCache.isHash($0) ? $0 : nil })
  }

  /// Whether a path stays below its folder.
  static func isSafe(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return path.utf8.count < 1024 && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
      && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
  }
}
