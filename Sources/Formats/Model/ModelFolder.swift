#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the folder that a model's name means.
public enum ModelFolder {
  /// A path as it is; `org/name` in the local Hugging Face cache (`HF_HOME`, else
  /// `~/.cache/huggingface`). The error lists where it looked.
  public static func resolve(_ name: String) throws(FormatError) -> String {
    if FileSystem.isFolder(name) { return name }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !name.hasPrefix("."), !parts[0].isEmpty, !parts[1].isEmpty else {
      throw FormatError(.missing, name, "there is no such model folder")
    }
    let repository = hub + "/models--\(parts[0])--\(parts[1])"
    if let reference = try? readFile(repository + "/refs/main") {
      let commit = String(decoding: reference, as: UTF8.self).filter { !$0.isWhitespace }
      let snapshot = repository + "/snapshots/" + commit
      if FileSystem.isFolder(snapshot) { return snapshot }
    }
    throw FormatError(
      .missing, name,
      "there is no such folder, and no such model in the Hugging Face cache (\(repository)); "
        + "download it first, or give the path of a model folder")
  }

  private static var hub: String {
    if let cache = getenv("HF_HUB_CACHE") { return String(cString: cache) }
    if let home = getenv("HF_HOME") { return String(cString: home) + "/hub" }
    return (getenv("HOME").map { String(cString: $0) } ?? "~") + "/.cache/huggingface/hub"
  }
}
