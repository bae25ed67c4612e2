import Formats
import JSON
import Ranks
import Synchronization
import Threads

/// The SHA-256 of all bytes of the base's files, computed beside the first steps where several ranks have
/// opened them: samples were compared at the start, everything is before the first checkpoint counts.
final class BaseFiles: Sendable {
  private let folder: String, group: Group
  private let state = Mutex<(thread: StartedThread?, hashes: JSONValue?)>((nil, nil))

  init(_ folder: String, in group: Group) {
    self.folder = folder
    self.group = group
  }

  /// Begins to read, at one rank of each host.
  func begin() {
    guard !group.isAlone, group.hosts.firstIndex(of: group.hosts[group.rank]) == group.rank
    else { return }
    let thread = StartedThread { [self] in
      let hashes = RunReceipt.hashes(of: folder)
      state.withLock { $0.hashes = hashes }
    }
    state.withLock { $0.thread = thread }
  }

  /// Refuses ranks whose base is another one than rank 0's; else the files and their hashes where this rank
  /// has read them.
  func check() throws -> JSONValue? {
    let thread = state.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
    let own = state.withLock { $0.hashes }
    guard !group.isAlone else { return own }
    let texts = try group.gather(
      "the base's files", Array((own ?? .null).text(.compact).utf8))
    let all = try texts.map { try JSONValue(parsing: $0)["files"]?.object }
    for (rank, files) in all.enumerated() where files != nil && files != all[0] {
      let name =
        (files ?? [:]).first { $0.value != all[0]?[$0.key] }?.key
        ?? (all[0] ?? [:]).keys.first { files?[$0] == nil } ?? ""
      func hash(_ rank: Int) -> String {
        all[rank]?[name]?["sha256"]?.string.map { "sha256 \($0.prefix(12))…" } ?? "none"
      }
      throw Diagnosis(
        Diagnosis.data,
        "\(group.name(of: rank)) has another \(name) (\(hash(rank)), rank 0 has \(hash(0))); copy the "
          + "same file to every host")
    }
    return own
  }
}
