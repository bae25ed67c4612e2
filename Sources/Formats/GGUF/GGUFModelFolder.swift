import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A GGUF file as a model's folder: beside a link to the file what a folder says in files of their own,
/// config.json, the tokenizer's files and the chat template.
public enum GGUFModelFolder {
  /// The link's name in such a folder.
  static let linkName = "model.gguf"

  /// The only GGUF file of a folder that holds no other weights; nil where there is none.
  static func file(in folder: String) -> String? {
    let names = FileSystem.names(in: folder).filter { $0.lowercased().hasSuffix(".gguf") }
    return names.count == 1 ? folder + "/" + names[0] : nil
  }

  /// The folder of the GGUF file at `path`, made where it is not there yet. Its name tells the file's place
  /// and what it says, so that another file of that place gets another folder.
  public static func unpack(_ path: String) throws(FormatError) -> String {
    let gguf = try GGUFFile(path: path), place = FileSystem.resolved(path)
    var digest = RunningDigest()
    gguf.file.withBytes(0..<gguf.headerLength) { digest.update($0) }
    Array(place.utf8).withUnsafeBytes { digest.update($0) }
    let folder = caches + "/" + digest.finish().sha256.prefix(16)
    if FileSystem.exists(folder + "/config.json"), FileSystem.isSame(folder + "/" + linkName, place)
    {
      return folder
    }
    let config = try gguf.config()
    _ = try ModelConfig(json: config, path: path)
    let files = [
      ("config.json", config.text(.pretty) + "\n"), ("tokenizer.json", try gguf.tokenizerText()),
      ("tokenizer_config.json", try gguf.tokenizerConfig().text(.pretty) + "\n"),
    ]
    try DurableFolder.write(to: folder) { output throws(FormatError) in
      for (name, text) in files { try output.write(name, text) }
      if let template = gguf.chatTemplate { try output.write("chat_template.jinja", template) }
      guard symlink(place, output.location + "/" + linkName) == 0 else {
        throw .cannotWrite(folder + "/" + linkName)
      }
    }
    return folder
  }

  /// The file that the folder of a GGUF file links to; nil for other folders.
  public static func source(of folder: String) -> String? {
    let link = folder + "/" + linkName
    return FileSystem.isLink(link) && folder.hasPrefix(caches) ? FileSystem.resolved(link) : nil
  }

  private static var caches: String { FileSystem.userCaches + "/host/gguf" }
}
