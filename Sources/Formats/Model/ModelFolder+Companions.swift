#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension ModelFolder {
  /// How files of weights end, of this format and of others, and the lists of their shards.
  private static let weightEndings = [
    ".safetensors", ".index.json", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".ggml", ".onnx",
    ".onnx_data", ".h5", ".msgpack", ".ot", ".tflite", ".npz", ".mlmodel", ".mlpackage",
  ]

  /// Whether a file of this name holds weights, or says where they lie.
  static func isWeights(_ name: String) -> Bool {
    let name = name.lowercased()
    return weightEndings.contains(where: name.hasSuffix)
  }

  /// The paths, within a model folder, of all that belongs to the model beside its weights and
  /// `config.json`: the files of tokenizer and processor, templates, settings, licenses, whatever they
  /// are called. What tells of this copy alone is left out: hidden files, its README, the records of
  /// the run that wrote it. So is a folder that holds weights, which is a model of its own.
  public static func companions(of folder: String) -> [String] {
    FileSystem.names(in: folder).flatMap { name -> [String] in
      let path = folder + "/" + name, isFolder = FileSystem.isFolder(path)
      guard !name.hasPrefix("."), !name.uppercased().hasPrefix("README"),
        !RunRecords.isRecord(name), !RunRecords.isModelPart(name)
      else { return [] }
      guard isFolder else { return [name] }
      guard !isLink(path), let files = files(below: path) else { return [] }
      return files.map { name + "/" + $0 }
    }
  }

  /// Those of the companions that prompts are made with: the settings, vocabularies and templates of
  /// tokenizer and processor.
  public static func promptFiles(of folder: String) -> [String] {
    companions(of: folder).filter { name in
      [".json", ".jinja", ".model", ".txt"].contains(where: name.hasSuffix)
        && !name.uppercased().hasPrefix("LICENSE")
    }
  }

  /// The files below a folder, hidden ones left out; nil when there are weights among them.
  private static func files(below folder: String) -> [String]? {
    var files: [String] = []
    for name in FileSystem.names(in: folder) where !name.hasPrefix(".") {
      let path = folder + "/" + name
      if isWeights(name) { return nil }
      guard FileSystem.isFolder(path) else {
        files.append(name)
        continue
      }
      guard !isLink(path), let below = self.files(below: path) else { return nil }
      files += below.map { name + "/" + $0 }
    }
    return files
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// What a folder that is a model's or an adapter's, and not a run's, holds of it; nil for others.
  public static func content(of folder: String) -> String? {
    let names = FileSystem.names(in: folder)
    guard !names.contains(RunRecords.receipt) else { return nil }
    let weights = names.filter(isWeights)
    if names.contains("adapter_config.json") {
      return "an adapter (\(list(["adapter_config.json"] + weights)))"
    }
    guard names.contains("config.json"), !weights.isEmpty else { return nil }
    return "a model (\(list(["config.json"] + weights)))"
  }

  /// The names of a folder's weights and of what says what they are.
  public static func parts(of folder: String) -> [String] {
    FileSystem.names(in: folder).filter(RunRecords.isModelPart)
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
  }
}
