import JSON

extension TokenizerFile {
  /// The byte-pair encoder that the member `model` describes.
  static func model(_ json: JSONValue, name: String, added: JSONValue?) throws(TokenizerError)
    -> BytePairEncoder
  {
    func fault(_ message: String) -> TokenizerError { TokenizerError(file: name, message: message) }
    let type = json["type"]?.string ?? (json["merges"] == nil ? "none" : "BPE")
    guard type == "BPE" else { throw fault("model \"\(type)\" is not supported; BPE is") }
    if json["byte_fallback"] == true {
      throw fault("model.byte_fallback is not supported; byte-level vocabularies are")
    }
    if let dropout = json["dropout"]?.double, dropout > 0 {
      throw fault("model.dropout is \(dropout); encoding at random is not supported")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard (json[key]?.string ?? "").isEmpty else { throw fault("model.\(key) is not supported") }
    }
    guard let merges = json["merges"]?.array else { throw fault("model.merges is not an array") }
    let vocabulary = try vocabulary(
      json["vocab"] ?? .null, extra: added?.array?.count ?? 0, name: name)
    let table = try mergeTable(merges, vocabulary, name: name)
    var encoder = BytePairEncoder(
      vocabulary: vocabulary, merges: table,
      byteIDs: ByteAlphabet.scalars.map { scalar in
        vocabulary.id(of: String(Unicode.Scalar(scalar) ?? "?")) ?? -1
      })
    encoder.fusesUnknown = json["fuse_unk"]?.bool ?? false
    encoder.ignoresMerges = json["ignore_merges"]?.bool ?? false
    if let unknown = json["unk_token"]?.string {
      encoder.unknownID = vocabulary.id(of: unknown)
      if encoder.unknownID == nil { throw fault("model.unk_token \"\(unknown)\" is not in vocab") }
    }
    return encoder
  }

  private static func vocabulary(_ json: JSONValue, extra: Int, name: String)
    throws(TokenizerError) -> Vocabulary
  {
    guard case .object(let members) = json else {
      throw TokenizerError(file: name, message: "model.vocab is not an object of ids")
    }
    var vocabulary = Vocabulary(capacity: members.count + extra)
    for (token, value) in members {
      guard case .int(let id) = value, id >= 0, id < Vocabulary.maximumCount else {
        throw TokenizerError(
          file: name,
          message: "model.vocab[\"\(token)\"] is not an id from 0 to \(Vocabulary.maximumCount - 1)"
        )
      }
      guard vocabulary.insert(token, id: id) else {
        throw TokenizerError(
          file: name, message: "model.vocab[\"\(token)\"] has the id \(id) of another token")
      }
    }
    return vocabulary
  }

  /// Both spellings of a merge: `"a b"` and `["a", "b"]`. A leading `#version` line is no merge.
  private static func mergeTable(_ json: [JSONValue], _ vocabulary: Vocabulary, name: String)
    throws(TokenizerError) -> MergeTable
  {
    var table = MergeTable(capacity: json.count)
    var joined: [UInt8] = []
    var rank = 0
    for (index, merge) in json.enumerated() {
      if case .string(let line) = merge, line.hasPrefix("#version") { continue }
      let split = join(merge, into: &joined)
      guard split > 0, split < joined.count, !joined.contains(UInt8(ascii: " ")) else {
        throw TokenizerError(
          file: name, message: "model.merges[\(index)] is not \"a b\" or [\"a\", \"b\"]")
      }
      let ids = joined.withUnsafeBufferPointer { text in
        (
          vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<split])),
          vocabulary.id(of: UnsafeBufferPointer(rebasing: text[split...])), vocabulary.id(of: text)
        )
      }
      guard let left = ids.0, let right = ids.1, let whole = ids.2 else {
        let text = String(decoding: joined, as: UTF8.self)
        throw TokenizerError(
          file: name,
          message: "model.merges[\(index)] makes \"\(text)\", but it or a part is not in vocab")
      }
      table.insert(left: left, right: right, rank: rank, joined: whole)
      rank += 1
    }
    return table
  }
  /// Writes both parts of a merge into `joined`, one after the other. Where the second begins; 0 if
  /// this is no merge.
  private static func join(_ merge: JSONValue, into joined: inout [UInt8]) -> Int {
    joined.removeAll(keepingCapacity: true)
    switch merge {
    case .string(let text):
      joined.append(contentsOf: text.utf8)
      guard let space = joined.firstIndex(of: UInt8(ascii: " ")) else { return 0 }
      joined.remove(at: space)
      return space
    case .array(let parts):
      guard parts.count == 2, case .string(let left) = parts[0],
        case .string(let right) = parts[1]
      else { return 0 }
      joined.append(contentsOf: left.utf8)
      let split = joined.count
      joined.append(contentsOf: right.utf8)
      return split
    default: return 0
    }
  }
}
