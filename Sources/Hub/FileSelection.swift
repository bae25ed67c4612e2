import Formats
import Glibc

/// Which files of a repository are fetched.
public struct FileSelection: Sendable {
  /// Patterns as shells have them, where `*` stands for `/` too; empty: what training and answering ask
  /// for.
  public var include: [String], exclude: [String]

  /// Files that `include` names and `exclude` does not.
  public init(include: [String] = [], exclude: [String] = []) {
    (self.include, self.exclude) = (include, exclude)
  }

  /// What a model's folder needs, of the repository's uppermost folder.
  private static let ofModel = [
    "*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json",
    "tokenizer*.json", "tokenizer.model", "vocab.json", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja", "chat_template.json", "preprocessor_config.json",
    "processor_config.json", "adapter_config.json", "README*", "LICENSE*", "NOTICE*",
  ]

  /// Files that are programs, or that run one when they are opened as they are meant to be.
  private static let programs = [
    "*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.py", "*.so", "*.dll",
  ]

  /// The files to fetch.
  func files(of listing: HubListing) throws -> [HubFile] {
    let isModel = listing.repository.kind == .model
    let wanted = listing.files.filter { file in
      guard !matches(file.path, exclude) else { return false }
      if include.isEmpty {
        return !isModel || !file.path.contains("/") && matches(file.path, Self.ofModel)
      }
      return matches(file.path, include)
    }
    let safe = isModel ? wanted.filter { !matches($0.path, Self.programs) } : wanted
    let chosen = include.isEmpty && isModel ? Self.withoutSecondCopy(safe) : safe
    try check(chosen, of: listing, leftOut: wanted.count - safe.count)
    return chosen
  }

  /// Some repositories hold their weights a second time, in one file of its maker's own layout.
  private static func withoutSecondCopy(_ files: [HubFile]) -> [HubFile] {
    let isSecond: (HubFile) -> Bool = { $0.path.hasPrefix("consolidated") }
    let hasOwn = files.contains { $0.path.hasPrefix("model") && $0.path.hasSuffix(".safetensors") }
    return hasOwn ? files.filter { !isSecond($0) } : files
  }

  private func check(_ files: [HubFile], of listing: HubListing, leftOut: Int) throws {
    let name = listing.repository.name
    if include.isEmpty, listing.repository.kind == .model {
      guard !files.contains(where: { $0.path.hasSuffix(".safetensors") }) else { return }
      let ggufs = listing.files.map(\.path).filter { $0.lowercased().hasSuffix(".gguf") }
      guard ggufs.isEmpty else {
        throw HubError(
          .refused,
          "\(name) holds GGUF files; choose one with --include: \(ggufs.joined(separator: ", "))")
      }
      let pickles = listing.files.map(\.path).filter { matches($0, Self.programs) }
      guard !pickles.isEmpty else {
        throw HubError(.refused, "\(name) holds no weights: no file ends in .safetensors or .gguf")
      }
      throw HubError(
        .refused,
        "\(name) has its weights as \(pickles[0]) alone, which runs a program when it is opened and is "
          + "never fetched; look for a revision with .safetensors (--revision refs/pr/1), or another "
          + "copy of the model")
    }
    guard files.isEmpty else { return }
    if leftOut > 0 {
      throw HubError(
        .refused,
        "what --include names of \(name) are programs or pickled files, which are never fetched"
      )
    }
    let asked = include.isEmpty ? "" : " that --include names (\(include.joined(separator: ", ")))"
    throw HubError(.refused, "\(name) holds no file\(asked)")
  }

  private func matches(_ path: String, _ patterns: [String]) -> Bool {
    patterns.contains { pattern in
      // A folder stands for all below it.
      fnmatch(pattern.hasSuffix("/") ? pattern + "*" : pattern, path, 0) == 0
    }
  }
}
