import JSON

extension TokenizerFile {
  /// The byte-pair encoder that the member `model` describes; `isByteLevel` says that the pieces come
  /// as bytes, `extra` how many tokens will be added.
  static func model(_ json: JSONValue, name: String, extra: Int, isByteLevel: Bool)
    throws(TokenizerError) -> BytePairEncoder
  {
    func fault(_ message: String) -> TokenizerError { TokenizerError(file: name, message: message) }
    func flag(_ key: String) throws(TokenizerError) -> Bool {
      try self.flag(json, key, "model", name: name) ?? false
    }
    let type = json["type"]?.string ?? (json["merges"] == nil ? "none" : "BPE")
    guard type == "BPE" else { throw fault("model \"\(type)\" is not supported; BPE is") }
    try check(
      json, "model", "type", "dropout", "unk_token", "continuing_subword_prefix",
      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges",
      name: name)
    if let dropout = json["dropout"]?.double, dropout > 0 {
      throw fault("model.dropout is \(dropout); encoding at random is not supported")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard (json[key]?.string ?? "").isEmpty else { throw fault("model.\(key) is not supported") }
    }
    guard let merges = json["merges"]?.array else { throw fault("model.merges is not an array") }
    let fallsBack = try flag("byte_fallback")
    let plain = fallsBack ? Vocabulary.Spelling.textWithBytes : .text
    var vocabulary = try vocabulary(
      json["vocab"] ?? .null, extra: extra, isByteLevel ? .alphabet : plain, name: name)
    let byteIDs = ByteAlphabet.scalars.map { vocabulary.id(of: utf8($0)) }
    var symbols = BytePairEncoder.Symbols.bytes(byteIDs)
    // A byte without a token could fall back on other tokens: then all is read by characters.
    if !isByteLevel || fallsBack && byteIDs.contains(-1) {
      if isByteLevel {
        vocabulary = try Self.vocabulary(json["vocab"] ?? .null, extra: extra, plain, name: name)
      }
      symbols = .characters((0..<128).map { vocabulary.id(of: utf8($0)) })
    }
    var encoder = BytePairEncoder(
      vocabulary: vocabulary, merges: try mergeTable(merges, vocabulary, name: name),
      symbols: symbols)
    encoder.fusesUnknown = try flag("fuse_unk")
    encoder.ignoresMerges = try flag("ignore_merges")
    if fallsBack {
      encoder.fallbackIDs = (0..<256).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return vocabulary.id(of: Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8))
      }
    }
    if let unknown = json["unk_token"]?.string {
      encoder.unknownID = vocabulary.id(of: unknown)
      if encoder.unknownID == nil, encoder.canMeetUnknown {
        throw fault("model.unk_token \"\(unknown)\" is not in vocab")
      }
    }
    return encoder
  }

  /// The vocabulary, an object or what `Tokenizer.read` makes of it: keys and values in turn, since
  /// an object takes texts for one that are written with other scalars but mean the same.
  private static func vocabulary(
    _ json: JSONValue, extra: Int, _ spelling: Vocabulary.Spelling, name: String
  ) throws(TokenizerError) -> Vocabulary {
    let list = json.array ?? json.object?.flatMap { [.string($0), $1] } ?? []
    guard list.count >= 2 else {
      throw TokenizerError(file: name, message: "model.vocab is not an object of ids")
    }
    var vocabulary = Vocabulary(capacity: list.count / 2 + extra, spelling: spelling)
    for index in stride(from: 0, to: list.count - 1, by: 2) {
      guard case .string(let token) = list[index] else {
        throw TokenizerError(file: name, message: "model.vocab is not an object of ids")
      }
      let value = list[index + 1]
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
      guard split > 0, split < joined.count else {
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
      return joined.contains(UInt8(ascii: " ")) ? 0 : space
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

extension Vocabulary {
  /// The id of a text; -1 for none.
  fileprivate func id(of text: [UInt8]) -> Int32 {
    text.withUnsafeBufferPointer { id(of: $0) } ?? -1
  }
}

extension BytePairEncoder {
  /// Whether there are texts that have no token of their own.
  fileprivate var canMeetUnknown: Bool {
    switch symbols {
    case .bytes(let ids): ids.contains(-1)
    case .characters: fallbackIDs?.contains(-1) ?? true
    }
  }
}
