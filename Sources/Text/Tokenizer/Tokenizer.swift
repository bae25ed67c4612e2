import FoundationEssentials
public import JSON
import Synchronization

/// A byte-level BPE tokenizer read from a `tokenizer.json` as Qwen2, 2.5 and 3, SmolLM2, GPT-2 and
/// Llama 3 use it. The same ids as the original library, for every text; safe to share.
public final class Tokenizer: Sendable {
  /// A token and the UTF-8 bytes it covers in the original text.
  public struct Token: Sendable, Equatable {
    /// Its id.
    public let id: Int32
    /// Byte offsets. Tokens that share a character changed by normalization share its range.
    public let range: Range<Int>
  }

  /// The token that ends a turn or a text, by `tokenizer_config.json`.
  public let eosToken: String?
  /// The token that fills short rows, by `tokenizer_config.json`.
  public let padToken: String?
  /// The token that begins a text, by `tokenizer_config.json`.
  public let bosToken: String?

  let encoder: BytePairEncoder
  private let preTokenizer: PreTokenizer
  private let normalizes: Bool
  private let originalTokens: AddedTokenMatcher
  private let normalizedTokens: AddedTokenMatcher
  let specialIDs: Set<Int32>
  private let scratches = Mutex<[BytePairEncoder.Scratch]>([])

  /// The files of a model's folder that `init(folder:)` reads.
  public static let files = ["tokenizer.json", "tokenizer_config.json"]

  /// Reads `tokenizer.json`, and `tokenizer_config.json` if there is one, from a model's folder.
  public convenience init(folder: String) throws(TokenizerError) {
    let name = folder + "/tokenizer.json"
    let configName = folder + "/tokenizer_config.json"
    let json = try Self.read(name)
    let hasConfig = FileManager.default.fileExists(atPath: configName)
    try self.init(json: json, name: name, config: hasConfig ? try Self.read(configName) : nil)
  }

  /// Reads the parsed `tokenizer.json`; `name` is what errors call it.
  public convenience init(json: JSONValue, name: String) throws(TokenizerError) {
    try self.init(json: json, name: name, config: nil)
  }

  /// Reads the parsed `tokenizer.json`, and `tokenizer_config.json` for the named tokens.
  public init(json: JSONValue, name: String, config: JSONValue?) throws(TokenizerError) {
    let file = try TokenizerFile(json, name: name)
    encoder = file.encoder
    preTokenizer = file.preTokenizer
    normalizes = file.normalizes
    specialIDs = Set(file.added.filter(\.isSpecial).map(\.id))
    var original = AddedTokenMatcher(), normalized = AddedTokenMatcher()
    for token in file.added {
      if token.isNormalized {
        normalized.insert(
          token, bytes: file.normalizes ? Self.nfc(token.content) : Array(token.content.utf8))
      } else {
        original.insert(token, bytes: Array(token.content.utf8))
      }
    }
    (originalTokens, normalizedTokens) = (original, normalized)
    func token(_ key: String) -> String? {
      config?[key]?.string ?? config?[key]?["content"]?.string
    }
    (eosToken, padToken, bosToken) = (token("eos_token"), token("pad_token"), token("bos_token"))
  }

  private static func read(_ name: String) throws(TokenizerError) -> JSONValue {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: name)) } catch {
      throw TokenizerError(file: name, message: "cannot be read; is this a model's folder?")
    }
    do throws(JSONError) { return try JSONValue(parsing: Array(data)) } catch {
      throw TokenizerError(file: name, message: "not JSON: \(error)")
    }
  }

  private static func nfc(_ text: String) -> [UInt8] {
    var text = text
    return text.withUTF8 { bytes in
      CharacterClass.table.withUnsafeBufferPointer { classes in
        NormalizedText(Characters(bytes: bytes, classes: classes))?.bytes ?? Array(bytes)
      }
    }
  }
}

// MARK: Text to tokens

extension Tokenizer {
  /// The ids of a text. Adds no special tokens, but finds those written in the text.
  public func encode(_ text: String) -> [Int32] { encode(text, ranges: false).ids }

  /// The tokens of a text with the bytes each covers.
  public func encodeWithRanges(_ text: String) -> [Token] {
    let tokens = encode(text, ranges: true)
    return zip(tokens.ids, tokens.ranges).map { Token(id: $0, range: $1) }
  }

  private func encode(_ text: String, ranges: Bool) -> TokenList {
    var text = text
    var tokens = TokenList(wantsRanges: ranges)
    var scratch = scratches.withLock { $0.popLast() } ?? BytePairEncoder.Scratch()
    text.withUTF8 { bytes in
      tokens.ids.reserveCapacity(bytes.count / 3)
      CharacterClass.table.withUnsafeBufferPointer { classes in
        let characters = Characters(bytes: bytes, classes: classes)
        for segment in originalTokens.segments(characters) {
          if let id = segment.id {
            tokens.append(id, segment.range)
          } else {
            normalize(characters[segment.range], at: segment.range.lowerBound, &tokens, &scratch)
          }
        }
      }
    }
    // Storage is kept for the next call, unless a giant piece made it large.
    if scratch.symbols.capacity < 1 << 16 {
      scratches.withLock { if $0.count < 16 { $0.append(scratch) } }
    }
    return tokens
  }

  /// Encodes text between added tokens, which begins at `origin` of the whole.
  private func normalize(
    _ text: Characters, at origin: Int, _ tokens: inout TokenList,
    _ scratch: inout BytePairEncoder.Scratch
  ) {
    let first = tokens.ranges.count
    var changed: NormalizedText?
    if normalizes { changed = NormalizedText(text) }
    if let changed {
      changed.bytes.withUnsafeBufferPointer {
        split(Characters(bytes: $0, classes: text.classes), &tokens, &scratch)
      }
    } else {
      split(text, &tokens, &scratch)
    }
    for index in first..<tokens.ranges.count {
      let range = tokens.ranges[index].clamped(to: 0..<Int.max)
      let original = changed?.original(range) ?? range
      tokens.ranges[index] = original.lowerBound + origin..<original.upperBound + origin
    }
  }

  private func split(
    _ text: Characters, _ tokens: inout TokenList, _ scratch: inout BytePairEncoder.Scratch
  ) {
    for segment in normalizedTokens.segments(text) {
      if let id = segment.id {
        tokens.append(id, segment.range)
        continue
      }
      preTokenizer.forEachPiece(of: text[segment.range]) { piece, position in
        encoder.encode(piece, at: segment.range.lowerBound + position, into: &tokens, &scratch)
      }
    }
  }
}
