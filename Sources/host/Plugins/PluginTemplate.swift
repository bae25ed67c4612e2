import Formats
import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A folder of `Plugins/Examples`, from which a new plugin is made, and the parts of the SDK that
/// its language needs.
struct PluginTemplate {
  /// What every template is called; its occurrences become the new plugin's name.
  static let exampleName = "brevity"
  /// How the templates refer to the SDK, which a new plugin has as its own folder `sdk`.
  static let pathToSDK = "../../../SDK"

  let kind: PluginKind
  let language: PluginLanguage
  /// The folder that holds `Examples` and `SDK`.
  let plugins: String

  private var folder: String { "\(plugins)/Examples/\(language.rawValue)/\(kind.rawValue)" }

  /// Finds the template beside `tasks/` and `conf/`.
  init(_ kind: PluginKind, _ language: PluginLanguage, in paths: HostPaths) throws(Diagnosis) {
    self.kind = kind
    self.language = language
    plugins = (paths.root ?? "") + "/Plugins"
    let parts = [folder] + language.partsOfSDK.map { "\(plugins)/SDK/\($0)" }
    guard let missing = parts.first(where: { !FileSystem.exists($0) }) else { return }
    let places = paths.searched.map { $0 + "/Plugins" }.joined(separator: ", ")
    let place = paths.root == nil ? places : missing
    throw Diagnosis(
      Diagnosis.data, "the templates of plugins are not there (\(place)); HOST_HOME may say where")
  }

  /// Writes the folder `directory`, whole or not at all, and gives its files' paths in it, sorted.
  func write(_ name: PluginName, to directory: String) throws -> [String] {
    guard !FileSystem.exists(directory) else {
      throw Diagnosis(Diagnosis.usage, "\(directory) is there already; nothing was written")
    }
    let (parent, last) = Self.split(directory)
    try DurableFile.createFolder(parent)
    let temporary = "\(parent)/.\(last).\(getpid()).partial"
    do {
      var files: [String] = []
      try copy(folder, to: temporary, ignoring: IgnoredNames(of: folder)) { text in
        Self.renamed(text, to: name)
      } wrote: {
        files.append($0)
      }
      try copySDK(to: temporary + "/sdk") { files.append($0) }
      guard rename(temporary, directory) == 0 else {
        let reason = String(cString: strerror(errno))
        throw Diagnosis(Diagnosis.failed, "\(directory) cannot be written: \(reason)")
      }
      return files.map { String($0.dropFirst(temporary.utf8.count + 1)) }.sorted()
    } catch {
      DurableFolder.remove(temporary)
      throw error
    }
  }

  private func copySDK(to target: String, wrote: (String) -> Void) throws {
    for part in language.partsOfSDK {
      let source = "\(plugins)/SDK/\(part)", target = "\(target)/\(part)"
      try DurableFile.createFolder(Self.split(target).folder)
      try copy(source, to: target, ignoring: IgnoredNames(of: source), { $0 }, wrote: wrote)
    }
  }

  /// Copies a file, or a folder with all that is in it; links become what they lead to.
  private func copy(
    _ source: String, to target: String, ignoring ignored: IgnoredNames,
    _ change: (String) -> String, wrote: (String) -> Void
  ) throws {
    guard FileSystem.isFolder(source) else {
      wrote(target)
      return try copyFile(source, to: target, change)
    }
    try DurableFile.createFolder(target)
    for name in FileSystem.names(in: source) where !ignored.contains(name) {
      try copy(
        source + "/" + name, to: target + "/" + change(name), ignoring: ignored, change,
        wrote: wrote)
    }
  }

  private func copyFile(_ source: String, to target: String, _ change: (String) -> String) throws {
    guard let data = FileManager.default.contents(atPath: source) else {
      throw Diagnosis(Diagnosis.data, "\(source) cannot be read")
    }
    let changed = String(validating: data, as: UTF8.self).map { Data(change($0).utf8) }
    var status = stat()
    guard stat(source, &status) == 0,
      FileManager.default.createFile(atPath: target, contents: changed ?? data),
      chmod(target, status.st_mode & 0o111 | 0o644) == 0
    else {
      let reason = String(cString: strerror(errno))
      throw Diagnosis(Diagnosis.failed, "\(target) cannot be written: \(reason)")
    }
  }

  /// The text of a template as the text of the plugin `name`.
  static func renamed(_ text: String, to name: PluginName) -> String {
    [
      (pathToSDK, "sdk"), (exampleName, name.snake), (exampleName.uppercased(), name.upper),
      (exampleName.prefix(1).uppercased() + exampleName.dropFirst(), name.camel),
    ].reduce(text) { text, pair in text.replacing(pair.0, with: pair.1) }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.index(after: slash)...]))
  }
}

/// What building leaves in a template's folder: whatever its `.gitignore` names.
struct IgnoredNames {
  private let patterns: [String]

  /// Reads the patterns of `folder/.gitignore`; without that file only the common ones count.
  init(of folder: String) {
    let common = [".build", "target", "*.so", "*.o", ".DS_Store"]
    let data = FileManager.default.contents(atPath: folder + "/.gitignore") ?? Data()
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    patterns = common + lines.map(Self.name).filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  /// Whether a file or folder of this name is left by building.
  func contains(_ name: String) -> Bool { patterns.contains { fnmatch($0, name, 0) == 0 } }

  /// `/build/` and `build` are the same here: names are looked at, not paths.
  private static func name(_ line: Substring) -> String {
    var line = line
    while line.last?.isWhitespace == true || line.last == "/" { line.removeLast() }
    if line.first == "/" { line.removeFirst() }
    return String(line)
  }
}
