/// Finds the folder that a model's name means.
public enum ModelFolder {
  /// A path as it is; a GGUF file's folder of its own (`GGUFModelFolder`); `org/name` in the local
  /// Hugging Face cache (`HubCache`), as `revision` has it, else its main branch. The error lists where
  /// it looked.
  public static func resolve(
    _ name: String, revision: String? = nil
  ) throws(FormatError) -> String {
    if FileSystem.isFolder(name) { return try unpackedGGUF(in: name) ?? name }
    if name.lowercased().hasSuffix(".gguf"), FileSystem.exists(name) {
      return try GGUFModelFolder.unpack(name)
    }
    guard !FileSystem.exists(name) else {
      let folder = name.split(separator: "/").dropLast().joined(separator: "/")
      let place = name.hasPrefix("/") ? "/" + folder : folder.isEmpty ? "." : folder
      let hint = FileSystem.exists(place + "/config.json") ? ": \(place)" : " that holds it"
      throw FormatError(.malformed, name, "is a file; give the model's folder\(hint)")
    }
    guard !name.hasPrefix("."), let repository = try? HubRepository(name) else {
      throw FormatError(.missing, name, "there is no such model folder")
    }
    let cache = HubCache()
    if let snapshot = cache.snapshot(of: repository, revision: revision ?? "main") {
      if let folder = try unpackedGGUF(in: snapshot.path) { return folder }
      try snapshot.checkWhole()
      return snapshot.path
    }
    guard name.contains("/") else {
      throw FormatError(.missing, name, "there is no such model folder")
    }
    let which = revision.map { " at '\($0)'" } ?? ""
    throw FormatError(
      .missing, name,
      "there is no such folder, and no such model\(which) in the Hugging Face cache "
        + "(\(cache.folder(of: repository))); `\(repository.command)"
        + (revision.map { " --revision \($0)" } ?? "")
        + "` fetches it, or give the path of a model folder")
  }

  /// The folder of the GGUF file in `folder`, where that is all it has of a model.
  private static func unpackedGGUF(in folder: String) throws(FormatError) -> String? {
    guard !FileSystem.exists(folder + "/config.json"), let gguf = GGUFModelFolder.file(in: folder)
    else { return nil }
    return try GGUFModelFolder.unpack(gguf)
  }

  /// The files of the data set `org/name` in the local Hugging Face cache.
  public static func snapshot(ofDataset name: String) throws(FormatError) -> String {
    let repository = try HubRepository(name, .dataset), cache = HubCache()
    if let snapshot = cache.snapshot(of: repository) { return snapshot.path }
    throw FormatError(
      .missing, name,
      "there is no such data set in the Hugging Face cache (\(cache.folder(of: repository))); "
        + "`\(repository.command)` fetches it, or name a folder of its files with --data")
  }
}
