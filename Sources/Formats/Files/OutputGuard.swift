/// What a verb reads from, and so must not write into.
///
/// Paths are compared by where they lead: links, `..`, other spellings and mounts make no difference.
public struct OutputGuard: Sendable {
  /// What is read.
  public enum Kind: Sendable {
    /// A model's or an adapter's folder: nothing may be written into it, nor below it.
    case model
    /// A file, or a folder of files, that rows are read from.
    case data
  }

  /// What becomes of the folder that is written.
  public enum Effect: Sendable {
    /// Files of a run or a report come into it.
    case adds
    /// The same, and an earlier run's go.
    case replacesRun
    /// It is a new one, in the place of whatever is there.
    case replacesAll
  }

  /// Why a place must not be written to.
  public struct Objection: Sendable, Hashable {
    /// The key or option that names what would be harmed.
    public let key: String
    /// What the place is to it, as the predicate of a sentence.
    public let reason: String
  }

  private struct Source: Sendable { let key: String, path: String, kind: Kind }
  private var sources: [Source] = []

  /// Nothing is read yet.
  public init() {}

  /// Adds what the key or option `key` names; a path that leads nowhere cannot be harmed.
  public mutating func add(_ key: String, _ path: String, _ kind: Kind) {
    if FileSystem.exists(path) { sources.append(Source(key: key, path: path, kind: kind)) }
  }

  /// Why the folder `output` must not be written; nil when it may.
  public func objection(toFolder output: String, _ effect: Effect) -> Objection? {
    for source in sources {
      let reason: String? =
        switch source.kind {
        case .model: Self.harm(toModel: source.path, in: output, effect)
        case .data: Self.harm(toData: source.path, in: output, effect)
        }
      if let reason { return Objection(key: source.key, reason: reason) }
    }
    return nil
  }

  /// Why the file `output` must not be written; nil when it may.
  public func objection(toFile output: String) -> Objection? {
    for source in sources {
      let isFile = GGUFModelFolder.source(of: source.path).map { FileSystem.isSame(output, $0) }
      if isFile ?? FileSystem.isSame(output, source.path) {
        return Objection(key: source.key, reason: "is \(source.path) itself")
      }
      let folder = DurableFile.split(FileSystem.canonical(output)).folder
      let reason: String? =
        switch source.kind {
        case .model: Self.harm(toModel: source.path, in: folder, .adds)
        case .data where FileSystem.exists(output):
          FileSystem.path(of: output, within: source.path).map { _ in "is a file of \(source.path)"
          }
        case .data: nil
        }
      if let reason { return Objection(key: source.key, reason: reason) }
    }
    return nil
  }

  private static func harm(toModel model: String, in output: String, _ effect: Effect) -> String? {
    if let rest = FileSystem.path(of: output, within: model) {
      return rest.isEmpty ? "is the folder \(model) itself" : "lies in the folder \(model)"
    }
    // The files of a model in Hugging Face's cache lie in another folder than their names; of a GGUF file
    // the others beside it are nobody's.
    let names = GGUFModelFolder.source(of: model) == nil ? FileSystem.names(in: model) : []
    let homes = names.map {
      DurableFile.split(FileSystem.resolved(model + "/" + $0)).folder
    }
    if homes.contains(where: { FileSystem.isSame($0, output) }) {
      return "holds the files of \(model)"
    }
    // A file is written to where its link leads.
    let files = FileSystem.names(in: output).map { output + "/" + $0 }
    let links = files.filter { FileSystem.isLink($0) && !FileSystem.isFolder($0) }
    if links.contains(where: { FileSystem.path(of: $0, within: model) != nil }) {
      return "holds links to files of \(model)"
    }
    guard let rest = FileSystem.path(of: model, within: output) else { return nil }
    let isHarmed = effect != .adds || RunRecords.owns(rest[0])
    return isHarmed ? "holds \(model), which would be removed or replaced" : nil
  }

  private static func harm(toData data: String, in output: String, _ effect: Effect) -> String? {
    guard let rest = FileSystem.path(of: data, within: output) else { return nil }
    guard let first = rest.first else { return "is the folder \(data) itself" }
    let isHarmed = effect == .replacesAll || RunRecords.owns(first)
    return isHarmed ? "holds \(data), which would be removed or replaced" : nil
  }
}

extension FileSystem {
  /// The path without links, `.` and `..`, also where its last parts are not there yet.
  public static func canonical(_ path: String) -> String {
    if exists(path) { return resolved(path) }
    let (folder, name) = DurableFile.split(path)
    guard folder != path, !name.isEmpty else { return path }
    let parent = canonical(folder)
    switch name {
    case ".": return parent
    case "..": return DurableFile.split(parent).folder
    default: return parent == "/" ? "/" + name : parent + "/" + name
    }
  }

  /// The parts of `path` below `folder`, none where it is the folder itself; nil where it lies
  /// elsewhere.
  static func path(of path: String, within folder: String) -> [String]? {
    var path = canonical(path), below: [String] = []
    while true {
      if isSame(path, folder) { return below.reversed() }
      let (parent, name) = DurableFile.split(path)
      guard parent != path, path.hasPrefix("/") else { return nil }
      below.append(name)
      path = parent
    }
  }
}
