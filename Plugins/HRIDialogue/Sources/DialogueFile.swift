import FoundationEssentials
import TaskKit

/// The layout of a file: dialogue id -> domain and turns, as in MultiWOZ.
private struct DialogueRecord: Decodable {
  struct TurnRecord: Decodable {
    struct Frame: Decodable {
      struct Group: Decodable { var req: [String: String]?, opt: [String: String]? }
      var DB_request: Group?, T_inform: Group?
    }
    var user: String, system: String
    var slots: [String: Frame]
  }
  var domain: [String: Bool]
  var turn: [TurnRecord]
}

/// Reads dialogues from JSON files; every fault names file, dialogue, turn and key.
enum DialogueFile {
  /// The dialogues of all `paths`, one file after the other, each in the natural order of its ids
  /// (`9.json` before `10.json`).
  static func read(_ paths: [String]) throws -> [Dialogue] {
    var dialogues: [Dialogue] = []
    var owners: [String: String] = [:]
    for path in paths {
      for dialogue in try read(path) {
        let key = dialogue.domain + "/" + dialogue.id
        if let other = owners.updateValue(path, forKey: key) {
          throw PluginError(
            .data,
            "\(path): dialogue \(dialogue.id) of domain \(dialogue.domain) is already in "
              + "\(other); give each dialogue an id of its own")
        }
        dialogues.append(dialogue)
      }
    }
    return dialogues
  }

  /// The JSON files of a folder, sorted by name.
  static func paths(in folder: String) throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw PluginError(
        .data,
        "\(folder): no such folder, or it cannot be read; 'data.folder' names the folder "
          + "with the dialogue files")
    }
    let paths = names.filter { $0.hasSuffix(".json") }.sorted().map { folder + "/" + $0 }
    guard !paths.isEmpty else {
      throw PluginError(
        .data,
        "\(folder): no .json file in this folder; it should hold one file of dialogues for "
          + "each domain")
    }
    return paths
  }

  private static func read(_ path: String) throws -> [Dialogue] {
    let file = try JSON(contentsOf: path)
    guard let values = file.object else {
      throw PluginError(.data, "\(path): must be an object, not \(file.kind)")
    }
    guard !values.isEmpty else { throw PluginError(.data, "\(path): the file has no dialogue") }
    return try values.sorted { naturallyPrecedes($0.key, $1.key) }.map { id, value in
      let record: DialogueRecord
      do {
        record = try JSONDecoder().decode(DialogueRecord.self, from: Data(value.text.utf8))
      } catch let error as DecodingError {
        throw fault(error, "\(path): dialogue \(id)")
      }
      var dialogue = try dialogue(id: id, record, path)
      let place = "\(path): dialogue \(id)"
      dialogue.unread = try UnreadDialogueKeys.of(value, dialogue.domain, at: place)
      return dialogue
    }
  }

  private static func dialogue(id: String, _ record: DialogueRecord, _ path: String) throws
    -> Dialogue
  {
    let domains = record.domain.filter(\.value).keys.sorted()
    guard domains.count == 1 else {
      throw PluginError(
        .data,
        "\(path): dialogue \(id): 'domain' must have exactly one key that is true, it has "
          + (domains.isEmpty ? "none" : domains.joined(separator: ", ")))
    }
    guard !record.turn.isEmpty else {
      throw PluginError(
        .data, "\(path): dialogue \(id): 'turn' is empty; give it at least one turn")
    }
    let exchanges = try record.turn.enumerated().map { index, turn in
      let place = "\(path): dialogue \(id), turn \(index + 1)"
      guard let frame = turn.slots[domains[0]] else {
        throw PluginError(
          .data, "\(place): 'slots' has no key '\(domains[0])', which is the dialogue's domain")
      }
      for (key, text) in [("user", turn.user), ("system", turn.system)]
      where text.allSatisfy(\.isWhitespace) {
        throw PluginError(.data, "\(place): '\(key)' is empty; it must hold text")
      }
      return Exchange(user: turn.user, answer: turn.system, slots: slots(frame))
    }
    return Dialogue(id: id, domain: domains[0], exchanges: exchanges)
  }

  private static func slots(_ frame: DialogueRecord.TurnRecord.Frame) -> Slots {
    func merged(_ inform: [String: String]?, _ request: [String: String]?) -> [String: String] {
      (inform ?? [:]).merging(request ?? [:]) { inform, _ in inform }
    }
    return Slots(
      required: merged(frame.T_inform?.req, frame.DB_request?.req),
      optional: merged(frame.T_inform?.opt, frame.DB_request?.opt))
  }

  /// Compares runs of digits by value, everything else by its characters.
  static func naturallyPrecedes(_ left: String, _ right: String) -> Bool {
    func pieces(_ text: String) -> [(number: Int?, text: Substring)] {
      var rest = text[...]
      var pieces: [(number: Int?, text: Substring)] = []
      while let first = rest.first {
        let isNumber = first.isASCII && first.isNumber
        let run = rest.prefix { ($0.isASCII && $0.isNumber) == isNumber }
        pieces.append((isNumber ? Int(run) : nil, run))
        rest = rest[run.endIndex...]
      }
      return pieces
    }
    for (a, b) in zip(pieces(left), pieces(right)) where a.text != b.text {
      if let a = a.number, let b = b.number, a != b { return a < b }
      return a.text < b.text
    }
    return left < right
  }
}

extension DialogueFile {
  /// The decoder's error about `dialogue` as one sentence that names turn and key too.
  private static func fault(_ error: DecodingError, _ dialogue: String) -> PluginError {
    switch error {
    case .keyNotFound(let key, let context):
      PluginError(
        .data, "\(dialogue)\(place(context.codingPath)): '\(key.stringValue)' is missing; add it")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      PluginError(
        .data,
        "\(dialogue)\(place(context.codingPath)) must be \(article(type)), found another kind")
    case .dataCorrupted(let context):
      PluginError(.data, "\(dialogue): not valid JSON: \(reason(context))")
    @unknown default:
      PluginError(.data, "\(dialogue): not valid JSON")
    }
  }

  private static func place(_ keys: [any CodingKey]) -> String {
    var text = "", rest = keys[...]
    if rest.first?.stringValue == "turn", let index = rest.dropFirst().first?.intValue {
      text = ", turn \(index + 1)"
      rest = rest.dropFirst(2)
    }
    if !rest.isEmpty { text += ": '" + rest.map(\.stringValue).joined(separator: ".") + "'" }
    return text
  }

  private static func article(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is [Any].Type: "an array"
    default: "\(type)".hasPrefix("Array") ? "an array" : "an object"
    }
  }

  private static func reason(_ context: DecodingError.Context) -> String {
    let underlying = context.underlyingError.map { "\($0)" } ?? context.debugDescription
    return underlying
  }
}
