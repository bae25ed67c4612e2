/// The parts of a model, under the names that transformers has for them. A model of text alone is all
/// language model.
public enum ModelPart: String, Sendable, CaseIterable {
  case audioTower = "audio_tower"
  case projector = "multi_modal_projector"
  case languageModel = "language_model"

  /// The part that the module at `path` belongs to.
  public init(of path: String) {
    let components = path.split(separator: ".", maxSplits: 2).prefix(2).map(String.init)
    self = Self.allCases.first { components.contains($0.rawValue) } ?? .languageModel
  }

  /// The part's name in a sentence.
  public var title: String {
    switch self {
    case .audioTower: "audio encoder"
    case .projector: "projector"
    case .languageModel: "language model"
    }
  }
}

/// Paths of modules in models with several parts. Files name them as transformers 4 did; since version
/// 5 it has other names in memory, translates between the two when it reads and writes a model, but
/// names adapters by those in memory.
public enum ModulePath {
  /// The beginnings that differ.
  private static let spellings: [(inFiles: String, inMemory: String)] = [
    ("language_model.model.", "model.language_model."), ("language_model.lm_head", "lm_head"),
    ("audio_tower.", "model.audio_tower."),
    ("multi_modal_projector.", "model.multi_modal_projector."),
  ]

  /// `path` as transformers 5 spells it in memory; paths of models of text alone stay as they are.
  public static func inMemory(_ path: String) -> String {
    for (old, new) in spellings where path.hasPrefix(old) {
      return new + path.dropFirst(old.count)
    }
    return path
  }

  /// `path` as files of models that hear spell it.
  public static func inFiles(_ path: String) -> String {
    for (old, new) in spellings where path.hasPrefix(new) {
      return old + path.dropFirst(new.count)
    }
    return path
  }

  /// `path` in each of its spellings.
  public static func spellings(of path: String) -> [String] {
    let (memory, files) = (inMemory(path), inFiles(path))
    return [path] + (memory == path ? [] : [memory]) + (files == path ? [] : [files])
  }

  /// Whether the module at `path` is what `ending` names, in either spelling: the whole path, or its
  /// end from a dot on.
  public static func matches(_ path: String, _ ending: String) -> Bool {
    spellings(of: path).contains { $0 == ending || $0.hasSuffix("." + ending) }
  }
}
