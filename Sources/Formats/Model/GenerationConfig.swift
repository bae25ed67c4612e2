import JSON
import Names
import OrderedCollections

/// What generation_config.json says; every part may be absent.
public struct GenerationConfig: Sendable, Hashable {
  /// Tokens that end an answer.
  public private(set) var endTokens: [Int] = []
  /// What else the file says and answers do not follow, a sentence each.
  public private(set) var notes: [String] = []

  /// The name of the file.
  public static let fileName = "generation_config.json"

  /// Reads a folder's generation_config.json; empty where there is none.
  public init(folder: String) throws(FormatError) {
    let path = folder + "/" + Self.fileName
    guard FileSystem.exists(path) else { return }
    let json = try JSONValue(readingFile: path)
    guard let members = json.object else {
      throw FormatError(.malformed, path, "holds \(json.kind) where an object is needed")
    }
    endTokens = try ConfigReader(members: members, path: path).tokens("eos_token_id")
    notes = Self.notes(of: members)
  }

  private static func notes(of members: OrderedDictionary<String, JSONValue>) -> [String] {
    var advised: [String] = [], missing: [String] = [], unknown: [String] = []
    for (key, value) in members where !value.isNull {
      let entry = "\(key) \(value.text(.spaced))"
      switch GenerationKey.meaning(of: key) {
      case .chosen(let neutral) where !neutral.contains { $0.isSame(as: value) }:
        advised.append(entry)
      case .notComputed(let neutral) where !neutral.contains { $0.isSame(as: value) }:
        missing.append(entry)
      case nil:
        let hint = nearestName(to: key, among: GenerationKey.names).map { " (like \($0))" }
        unknown.append(key + (hint ?? ""))
      default: continue
      }
    }
    return [
      (advised, "advises what is followed where options ask for it only"),
      (missing, "asks for what is not computed"), (unknown, "has keys that are not known"),
    ].compactMap { list, sentence in
      list.isEmpty ? nil : "\(fileName) \(sentence): " + list.joined(separator: ", ")
    }
  }
}

extension JSONValue {
  /// Whether both are the same value; 1 and 1.0 are.
  fileprivate func isSame(as other: JSONValue) -> Bool {
    self == other || (double != nil && double == other.double)
  }
}
