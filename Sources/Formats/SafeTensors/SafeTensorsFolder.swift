import JSON
import OrderedCollections
import Tensors

/// A model's tensors: one `model.safetensors`, or shards beside their index.
public struct SafeTensorsFolder: Sendable {
  /// The folder.
  public let path: String
  /// The files, in the order of their names.
  public let files: [SafeTensorsFile]
  private let shardOfTensor: [String: Int]
  /// What the files leave out of names: a model without a head is saved without the `model.` that it
  /// has beside one. Both spellings are found.
  private let omitted: String

  /// Opens and checks every file that the model in the folder `path` consists of.
  public init(path: String) throws(FormatError) {
    let single = path + "/model.safetensors"
    let index = path + "/model.safetensors.index.json"
    if FileSystem.exists(single) {
      self.init(path: path, files: [try SafeTensorsFile(path: single)])
    } else if FileSystem.exists(index) {
      let (files, shards) = try Self.shards(of: path, index: index)
      self.init(path: path, files: files, shardOfTensor: shards)
    } else if let gguf = GGUFModelFolder.file(in: path) {
      try self.init(gguf: try GGUFFile(path: gguf))
    } else {
      throw FormatError(
        .missing, path,
        "has neither model.safetensors nor model.safetensors.index.json; "
          + "weights in other formats must be converted to safetensors first")
    }
  }

  /// Files that hold a model's tensors; a list of who lies where counts before what the files say.
  init(path: String, files: [SafeTensorsFile], shardOfTensor: [String: Int]? = nil) {
    self.path = path
    self.files = files
    var shards: [String: Int] = [:]
    for (index, file) in files.enumerated() {
      for name in file.entries.keys { shards[name] = index }
    }
    self.shardOfTensor = shardOfTensor ?? shards
    omitted = self.shardOfTensor["embed_tokens.weight"] == nil ? "" : "model."
  }

  /// Names of all tensors, file by file in the order of their bytes.
  public var names: [String] { files.flatMap(\.entries.keys) }

  /// The file that holds `name`, and where in it; nil when no file does.
  public subscript(name: String) -> (file: MappedFile, entry: TensorEntry)? {
    let name = stored(name)
    guard let shard = shardOfTensor[name], let entry = files[shard].entries[name] else {
      return nil
    }
    return (files[shard].file, entry)
  }

  /// The file that holds `name`, and where in it; an error with the nearest name when none does.
  public func entry(_ name: String) throws(FormatError) -> (file: MappedFile, entry: TensorEntry) {
    if let found = self[name] { return found }
    throw FormatError(.missing, path, missingTensor(name, among: names))
  }

  /// `name` as the files spell it.
  public func stored(_ name: String) -> String {
    guard !omitted.isEmpty, shardOfTensor[name] == nil, name.hasPrefix(omitted) else { return name }
    return String(name.dropFirst(omitted.count))
  }

  /// The values of an F64 (rounded), F32, F16 or BF16 tensor, row-major.
  public func floats(_ name: String) throws(FormatError) -> [Float] {
    let name = stored(name)
    guard let shard = shardOfTensor[name] else {
      throw FormatError(.missing, path, missingTensor(name, among: names))
    }
    return try files[shard].floats(name)
  }

  private static func shards(of folder: String, index: String) throws(FormatError)
    -> ([SafeTensorsFile], [String: Int])
  {
    let json = try JSONValue(readingFile: index)
    guard let map = json["weight_map"]?.object else {
      throw FormatError(.malformed, index, "has no object 'weight_map'")
    }
    let shardNames = Set(map.values.compactMap(\.string)).sorted()
    var files: [SafeTensorsFile] = []
    for name in shardNames {
      guard !name.contains("/") else {
        throw FormatError(.malformed, index, "names a file of another folder: '\(name)'")
      }
      guard FileSystem.exists(folder + "/" + name) else {
        throw FormatError(
          .missing, folder, "lacks \(name), which model.safetensors.index.json names")
      }
      files.append(try SafeTensorsFile(path: folder + "/" + name))
    }
    let shardByName = Dictionary(
      uniqueKeysWithValues: shardNames.enumerated().map { ($1, $0) })
    var shards: [String: Int] = [:]
    for (tensor, shardName) in map {
      guard let text = shardName.string, let shard = shardByName[text],
        files[shard].entries[tensor] != nil
      else {
        throw FormatError(
          .malformed, index, "places the tensor '\(tensor)' in a file that does not hold it")
      }
      shards[tensor] = shard
    }
    return (files, shards)
  }
}
