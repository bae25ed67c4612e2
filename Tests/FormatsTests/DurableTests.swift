import Foundation
import Testing

@testable import Formats

@Suite struct DurableTests {
  @Test func hashesAsTheStandardSays() throws {
    // FIPS 180-2, appendix B.1.
    let digest = FileDigest(of: Array("abc".utf8))
    #expect(
      digest.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    try withFolder { folder in
      let written = try DurableFile.write("abc", to: folder + "/a")
      #expect(written == digest)
      #expect(try FileDigest(ofFile: folder + "/a") == digest)
      #expect(try bytes(folder + "/a") == Array("abc".utf8))
    }
  }

  @Test func aFileKeepsItsOldContentWhenWritingFails() throws {
    try withFolder { folder in
      try DurableFile.write("old", to: folder + "/a")
      #expect(throws: FormatError.self) {
        try DurableFile.write(to: folder + "/a") { (sink) throws(FormatError) in
          try sink.write("new")
          throw FormatError(.malformed, "x", "y")
        }
      }
      #expect(try bytes(folder + "/a") == Array("old".utf8))
      #expect(FileSystem.names(in: folder) == ["a"])
    }
  }

  @Test func aFullDiskIsNamed() throws {
    try withFolder { folder in
      // What is given up is removed: here the link, and not the device.
      try FileSystem.link(folder + "/a", to: "/dev/full")
      let error = try #require(throws: FormatError.self) {
        let sink = FileSink(try NewFile("out/checkpoint-1/a", at: folder + "/a"))
        try sink.write("text")
        _ = try sink.finish()
      }
      #expect(error.kind == .unwritable)
      #expect(
        error.description == "out/checkpoint-1/a: cannot be written: No space left on device")
      #expect(FileSystem.names(in: folder).isEmpty && FileSystem.exists("/dev/full"))
    }
  }

  @Test func foldersThatCannotBeMadeAreNamed() throws {
    try withFolder { folder in
      try DurableFile.write("a file", to: folder + "/a")
      let error = try #require(throws: FormatError.self) {
        try DurableFolder.write(to: folder + "/a/b/c") { _ in }
      }
      #expect(error.kind == .unwritable && error.place == folder + "/a")
      #expect(FileSystem.names(in: folder) == ["a"])
    }
  }

  static func checkpoint(_ path: String, _ text: String) throws {
    try DurableFolder.write(to: path) { (folder) throws(FormatError) in
      try folder.write("a.json", text)
      try folder.write("b.bin") { (sink) throws(FormatError) in try sink.write([Float(1), 2]) }
    }
  }

  @Test func aFolderIsWholeAndVerified() throws {
    try withFolder { parent in
      let path = parent + "/deep/checkpoint-1"
      try Self.checkpoint(path, "{}")
      try DurableFolder.verify(path)
      #expect(FileSystem.names(in: parent + "/deep") == ["checkpoint-1"])
      #expect(FileSystem.names(in: path) == ["a.json", "b.bin", "manifest.json"])
      try Self.checkpoint(path, "{ }")
      try DurableFolder.verify(path)
      #expect(try bytes(path + "/a.json") == Array("{ }".utf8))
      #expect(FileSystem.names(in: parent + "/deep") == ["checkpoint-1"])
    }
  }

  /// Whoever looks while a folder is replaced sees the old one or the new one.
  @Test func aReplacedFolderIsNeverMissing() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/c"
    try Self.checkpoint(path, "0")
    let missing = Task.detached {
      var missing = 0
      while !Task.isCancelled {
        if !FileSystem.exists(path) { missing += 1 }
      }
      return missing
    }
    for text in 1...50 { try Self.checkpoint(path, "\(text)") }
    missing.cancel()
    #expect(await missing.value == 0)
    #expect(FileSystem.names(in: folder.path) == ["c"])
  }

  @Test func verifyNamesTheFault() throws {
    try withFolder { parent in
      let path = parent + "/c"
      func fault() throws -> String {
        try #require(throws: FormatError.self) { try DurableFolder.verify(path) }.description
      }
      try Self.checkpoint(path, "{}")
      try put(Array("[]".utf8), path + "/a.json")
      #expect(try fault() == "\(path)/a.json: its SHA-256 is not that of the manifest")
      try put(Array("{}\n".utf8), path + "/a.json")
      #expect(try fault() == "\(path)/a.json: has 3 bytes, its manifest says 2")
      DurableFolder.remove(path + "/a.json")
      #expect(try fault().hasPrefix("\(path)/a.json: cannot be read"))
      DurableFolder.remove(path + "/manifest.json")
      #expect(try fault().hasPrefix("\(path)/manifest.json: cannot be read"))
    }
  }

  @Test func nothingHalfMadeStays() throws {
    try withFolder { parent in
      try Self.checkpoint(parent + "/c", "{}")
      #expect(throws: FormatError.self) {
        try DurableFolder.write(to: parent + "/c") { (folder) throws(FormatError) in
          try folder.write("a.json", "other")
          throw FormatError(.unwritable, "c/b.bin", "cannot be written")
        }
      }
      try DurableFolder.verify(parent + "/c")
      #expect(FileSystem.names(in: parent) == ["c"])
    }
  }

  @Test func whatAKilledProcessLeftIsCleared() throws {
    try withFolder { parent in
      try FileManager.default.createDirectory(
        atPath: parent + "/.checkpoint-2.partial/x", withIntermediateDirectories: true)
      try put([1], parent + "/.model.safetensors.partial")
      try put([1], parent + "/.hidden")
      let cleared = DurableFolder.removeStale(in: parent)
      #expect(cleared == [".checkpoint-2.partial", ".model.safetensors.partial"])
      #expect(FileSystem.names(in: parent) == [".hidden"])
    }
  }

  /// A rename would put a file in the place of anything, a device's too.
  @Test(arguments: ["pipe", "link", "folder", "lost"]) func nothingButAFileIsReplaced(name: String)
    throws
  {
    try withFolder { parent in
      try #require(mkfifo(parent + "/pipe", 0o600) == 0)
      try FileSystem.link(parent + "/link", to: "pipe")
      try DurableFile.createFolder(parent + "/folder")
      try FileSystem.link(parent + "/lost", to: "nowhere")
      let path = "\(parent)/\(name)", kind = name == "link" ? "pipe" : name
      for write in [
        { try DurableFile.checkWritable(path) }, { try DurableFile.write("text", to: path) },
        { try NewFile(path, at: parent + "/new").takeName(isDurable: false) },
      ] as [() throws -> Void] {
        let error = try #require(throws: FormatError.self) { try write() }
        #expect(error.kind == .unwritable && error.place == path)
        #expect(
          error.message.hasPrefix(
            name == "lost" ? "is a link that leads nowhere" : "is a \(kind), and no file"))
      }
      if name != "folder" {
        #expect(throws: FormatError.self) { try Self.checkpoint(path, "{}") }
      }
      #expect(FileSystem.names(in: parent) == ["folder", "link", "lost", "pipe"])
      #expect(FileSystem.Kind(of: parent + "/pipe") == .pipe)
    }
  }

  /// As with a folder, and as with a shell's `>`.
  @Test func aLinkStaysAndItsFileIsReplaced() throws {
    try withFolder { parent in
      try DurableFile.createFolder(parent + "/a")
      try DurableFile.write("old", to: parent + "/a/file")
      try FileSystem.link(parent + "/link", to: "a/file")
      try DurableFile.checkWritable(parent + "/link")
      try DurableFile.write("new", to: parent + "/link")
      #expect(FileSystem.isLink(parent + "/link"))
      #expect(try bytes(parent + "/a/file") == Array("new".utf8))
      #expect(FileSystem.names(in: parent) == ["a", "link"])
      #expect(FileSystem.names(in: parent + "/a") == ["file"])
    }
  }

  @Test func aFileIsNoLinkToACheckpoint() throws {
    try withFolder { parent in
      try DurableFile.write("the user's", to: parent + "/last")
      let error = try #require(throws: FormatError.self) {
        try FileSystem.link(parent + "/last", to: "checkpoint-1")
      }
      #expect(error.message.hasPrefix("is no link to a checkpoint"))
      #expect(try bytes(parent + "/last") == Array("the user's".utf8))
    }
  }

  @Test func linksAreReplacedInOneStep() throws {
    try withFolder { parent in
      for target in ["checkpoint-1", "checkpoint-2"] {
        try FileSystem.link(parent + "/best", to: target)
        #expect(
          try FileManager.default.destinationOfSymbolicLink(atPath: parent + "/best") == target)
      }
      #expect(FileSystem.names(in: parent) == ["best"])
    }
  }
}
