import Foundation
import JSON
import Testing

@testable import Formats

/// The goldens are the files that their manifests speak of, byte for byte.
@Suite struct ManifestTests {
  static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens").path

  /// The folders in which a script makes goldens.
  static let folders: [String] = {
    let files = FileManager.default
    return (try? files.contentsOfDirectory(atPath: goldens))?.filter { name in
      let held = try? files.contentsOfDirectory(atPath: "\(goldens)/\(name)")
      return held?.contains { $0.hasPrefix("make_") } ?? false
    }.sorted() ?? []
  }()

  @Test func foldersAreFound() { #expect(Self.folders.count >= 13) }

  @Test(arguments: folders) func hashesAreTheManifests(name: String) throws {
    let folder = "\(Self.goldens)/\(name)"
    let manifest = try JSONValue(readingFile: folder + "/manifest.json")
    let entries = try #require(manifest["files"]?.object)
    for (file, entry) in entries {
      let digest = try FileDigest(ofFile: "\(folder)/\(file)")
      #expect(entry["sha256"]?.string == digest.sha256, "\(file)")
      #expect(entry["bytes"]?.int == digest.size, "\(file)")
    }
    let unlisted = try files(in: folder).filter { entries[$0] == nil }
    #expect(unlisted == [], "run Tests/Goldens/manifest.py after a script")
  }

  private func files(in folder: String) throws -> [String] {
    let all = try FileManager.default.subpathsOfDirectory(atPath: folder)
    return all.sorted().filter { path in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
      let isOther =
        path.hasSuffix(".py") || path.contains("__pycache__")
        || ["manifest.json", "README.md"].contains(path)
      return !isFolder.boolValue && !isOther
    }
  }
}
