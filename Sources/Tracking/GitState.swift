import Formats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the working folder's repository says of itself: `WANDB_GIT_REMOTE_URL` and `WANDB_GIT_COMMIT` say
/// otherwise, `WANDB_DISABLE_GIT` says that nobody should look.
struct GitState {
  /// Where it came from, without a password; the commit that is checked out.
  let remote: String?, commit: String?

  /// Looks from `folder` upward; empty where there is no repository.
  init(at folder: String) {
    let remote = WandBRun.variable("WANDB_GIT_REMOTE_URL")
    let commit = WandBRun.variable("WANDB_GIT_COMMIT")
    guard !WandBRun.isSet("WANDB_DISABLE_GIT"), let git = Self.gitFolder(of: folder) else {
      (self.remote, self.commit) = (remote, commit)
      return
    }
    // A working tree of its own shares branches and settings with the first one.
    let shared =
      Self.line(git + "/commondir").map { $0.hasPrefix("/") ? $0 : git + "/" + $0 } ?? git
    self.remote = (remote ?? Self.origin(shared + "/config")).map(Self.withoutPassword)
    self.commit = commit ?? Self.commit(git, shared)
  }

  /// The message of the records that name it; nil where there is nothing to say.
  var message: Message? {
    guard remote != nil || commit != nil else { return nil }
    var message = Message()
    if let remote { message.text(1, remote) }
    if let commit { message.text(2, commit) }
    return message
  }

  private static func gitFolder(of folder: String) -> String? {
    var place = folder
    while true {
      let git = place + "/.git"
      if FileSystem.isFolder(git) { return git }
      if let line = line(git), line.hasPrefix("gitdir: ") {
        let path = String(line.dropFirst(8))
        return path.hasPrefix("/") ? path : place + "/" + path
      }
      guard let cut = place.lastIndex(of: "/"), cut > place.startIndex else { return nil }
      place = String(place[..<cut])
    }
  }

  private static func commit(_ git: String, _ shared: String) -> String? {
    guard let head = line(git + "/HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return head }
    let name = String(head.dropFirst(5))
    if let own = line("\(git)/\(name)") ?? line("\(shared)/\(name)") { return own }
    return AppendedFile.read(shared + "/packed-refs")?.split(separator: "\n")
      .first { $0.hasSuffix(" " + name) }.map { String($0.prefix { $0 != " " }) }
  }

  /// The address of the remote named origin.
  private static func origin(_ config: String) -> String? {
    var isInside = false
    for line in (AppendedFile.read(config) ?? "").split(separator: "\n") {
      let text = line.drop { $0 == " " || $0 == "\t" }
      if text.hasPrefix("[") { isInside = text.hasPrefix("[remote \"origin\"]") }
      guard isInside, text.hasPrefix("url"), let sign = text.firstIndex(of: "=") else { continue }
      return String(text[text.index(after: sign)...].drop { $0 == " " })
    }
    return nil
  }

  /// `https://user:password@place/…` without what stands before the place.
  private static func withoutPassword(_ address: String) -> String {
    guard let scheme = address.firstRange(of: "://") else { return address }
    let rest = address[scheme.upperBound...], host = rest.prefix { $0 != "/" }
    guard let at = host.lastIndex(of: "@") else { return address }
    return String(address[..<scheme.upperBound] + rest[rest.index(after: at)...])
  }

  /// A file's first line.
  private static func line(_ path: String) -> String? {
    guard !FileSystem.isFolder(path) else { return nil }
    return AppendedFile.read(path)?.split(separator: "\n").first.map(String.init)
  }
}
