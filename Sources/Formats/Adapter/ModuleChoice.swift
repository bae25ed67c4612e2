import JSON

/// Modules as PEFT's `target_modules` and `exclude_modules` choose them: by names, each the whole path
/// or its end after a dot, or by a pattern over whole paths. A path counts in every spelling of it.
public enum ModuleChoice: Sendable, Hashable {
  case names([String])
  case pattern(PathPattern)

  /// Every projection but the output head, by PEFT's word for it.
  public static let allLinear = ModuleChoice.names(["all-linear"])

  /// Whether the module at `path` is meant.
  public func contains(_ path: String) -> Bool {
    switch self {
    case .names(let names): names.contains { ModulePath.matches(path, $0) }
    case .pattern(let pattern): ModulePath.spellings(of: path).contains(where: pattern.matchesWhole)
    }
  }

  /// As it was written, for a sentence.
  public var text: String {
    switch self {
    case .names(let names): names.joined(separator: ", ")
    case .pattern(let pattern): pattern.text
    }
  }

  /// The value for PEFT and for recipes; names are sorted, since they are a set.
  public var json: JSONValue {
    switch self {
    case .allLinear: "all-linear"
    case .names(let names): .array(names.sorted().map(JSONValue.string))
    case .pattern(let pattern): .string(pattern.text)
    }
  }
}

/// Layers as PEFT's `layers_to_transform` and `layers_pattern` choose them.
public struct LayerChoice: Sendable, Hashable {
  /// The layers' numbers.
  public var indices: [Int]
  /// What the list of layers is called in the model; empty for whatever stands before the first
  /// number of a path.
  public var lists: [String]

  /// Names layers.
  public init(_ indices: [Int], lists: [String] = []) {
    self.indices = indices
    self.lists = lists
  }

  /// Whether the module at `path` lies in one of the layers, in any spelling of the path.
  public func contains(_ path: String) -> Bool {
    ModulePath.spellings(of: path).contains { spelling in
      index(in: spelling.split(separator: ".", omittingEmptySubsequences: false))
        .map(indices.contains) ?? false
    }
  }

  /// The number of the layer: with `lists`, the one right after a list's name; without, the first
  /// number that has two names before it and one behind.
  private func index(in parts: [Substring]) -> Int? {
    guard !lists.isEmpty else {
      let places = parts.indices.dropFirst(2).dropLast()
      return places.lazy.compactMap { number(parts[$0]) }.first
    }
    for list in lists {
      let name = list.split(separator: ".")
      for start in parts.indices where parts[start...].starts(with: name) {
        let place = start + name.count
        if place + 1 < parts.count, let number = number(parts[place]) { return number }
      }
    }
    return nil
  }

  private func number(_ part: Substring) -> Int? {
    part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(part) : nil
  }
}
