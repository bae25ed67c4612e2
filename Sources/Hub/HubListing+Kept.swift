import Formats
import JSON

extension HubListing {
  /// What huggingface_hub, or this program, has kept of a commit whose every file it fetched; nil where
  /// nothing is kept. A commit never changes, so that nobody needs to be asked.
  static func kept(_ repository: HubRepository, commit: String, in cache: HubCache) -> HubListing? {
    let path = "\(cache.folder(of: repository))/trees/\(commit).json"
    guard FileSystem.exists(path), let tree = try? JSONValue(readingFile: path),
      tree["format_version"]?.int == 1, let entries = tree["files"]?.object
    else { return nil }
    var files: [HubFile] = []
    for (path, entry) in entries {
      let large = entry["lfs_sha256"]?.string
      guard HubSession.isSafe(path), let size = (entry["lfs_size"] ?? entry["size"])?.int,
        let blob = entry["blob_id"]?.string, HubCache.isHash(large ?? blob)
      else { return nil }
      files.append(
        HubFile(
          path: path, size: size, etag: large ?? blob, isLarge: large != nil, blob: blob,
          xet: entry["xet_hash"]?.string))
    }
    return HubListing(
      repository: repository, commit: commit, files: files.sorted { $0.path < $1.path })
  }
}
