import JSON

/// Which projections an adapter sits on.
public struct AdapterTargets: Sendable, Hashable {
  /// The projections, by names or by a pattern; the name `all-linear` alone means every projection but
  /// the output head.
  public let chosen: ModuleChoice
  /// Whether a name means projections of the language model alone, and those of another part only
  /// after that part's name: `audio_tower.q_proj`, `multi_modal_projector.linear`. PEFT's own lists
  /// mean every part at once.
  public let isByPart: Bool
  /// Modules that get no adapter though they are chosen.
  public var excluded: ModuleChoice?
  /// The layers that get adapters; nil for all. A name that is a whole path counts in any layer.
  public var layers: LayerChoice?

  /// Describes targets by names.
  public init(_ names: [String], isByPart: Bool = false) {
    chosen = .names(names.sorted())
    self.isByPart = isByPart
  }

  /// Describes targets by names or a pattern, as PEFT means them.
  public init(_ chosen: ModuleChoice) {
    self.chosen = chosen
    isByPart = false
  }

  /// Path endings; empty where a pattern chooses.
  public var names: [String] { if case .names(let names) = chosen { names } else { [] } }

  /// Whether every projection but the output head is meant.
  public var isAllLinear: Bool { chosen == .allLinear }

  /// The targets as names where the files could not say them otherwise: in a model with several parts,
  /// where names are to name their part, and where layers are chosen too. `all-linear` becomes the
  /// names that the language model's projections among `paths` have.
  public func named(among paths: [String]) -> AdapterTargets {
    let hasParts = paths.contains { ModelPart(of: $0) != .languageModel }
    guard case .names = chosen, hasParts || layers != nil else { return self }
    var named = AdapterTargets(names, isByPart: hasParts)
    if isAllLinear {
      let text = paths.filter { ModelPart(of: $0) == .languageModel }
      let found = Set(text.compactMap { $0.split(separator: ".").last.map(String.init) })
      named = AdapterTargets(found.subtracting(Self.heads).sorted(), isByPart: hasParts)
    }
    named.excluded = excluded
    named.layers = layers
    return named
  }

  /// Whether the module at `path` is meant, by the rules of PEFT's `check_target_module_exists`.
  public func contains(_ path: String) -> Bool {
    if let excluded, excluded.contains(path) { return false }
    if isAllLinear { return !Self.isHead(path) }
    guard case .names(let names) = chosen else { return chosen.contains(path) }
    let isWhole = !isByPart && ModulePath.spellings(of: path).contains(where: names.contains)
    guard let layers, !isWhole else {
      return names.contains { Self.matches(path, $0, isByPart: isByPart) }
    }
    return names.contains { Self.matches(path, $0, isByPart: isByPart) }
      && layers.contains(path)
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

  /// What the head of a score is called.
  public static let scoreHead = "score"
  /// What heads are called.
  public static let heads = ["lm_head", scoreHead]

  /// Whether the module at `path` is a head, which carries no adapter.
  public static func isHead(_ path: String) -> Bool {
    heads.contains { path == $0 || path.hasSuffix("." + $0) }
  }
}

extension AdapterTargets {
  /// `target_modules` for PEFT.
  public var json: JSONValue {
    isByPart ? .string(pattern) : chosen.json
  }

  /// The targets of a pattern: names by part where `json` wrote it from such.
  public init(pattern: PathPattern) {
    if let names = Self.names(in: pattern.text), !names.isEmpty {
      self.init(names, isByPart: true)
      // A pattern of another make may merely look alike.
      if self.pattern == pattern.text { return }
    }
    self.init(.pattern(pattern))
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
