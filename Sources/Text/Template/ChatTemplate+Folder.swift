import FoundationEssentials
import JSON

// Where a model's folder keeps its templates.

extension ChatTemplate {
  /// Reads a model folder's templates as the original library finds them; nil when it has none.
  ///
  /// 1. `chat_template.jinja` (named `default`) and `additional_chat_templates/NAME.jinja`: where
  ///    there is one of these, the other places do not count.
  /// 2. `chat_template` of `tokenizer_config.json`: a text, or a list of names and texts.
  /// 3. `chat_template` of `chat_template.json` and of `processor_config.json`, which belong to
  ///    processors of images and sounds.
  ///
  /// With `prefersProcessor` the last come first, in the order in which a processor looks.
  public static func load(
    folder: String, specialTokens: [String] = [], prefersProcessor: Bool = false
  ) throws(TemplateError) -> ChatTemplate? {
    // The first is the folder's files of templates.
    var places = ["", "tokenizer_config.json"]
    let processor = ["processor_config.json", "chat_template.json"]
    places = prefersProcessor ? processor + places : places + processor.reversed()
    for place in places {
      let named = place.isEmpty ? try files(in: folder) : try templates(in: folder + "/" + place)
      guard !named.isEmpty else { continue }
      var template = try ChatTemplate(named, specialTokens: specialTokens)
      template.tokenNames = try names(inFolder: folder)
      return template
    }
    return nil
  }

  /// Templates that are files of their own.
  private static func files(in folder: String) throws(TemplateError) -> [Named] {
    var named: [Named] = []
    let standard = folder + "/chat_template.jinja"
    if exists(standard) { named.append(try file(standard, name: "default")) }
    let more = folder + "/additional_chat_templates"
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: more)) ?? []
    for entry in entries.sorted() where entry.utf8.suffix(6).elementsEqual(".jinja".utf8) {
      let template = try file(more + "/" + entry, name: String(entry.dropLast(6)))
      named.removeAll { $0.name == template.name }
      named.append(template)
    }
    return named
  }

  private static func file(_ path: String, name: String) throws(TemplateError) -> Named {
    guard let source = String(validating: try read(path), as: UTF8.self) else {
      throw TemplateError("not UTF-8").located(file: path)
    }
    return Named(name: name, source: source, file: path)
  }

  /// The member `chat_template` of a JSON file.
  private static func templates(in path: String) throws(TemplateError) -> [Named] {
    guard exists(path) else { return [] }
    switch try json(path)["chat_template"] {
    case nil, .null?: return []
    case .string(let source)?: return [Named(name: "default", source: source, file: path)]
    case .array(let list)?:
      return try list.enumerated().map { (index, json) throws(TemplateError) in
        try entry(json, index, of: path)
      }
    case .object(let members)?:
      return try members.map { (name, source) throws(TemplateError) in
        try entry(["name": .string(name), "template": source], 0, of: path)
      }
    case let other?:
      throw TemplateError("'chat_template' is \(other.kind); write a text").located(file: path)
    }
  }

  private static func entry(_ json: JSONValue, _ index: Int, of path: String)
    throws(TemplateError) -> Named
  {
    guard let name = json["name"]?.string, let source = json["template"]?.string else {
      throw TemplateError("'chat_template[\(index)]' lacks 'name' or 'template'; both are texts")
        .located(file: path)
    }
    return Named(name: name, source: source, file: path)
  }

  // MARK: Names of tokens

  private static let standardNames = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// What templates may call the model's tokens: the standard names and the model's own, which end
  /// in `_token` or stand in `extra_special_tokens`.
  private static func names(inFolder folder: String) throws(TemplateError) -> [String: String] {
    var names: [String: String] = [:]
    let config = folder + "/tokenizer_config.json", map = folder + "/special_tokens_map.json"
    let settings = exists(config) ? try json(config) : .emptyObject
    for (key, value) in settings.object ?? [:] {
      let isStandard = standardNames.contains(key)
      guard isStandard || key.utf8.suffix(6).elementsEqual("_token".utf8) else { continue }
      names[key] = token(value)
    }
    for part in ["extra_special_tokens", "model_specific_special_tokens"] {
      for (key, value) in settings[part]?.object ?? [:] { names[key] = token(value) ?? names[key] }
    }
    // An older file, which counts where the newer form of the tokens is not there.
    if settings["added_tokens_decoder"] == nil, exists(map) {
      for (key, value) in try json(map).object ?? [:] { names[key] = token(value) ?? names[key] }
    }
    return names
  }

  private static func token(_ json: JSONValue) -> String? {
    json.string ?? json["content"]?.string
  }

  // MARK: Files

  private static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }

  private static func json(_ path: String) throws(TemplateError) -> JSONValue {
    let bytes = try read(path)
    do throws(JSONError) { return try JSONValue(parsing: bytes) } catch {
      throw TemplateError("not JSON: \(error)").located(file: path)
    }
  }

  private static func read(_ name: String) throws(TemplateError) -> [UInt8] {
    do { return Array(try Data(contentsOf: URL(filePath: name))) } catch {
      throw TemplateError("cannot be read").located(file: name)
    }
  }
}
