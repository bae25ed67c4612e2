import JSON

/// Which projections an adapter sits on: names, and how they are held against paths.
public struct AdapterTargets: Sendable, Hashable {
  /// Path endings; `["all-linear"]` for every projection but the output head.
  public var names: [String]
  /// Whether a name means projections of the language model alone, and those of another part only
  /// after that part's name: `audio_tower.q_proj`, `multi_modal_projector.linear`. PEFT's own lists
  /// mean every part at once.
  public var isByPart: Bool

  /// Describes targets.
  public init(_ names: [String], isByPart: Bool = false) {
    self.names = names.sorted()
    self.isByPart = isByPart
  }

  /// The targets as PEFT applies them to a model with several parts where they are to name their part:
  /// `all-linear` becomes the names that the language model's projections among `paths` have.
  public func byPart(among paths: [String]) -> AdapterTargets {
    guard names == Self.all else { return AdapterTargets(names, isByPart: true) }
    let text = paths.filter { ModelPart(of: $0) == .languageModel }
    let found = Set(text.compactMap { $0.split(separator: ".").last.map(String.init) })
    return AdapterTargets(Array(found.subtracting([Self.head])), isByPart: true)
  }

  /// Whether the projection at `path` is meant.
  public func contains(_ path: String) -> Bool {
    if names == Self.all { return path != Self.head && !path.hasSuffix("." + Self.head) }
    return names.contains { Self.matches(path, $0, isByPart: isByPart) }
  }

  /// Whether `name` means the projection at `path`.
  public static func matches(_ path: String, _ name: String, isByPart: Bool) -> Bool {
    guard isByPart else { return ModulePath.matches(path, name) }
    let (part, ending) = split(name)
    return ModelPart(of: path) == part && ModulePath.matches(path, ending)
  }

  /// `audio_tower.q_proj` as (audio tower, q_proj); names without a part are the language model's.
  private static func split(_ name: String) -> (part: ModelPart, ending: String) {
    let name = ModulePath.inFiles(name)
    let part = ModelPart.allCases.first { name.hasPrefix($0.rawValue + ".") }
    guard let part else { return (.languageModel, name) }
    let ending = name.dropFirst(part.rawValue.count + 1)
    // Between part and layers, files say `model`, and transformers 5 in memory says nothing.
    guard part == .languageModel, ending.hasPrefix("model.") else { return (part, String(ending)) }
    return (part, String(ending.dropFirst("model.".count)))
  }

  static let all = ["all-linear"], head = "lm_head"
}

extension AdapterTargets {
  /// Reads `target_modules`: a list of endings, `all-linear`, or the pattern that `json` writes; nil
  /// for anything else.
  init?(_ value: JSONValue?) {
    switch value {
    case .string("all-linear"): self.init(Self.all)
    case .string(let pattern):
      guard let names = Self.names(in: pattern), !names.isEmpty else { return nil }
      self.init(names, isByPart: true)
      // A pattern of another make that merely looks alike is refused, not matched differently.
      guard self.pattern == pattern else { return nil }
    case .array(let names): self.init(names.compactMap(\.string))
    default: return nil
    }
  }

  /// `target_modules` for PEFT.
  var json: JSONValue {
    if isByPart { return .string(pattern) }
    return names == Self.all ? "all-linear" : .array(names.map(JSONValue.string))
  }

  /// A regular expression that PEFT holds against whole paths, in either spelling of them: for each
  /// part `(.*\.)?PART\.(.*\.)?(ENDING|ENDING)`, joined by `|`.
  private var pattern: String {
    let targets = names.map(Self.split)
    return ModelPart.allCases.reversed().compactMap { part -> String? in
      let endings = targets.filter { $0.part == part }.map(\.ending)
      guard !endings.isEmpty else { return nil }
      let escaped = endings.map { $0.split(separator: ".").joined(separator: #"\."#) }
      return Self.opening + part.rawValue + Self.middle + escaped.joined(separator: "|") + ")"
    }.joined(separator: "|")
  }

  /// The names that a pattern of this form was written from.
  private static func names(in pattern: String) -> [String]? {
    var rest = Substring(pattern), names: [String] = []
    while !rest.isEmpty {
      guard rest.hasPrefix(opening) else { return nil }
      rest = rest.dropFirst(opening.count)
      guard let part = ModelPart.allCases.first(where: { rest.hasPrefix($0.rawValue + middle) })
      else { return nil }
      rest = rest.dropFirst(part.rawValue.count + middle.count)
      guard let end = rest.firstIndex(of: ")") else { return nil }
      let prefix = part == .languageModel ? "" : part.rawValue + "."
      names += rest[..<end].split(separator: "|").map { ending in
        prefix + ending.split(separator: "\\").joined()
      }
      rest = rest[end...].dropFirst()
      if rest.first == "|", rest.count > 1 { rest = rest.dropFirst() }
    }
    return names
  }

  private static let opening = #"(.*\.)?"#, middle = #"\.(.*\.)?("#
}
