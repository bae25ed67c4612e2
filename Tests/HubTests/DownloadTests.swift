import Formats
import Foundation
import Synchronization
import Testing

@testable import Hub

/// Fetching a repository, whatever happens on the way.
@Suite struct DownloadTests {
  private let root = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID())").path
  private var cache: HubCache { HubCache(root: root) }
  private static let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
  private static let files: [String: [UInt8]] = [
    "model.safetensors": large, "config.json": Array("{}\n".utf8),
    "tokenizer.json": Array(large[5..<4000]), "empty.json": [], "sub dir/ä+b.txt": [1, 2, 3],
  ]

  private func repository() throws -> HubRepository { try HubRepository("org/tiny") }

  @discardableResult
  private func fetch(
    _ hub: FakeHub, _ selection: FileSelection = FileSelection(include: ["*"]),
    revision: String = "main", token: String? = nil, folder: String? = nil,
    isCancelled: @escaping () -> Bool = { false }, pause: @escaping (Double) -> Void = { _ in }
  ) throws -> DownloadPlan {
    var request = DownloadRequest(try repository(), revision: revision)
    request.selection = selection
    request.folder = folder
    let download = Download(
      HubAccess(endpoint: hub.endpoint, token: token), cache: cache, isCancelled: isCancelled,
      pause: pause)
    let plan = try download.plan(request)
    var reached = 0
    try download.run(plan, note: { _ in }) { reached = $0 }
    #expect(reached == plan.missingSize)
    return plan
  }

  /// All that lies in the cache: contents, and what links say.
  private func content(of root: String) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
      let path = root + "/" + name
      if let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
        found[name] = Array("-> \(link)".utf8)
      } else if !FileSystem.isFolder(path) {
        found[name] = Array(try Data(contentsOf: URL(filePath: path)))
      }
    }
    return found
  }

  /// The cache that a download without any fault leaves.
  private func clean(_ selection: FileSelection = FileSelection(include: ["*"])) throws
    -> [String: [UInt8]]
  {
    let other = DownloadTests()
    defer { try? FileManager.default.removeItem(atPath: other.root) }
    try other.fetch(FakeHub(Self.files), selection)
    return try content(of: other.root)
  }

  @Test func theCacheIsLaidOutAsEverybodyReadsIt() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let plan = try fetch(FakeHub(Self.files))
    let repository = root + "/models--org--tiny", commit = FakeHub.commit
    #expect(plan.folder == "\(repository)/snapshots/\(commit)")
    for (path, bytes) in Self.files {
      #expect(try readFile("\(plan.folder)/\(path)") == bytes)
      let etag =
        bytes.count < 1024 ? FakeHub.gitHash(bytes) : FileDigest(of: bytes).sha256
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: "\(plan.folder)/\(path)")
          == (path.contains("/") ? "../" : "") + "../../blobs/\(etag)")
    }
    #expect(try readFile(repository + "/refs/main") == Array(commit.utf8))
    #expect(FileSystem.exists(repository + "/trees/\(commit).json"))
    #expect(cache.snapshot(of: try self.repository())?.path == plan.folder)
  }

  @Test(arguments: [
    FakeHub.Faults(cut: 100_000), .init(cut: 0), .init(cut: 1, ignoresRange: true),
    .init(flips: 1), .init(busy: 2), .init(down: 1), .init(busy: 1, down: 1), .init(expired: 2),
    .init(cut: 5000, flips: 1, busy: 1, expired: 1),
  ])
  func afterAFaultTheCacheIsAsCleanOnes(_ faults: FakeHub.Faults) throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    try fetch(FakeHub(Self.files, faults))
    #expect(try content(of: root) == clean())
  }

  @Test func waitsAsLongAsTheServerSays() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let waits = Mutex<[Double]>([])
    try fetch(
      FakeHub(Self.files, .init(busy: 1, down: 2)),
      pause: { seconds in waits.withLock { $0.append(seconds) } })
    #expect(waits.withLock { $0 } == [7, 2, 4])
  }

  @Test func aDamagedFileIsRefusedAndNothingOfItKept() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let hub = FakeHub(Self.files, .init(flips: 100))
    let error = #expect(throws: HubError.self) { try fetch(hub) }
    #expect(error?.message.contains("damaged twice") == true)
    #expect(error?.message.contains(FileDigest(of: Self.large).sha256) == true)
    let repository = root + "/models--org--tiny"
    #expect(!FileSystem.exists(repository + "/blobs/\(FileDigest(of: Self.large).sha256)"))
    #expect(!FileSystem.names(in: repository + "/blobs").contains { $0.hasSuffix("incomplete") })
    #expect(!FileSystem.exists(repository + "/refs"))
    #expect(!FileSystem.exists(repository + "/snapshots"))
  }

  @Test func aServerThatNeverSendsAllIsGivenUp() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let error = #expect(throws: HubError.self) {
      try fetch(FakeHub(Self.files, .init(isShort: true)))
    }
    #expect(error?.message.contains("6 times; what has come is kept") == true)
    // What has come is gone on with.
    let hub = FakeHub(Self.files)
    try fetch(hub)
    #expect(hub.cdn.requests.contains { $0.headers["range"] == "bytes=299999-" })
    #expect(try content(of: root) == clean())
  }

  @Test func aPartIsGoneOnWithAndASpoiltOneIsNot() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let blobs = root + "/models--org--tiny/blobs", etag = FileDigest(of: Self.large).sha256
    try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
    let part = URL(filePath: "\(blobs)/\(etag).host.incomplete")
    try Data(Self.large.prefix(123_456)).write(to: part)
    let hub = FakeHub(Self.files)
    try fetch(hub)
    #expect(hub.cdn.requests.map { $0.headers["range"] } == ["bytes=123456-", nil])
    #expect(try content(of: root) == clean())
    try FileManager.default.removeItem(atPath: "\(blobs)/\(etag)")
    try Data([1] + Self.large.dropFirst()).write(to: part)
    let second = FakeHub(Self.files)
    try fetch(second)
    #expect(second.cdn.requests.map { $0.headers["range"] } == [nil])
    #expect(try content(of: root) == clean())
  }

  @Test func theTokenGoesToTheHubAlone() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let hub = FakeHub(Self.files, .init(isGated: true, isPrivate: true))
    try fetch(hub, token: FakeHub.token)
    #expect(hub.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_test" })
    #expect(hub.cdn.requests.count == 2)
    #expect(hub.cdn.requests.allSatisfy { $0.headers["authorization"] == nil })
    #expect(hub.cdn.requests.allSatisfy { $0.headers["user-agent"] == "host/test" })
  }

  @Test(arguments: [
    (FakeHub.Faults(isGated: true), nil, "main", "accept its terms at http://"),
    (.init(isPrivate: true), nil, "main", "or it is private, and no token was sent"),
    (.init(), "wrong", "main", "does not accept the token"),
    (.init(), nil, "v9", "has no revision 'v9'"),
    (.init(), nil, "../x", "is no name of a branch"),
    (.init(down: 99), nil, "main", "answers 503, 6 times"),
    (.init(location: "ftp://elsewhere/x"), nil, "main", "does not say to which"),
  ])
  func aRefusalSaysWhyAndWhatToDo(
    _ faults: FakeHub.Faults, _ token: String?, _ revision: String, _ sentence: String
  ) throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let error = #expect(throws: HubError.self) {
      try fetch(FakeHub(Self.files, faults), revision: revision, token: token)
    }
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "none")")
    #expect(error?.message.contains("wrong") != true)
  }

  @Test func aCommitThatIsWholeIsNotAskedFor() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let hub = FakeHub(Self.files)
    try fetch(hub)
    let count = hub.hub.requests.count
    #expect(try fetch(hub, revision: FakeHub.commit).missing.isEmpty)
    #expect(hub.hub.requests.count == count)
    // A branch is: it may have moved.
    #expect(try fetch(hub).missing.isEmpty)
    #expect(hub.hub.requests.count > count && hub.cdn.requests.count == 2)
  }

  @Test func aPartOfARepositoryIsNotSaidToBeAll() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let plan = try fetch(FakeHub(Self.files), FileSelection())
    #expect(plan.files.map(\.path) == ["config.json", "model.safetensors", "tokenizer.json"])
    #expect(!FileSystem.exists(root + "/models--org--tiny/trees"))
    #expect(FileSystem.exists(root + "/models--org--tiny/refs/main"))
  }

  @Test func aFolderGetsTheFilesThemselves() throws {
    let folder = root + "-folder"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let hub = FakeHub(Self.files)
    try fetch(hub, folder: folder)
    for (path, bytes) in Self.files { #expect(try readFile(folder + "/" + path) == bytes) }
    try Data([UInt8](repeating: 0, count: 300_000))
      .write(to: URL(filePath: folder + "/model.safetensors"))
    #expect(try fetch(hub, folder: folder).missing.map(\.path) == ["model.safetensors"])
    #expect(!FileSystem.exists(root))
  }

  @Test func stoppingKeepsWhatHasCome() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let error = #expect(throws: HubError.self) {
      try fetch(FakeHub(Self.files), isCancelled: { true })
    }
    #expect(error?.kind == .cancelled)
  }

  @Test func twoAtOnceFetchOnce() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let hub = FakeHub(Self.files)
    let errors = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      do { try fetch(hub) } catch { errors.withLock { $0.append("\(error)") } }
    }
    #expect(errors.withLock { $0 } == [])
    #expect(hub.cdn.requests.count == 2)
    #expect(try content(of: root) == clean())
  }
}
