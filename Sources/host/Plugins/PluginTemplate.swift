import Formats
import FoundationEssentials
import Runs

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
      let files = try copy(folder, to: temporary, as: name) + copySDK(to: temporary + "/sdk")
      guard rename(temporary, directory) == 0 else {
        let reason = String(cString: strerror(errno))
        throw Diagnosis(Diagnosis.failed, "\(directory) cannot be written: \(reason)")
      }
      return files.map { String($0.dropFirst(temporary.count + 1)) }.sorted()
    } catch {
      DurableFolder.remove(temporary)
      throw error
    }
  }

  private func copySDK(to target: String) throws -> [String] {
    try language.partsOfSDK.flatMap { part in
      let target = target + "/" + part
      try DurableFile.createFolder(Self.split(target).folder)
      return try copy("\(plugins)/SDK/\(part)", to: target, as: nil)
    }
  }

  /// Copies a file, or a folder with all that is in it; links become what they lead to. With a name
  /// the template's own is replaced in texts and names of files. Gives the paths of the new files.
  private func copy(
    _ source: String, to target: String, as name: PluginName?, within outer: IgnoredNames = .common
  ) throws -> [String] {
    guard FileSystem.isFolder(source) else {
      try copyFile(source, to: target, as: name)
      return [target]
    }
    try DurableFile.createFolder(target)
    let ignored = outer.adding(source + "/.gitignore")
    return try FileSystem.names(in: source).filter { !ignored.contains($0) }.flatMap { file in
      let newName = name.map { Self.renamed(file, to: $0) } ?? file
      return try copy(
        source + "/" + file, to: target + "/" + newName, as: name, within: ignored)
    }
  }

  private func copyFile(_ source: String, to target: String, as name: PluginName?) throws {
    guard var data = FileManager.default.contents(atPath: source) else {
      throw Diagnosis(Diagnosis.data, "\(source) cannot be read")
    }
    if let name, let text = String(validating: data, as: UTF8.self) {
      if language.isSource(source), Self.uses(text, name) { throw PluginName.taken(name.snake) }
      data = Data(Self.renamed(text, to: name).utf8)
    }
    var status = stat()
    guard stat(source, &status) == 0,
      FileManager.default.createFile(atPath: target, contents: data),
      chmod(target, status.st_mode & 0o111 | 0o644) == 0
    else {
      let reason = String(cString: strerror(errno))
      throw Diagnosis(Diagnosis.failed, "\(target) cannot be written: \(reason)")
    }
  }

  /// Whether a template's source uses the name for something of its own, as a reward does `score`.
  private static func uses(_ text: String, _ name: PluginName) -> Bool {
    guard name.snake != exampleName else { return false }
    return text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
      .contains { $0 == name.snake || $0 == name.camel }
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
  private var patterns: [String]

  /// What no template names, since it is ignored above it.
  static let common = IgnoredNames(patterns: [".build", "target", "*.so", "*.o", ".DS_Store"])

  /// These names and those of a `.gitignore`; a file that is not there names none.
  func adding(_ path: String) -> IgnoredNames {
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    let names = text.split(separator: "\n").map(Self.name)
    return IgnoredNames(patterns: patterns + names.filter { !$0.isEmpty && !$0.hasPrefix("#") })
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
