import Formats
import JSON
import Names
import OrderedCollections

/// The members of one adapter_config.json, and how they are read.
public struct AdapterConfigReader {
  let path: String
  let members: OrderedDictionary<String, JSONValue>

  init(path: String) throws(FormatError) {
    self.path = path
    guard let members = try JSONValue(readingFile: path).object else {
      throw FormatError(.malformed, path, "the file holds no JSON object")
    }
    self.members = members
  }

  /// An error about a key and what the file says of it.
  func refuse(_ key: String, _ why: String) -> FormatError {
    FormatError(.unsupported, path, "\(key) is \(members[key]?.text() ?? "absent"); \(why)")
  }

  /// Refuses what cannot be computed here: by the list of keys, and any key that is not in it and says
  /// something.
  func check(_ keys: [(name: String, meaning: AdapterKey)]) throws(FormatError) {
    for (key, value) in members where !Self.isEmpty(value) {
      switch keys.first(where: { $0.name == key })?.meaning {
      case .read, .idle: continue
      case .refused(let why): throw refuse(key, why)
      case nil:
        let near = nearestName(to: key, among: keys.map(\.name))
        throw refuse(
          key,
          "no setting of this name is known"
            + (near.map { "; did you mean '\($0)'?" }
              ?? ", so that what it does to the numbers is unknown"))
      }
    }
    if let task = members["task_type"]?.string, AdapterKey.tasksWithHeads.contains(task) {
      throw refuse("task_type", "adapters of models with such a head cannot be read")
    }
  }

  /// What the adapter makes of its base.
  var task: AdapterConfig.Task {
    members["task_type"]?.string.flatMap(AdapterConfig.Task.init(rawValue:)) ?? .language
  }

  /// `modules_to_save`. PEFT adds what the head of a classifier may be called, and again each time that
  /// it writes the adapter.
  func savedModules(_ task: AdapterConfig.Task) throws(FormatError) -> [String] {
    let names = try names("modules_to_save") ?? []
    for name in names where (try? PathPattern(name)) == nil {
      throw refuse("modules_to_save", "'\(name)' cannot be read as a module's name")
    }
    guard task == .score else { return names }
    let heads = ["classifier", AdapterTargets.scoreHead]
    return names.filter { !heads.contains($0) } + [AdapterTargets.scoreHead]
  }

  /// `null`, `false`, and empty texts and collections say nothing.
  static func isEmpty(_ value: JSONValue) -> Bool {
    [.null, false, .emptyObject, .array([]), ""].contains(value)
  }

  /// A rank; 8 where the key is absent.
  func rank(_ key: String) throws(FormatError) -> Int {
    guard let value = members[key] else { return 8 }
    guard let r = value.int, r > 0 else { throw refuse(key, "a positive rank is needed") }
    return r
  }

  func number(_ key: String, _ standard: Double, _ isRight: (Double) -> Bool)
    throws(FormatError) -> Double
  {
    guard let value = members[key] else { return standard }
    guard let number = value.double, isRight(number) else {
      throw refuse(key, "that cannot be such a number")
    }
    return number
  }

  func flag(_ key: String) throws(FormatError) -> Bool {
    guard let value = members[key], !value.isNull else { return false }
    guard let flag = value.bool else { throw refuse(key, "true or false is needed") }
    return flag
  }

  /// A list of texts; nil where the key is absent, null or empty.
  func names(_ key: String) throws(FormatError) -> [String]? {
    guard let value = members[key], !Self.isEmpty(value) else { return nil }
    let names = value.array?.compactMap(\.string)
    guard let names, names.count == value.array?.count, !names.contains("") else {
      throw refuse(key, "a list of names is needed")
    }
    return names
  }

  /// `trainable_token_indices`: a list for the embedding, or an object of lists by module.
  func tokens() throws(FormatError) -> OrderedDictionary<String, [Int]> {
    let key = "trainable_token_indices"
    guard let value = members[key], !Self.isEmpty(value) else { return [:] }
    var tokens: OrderedDictionary<String, [Int]> = [:]
    for (module, list) in value.object ?? ["embed_tokens": value] {
      let ids = list.array?.compactMap(\.int) ?? []
      guard !ids.isEmpty, ids.count == list.array?.count, ids.allSatisfy({ $0 >= 0 }),
        Set(ids).count == ids.count
      else { throw refuse(key, "a list of tokens is needed, or an object of such by module") }
      tokens[module] = ids
    }
    return tokens
  }

  func pattern<Value>(_ key: String, _ kind: String, _ read: (JSONValue) -> Value?)
    throws(FormatError) -> ModulePattern<Value>
  {
    guard let value = members[key], !value.isNull else { return ModulePattern() }
    guard let object = value.object else {
      throw refuse(key, "an object is needed: for each name \(kind)")
    }
    var values: OrderedDictionary<String, Value> = [:]
    for (name, value) in object {
      guard let number = read(value) else { throw refuse(key, "'\(name)' needs \(kind)") }
      values[name] = number
    }
    do { return try ModulePattern(values) } catch {
      throw refuse(key, "\(error), which is not read here; write it otherwise")
    }
  }
}

// Which modules are meant.
extension AdapterConfigReader {
  func targets() throws(FormatError) -> AdapterTargets {
    var targets: AdapterTargets
    switch members["target_modules"] {
    case .string(let text) where text.lowercased() == "all-linear":
      targets = AdapterTargets(.allLinear)
    case .string(let text):
      targets = AdapterTargets(pattern: try expression(text, of: "target_modules"))
    default:
      guard let names = try names("target_modules") else {
        throw refuse(
          "target_modules", "a list of names, \"all-linear\" or a regular expression is needed")
      }
      targets = AdapterTargets(names)
    }
    targets.excluded = try choice("exclude_modules")
    targets.layers = try layers()
    return targets
  }

  private func expression(_ text: String, of key: String) throws(FormatError) -> PathPattern {
    do { return try PathPattern(text) } catch {
      throw refuse(
        key, "the regular expression has \(error), which is not read here; write it otherwise")
    }
  }

  /// Modules as a list of names or a regular expression; nil where the key says nothing.
  func choice(_ key: String) throws(FormatError) -> ModuleChoice? {
    if let text = members[key]?.string, !text.isEmpty {
      return .pattern(try expression(text, of: key))
    }
    return try names(key).map(ModuleChoice.names)
  }

  private func layers() throws(FormatError) -> LayerChoice? {
    let lists: [String]
    if let one = members["layers_pattern"]?.string {
      lists = one.isEmpty ? [] : [one]
    } else {
      lists = try names("layers_pattern") ?? []
    }
    if let name = lists.first(where: { !Self.isName($0) }) {
      throw refuse("layers_pattern", "'\(name)' is not the name of a list of layers")
    }
    guard let value = members["layers_to_transform"], !value.isNull else {
      if lists.isEmpty { return nil }
      throw refuse("layers_pattern", "it needs layers_to_transform beside it, as in PEFT")
    }
    // As in PEFT, which allows neither beside a text.
    if members["target_modules"]?.string != nil {
      throw refuse("layers_to_transform", "it cannot stand beside a text as target_modules")
    }
    let values = value.array ?? [value], indices = values.compactMap(\.int)
    guard indices.count == values.count else {
      throw refuse("layers_to_transform", "numbers of layers are needed")
    }
    return indices.isEmpty ? nil : LayerChoice(indices, lists: lists)
  }

  private static func isName(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || "_.0123456789".unicodeScalars.contains($0)
    }
  }
}
