import FoundationEssentials

extension Paths {
  /// The files that the paths mean: a file itself, the files of rows in a folder, or those whose paths fit
  /// a pattern with `*` and `?`, each in the order of names.
  public func files() throws -> [String] {
    try paths.flatMap { path -> [String] in
      var isFolder = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if exists {
        guard isFolder else { return [path] }
        let names = try Self.names(in: path).filter(Self.holdsRows)
        guard !names.isEmpty else {
          throw PluginError(
            .data,
            "\(path): the folder holds no file of rows (\(Self.endings.joined(separator: ", ")))")
        }
        return names.map { path + (path.hasSuffix("/") ? "" : "/") + $0 }
      }
      guard path.contains("*") || path.contains("?") else { return [path] }
      let found = Self.fit(path).files
      guard !found.isEmpty else { throw PluginError(.data, "\(path): no file's path fits this") }
      return found
    }
  }

  /// What decides which files the paths mean, beside these: the folders that are looked into.
  public func folders() -> [String] {
    paths.flatMap { path -> [String] in
      var isFolder = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
        return isFolder ? [path] : []
      }
      return Self.fit(path).folders
    }
  }

  private static let endings = [".jsonl", ".json", ".ndjson", ".parquet", ".csv", ".tsv"]

  private static func holdsRows(_ name: String) -> Bool {
    let bare = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    return !name.hasPrefix(".") && endings.contains { bare.lowercased().hasSuffix($0) }
  }

  private static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// The files whose paths fit, part by part, and the folders that were looked into; hidden ones do not.
  private static func fit(_ pattern: String) -> (files: [String], folders: [String]) {
    var found = [pattern.hasPrefix("/") ? "/" : ""], folders: [String] = []
    for part in pattern.split(separator: "/") {
      let isPattern = part.contains("*") || part.contains("?")
      found = found.flatMap { folder -> [String] in
        let start = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
        guard isPattern else { return [start + part] }
        folders.append(folder.isEmpty ? "." : folder)
        let names = (try? names(in: folder.isEmpty ? "." : folder)) ?? []
        return names.filter { !$0.hasPrefix(".") && fits(Array($0)[...], Array(part)[...]) }
          .map { start + $0 }
      }
    }
    let files = found.filter {
      var isFolder = false
      return FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder
    }
    return (files, folders)
  }

  private static func fits(_ name: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool
  {
    guard let first = pattern.first else { return name.isEmpty }
    if first == "*" {
      return (name.startIndex...name.endIndex).contains { fits(name[$0...], pattern.dropFirst()) }
    }
    guard let own = name.first, first == "?" || first == own else { return false }
    return fits(name.dropFirst(), pattern.dropFirst())
  }
}
