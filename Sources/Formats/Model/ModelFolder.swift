#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the folder that a model's name means.
public enum ModelFolder {
  /// A path as it is; a GGUF file's folder of its own (`GGUFModelFolder`); `org/name` in the local Hugging Face cache (`HF_HUB_CACHE`, `HF_HOME`,
  /// else `~/.cache/huggingface`). The error lists where it looked.
  public static func resolve(_ name: String) throws(FormatError) -> String {
    if FileSystem.isFolder(name) {
      guard !FileSystem.exists(name + "/config.json"), let gguf = GGUFModelFolder.file(in: name)
      else { return name }
      return try GGUFModelFolder.unpack(gguf)
    }
    if name.lowercased().hasSuffix(".gguf"), FileSystem.exists(name) {
      return try GGUFModelFolder.unpack(name)
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !name.hasPrefix("."), !parts[0].isEmpty, !parts[1].isEmpty else {
      throw FormatError(.missing, name, "there is no such model folder")
    }
    let repository = hub + "/models--\(parts[0])--\(parts[1])"
    if let snapshot = snapshot(of: repository) { return snapshot }
    throw FormatError(
      .missing, name,
      "there is no such folder, and no such model in the Hugging Face cache (\(repository)); "
        + "download it first, or give the path of a model folder")
  }

  /// The files of the data set `org/name` in the local Hugging Face cache.
  public static func snapshot(ofDataset name: String) throws(FormatError) -> String {
    let repository =
      hub + "/datasets--" + name.split(separator: "/").joined(separator: "--")
    if let snapshot = snapshot(of: repository) { return snapshot }
    throw FormatError(
      .missing, name,
      "there is no such data set in the Hugging Face cache (\(repository)); fetch it (hf download "
        + "--repo-type dataset \(name)), or name a folder of its files with --data")
  }

  /// The one state of a repository in the cache that its main branch names.
  private static func snapshot(of repository: String) -> String? {
    if let reference = try? readFile(repository + "/refs/main") {
      let commit = String(decoding: reference, as: UTF8.self).filter { !$0.isWhitespace }
      let snapshot = repository + "/snapshots/" + commit
      if FileSystem.isFolder(snapshot) { return snapshot }
    }
    // What was fetched by its commit has no refs/main; a single snapshot leaves no doubt.
    let snapshots = FileSystem.names(in: repository + "/snapshots")
    return snapshots.count == 1 ? "\(repository)/snapshots/\(snapshots[0])" : nil
  }

  /// The cache's folder by the rules of huggingface_hub.
  private static var hub: String {
    func variable(_ name: String) -> String? {
      guard let value = getenv(name), value.pointee != 0 else { return nil }
      return String(cString: value)
    }
    if let cache = variable("HF_HUB_CACHE") ?? variable("HUGGINGFACE_HUB_CACHE") { return cache }
    if let home = variable("HF_HOME") { return home + "/hub" }
    let caches = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "~") + "/.cache"
    return caches + "/huggingface/hub"
  }
}
