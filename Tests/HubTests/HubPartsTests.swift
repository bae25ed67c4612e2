import Formats
import Foundation
import Testing

@testable import Hub

/// What fetching is made of.
@Suite struct HubPartsTests {
  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
  ])
  func sha1IsTheStandards(_ text: String, _ digest: String) {
    var hash = SHA1()
    Array(text.utf8).withUnsafeBytes { hash.update($0) }
    #expect(hash.hexadecimal == digest)
  }

  @Test func sha1IsTheSameInPieces() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * $0) }
    for size in [1, 3, 63, 64, 65, 200] {
      var whole = SHA1(), pieces = SHA1()
      bytes.withUnsafeBytes { bytes in
        whole.update(bytes)
        for start in stride(from: 0, to: 1000, by: size) {
          pieces.update(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + size, 1000)]))
        }
      }
      #expect(whole.hexadecimal == pieces.hexadecimal)
    }
  }

  @Test func addressesAreTakenApart() throws {
    let place = try #require(WebAddress("HTTPS://Hub.example:443/a/b?c=d#e"))
    #expect(place.origin == "https://hub.example" && place.text == "https://hub.example/a/b?c=d")
    #expect(place.following("/x?y")?.text == "https://hub.example/x?y")
    #expect(place.following("//other/x") == nil)
    #expect(place.following("http://other")?.text == "http://other/")
    #expect(WebAddress("ftp://a/b") == nil && WebAddress("https://u:p@a/b") == nil)
    #expect(WebAddress("https://a/b c") == nil && WebAddress("https:///b") == nil)
    #expect("\(place)" == "https://hub.example/a/b")
    #expect(WebAddress.encoded("a b/ä") == "a%20b%2F%C3%A4")
    #expect(WebAddress.encoded("a/b", keepingSlashes: true) == "a/b")
  }

  @Test(arguments: [
    "../x", "a/../b", "/etc/passwd", "a\\b", "a//b", "./a", "a/.", "", "a\nb", "a\0b",
  ])
  func pathsThatLeadOutAreRefused(_ path: String) { #expect(!HubSession.isSafe(path)) }

  @Test(arguments: ["a", "a/b c.txt", "ä/.gitattributes", "x..y"])
  func otherPathsAreNot(_ path: String) { #expect(HubSession.isSafe(path)) }

  @Test(arguments: ["org/../x", "a/b/c", "", "org/", "org/a--b", "-a/b", "a b/c", "a/b."])
  func namesAreOfTheHub(_ name: String) {
    #expect(throws: FormatError.self) { try HubRepository(name) }
  }

  private func files(_ paths: [String], _ selection: FileSelection = FileSelection()) throws
    -> [String]
  {
    let files = paths.map {
      HubFile(path: $0, size: 1, etag: "", isLarge: false, blob: "", xet: nil)
    }
    let listing = HubListing(
      repository: try HubRepository("org/tiny"), commit: FakeHub.commit, files: files)
    return try selection.files(of: listing).map(\.path)
  }

  @Test func whatTrainingNeedsIsChosen() throws {
    #expect(
      try files([
        "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
        "model.safetensors.index.json", "consolidated.safetensors", "tokenizer.json", "a.py",
        "pytorch_model.bin", "original/model.safetensors", "README.md", "onnx/model.onnx",
      ]) == [
        "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
        "model.safetensors.index.json", "tokenizer.json", "README.md",
      ])
    #expect(try files(["a/b.txt", "c.txt"], FileSelection(include: ["a/"])) == ["a/b.txt"])
    #expect(
      try files(["a.txt", "b.txt"], FileSelection(include: ["*.txt"], exclude: ["b*"]))
        == ["a.txt"])
  }

  @Test(arguments: [
    (["pytorch_model.bin"], [], "runs a program when it is opened"),
    (["x-Q4.gguf"], [], "choose one with --include: x-Q4.gguf"),
    (["README.md"], [], "holds no weights"), (["a.bin"], ["*.bin"], "never fetched"),
    (["a"], ["b"], "holds no file that --include names (b)"),
  ])
  func whereNothingFitsThatIsSaid(_ paths: [String], _ include: [String], _ sentence: String) {
    let error = #expect(throws: HubError.self) {
      try files(paths, FileSelection(include: include))
    }
    #expect(error?.message.contains(sentence) == true)
  }

  @Test func equalFilesAreThereWithoutLinksToo() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    let repository = try HubRepository("org/tiny"), etag = FakeHub.gitHash([1, 2, 3])
    let files = ["a.txt", "b/c.txt"].map {
      HubFile(path: $0, size: 3, etag: etag, isLarge: false, blob: etag, xet: nil)
    }
    let listing = HubListing(repository: repository, commit: FakeHub.commit, files: files)
    var place = CachePlace(HubCache(root: root), repository, commit: FakeHub.commit)
    place.usesLinks = false
    let blob = place.target(of: files[0])
    try DurableFile.createFolder(DurableFile.folder(of: blob))
    try Data([1, 2, 3]).write(to: URL(filePath: blob))
    try place.publish(files, of: listing, revision: FakeHub.commit)
    for file in files {
      let path = "\(place.folder)/\(file.path)"
      #expect(try readFile(path) == [1, 2, 3])
      #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil)
    }
  }
}
