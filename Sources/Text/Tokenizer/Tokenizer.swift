import FoundationEssentials
public import JSON
import Synchronization

/// A BPE tokenizer read from a `tokenizer.json`: byte-level ones as of Qwen, Llama 3, SmolLM, DeepSeek
/// and GPT-2, and those that come from SentencePiece, as of Llama 2, Mistral, Phi-3 and Gemma. The
/// same ids as the original library, for every text; safe to share.
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
  let decoder: TokenDecoder
  let specialIDs: Set<Int32>
  /// Normalized added tokens as they stand in a normalized text.
  let writtenTokens: [Int32: [UInt8]]
  private let preTokenizer: PreTokenizer
  private let normalizer: Normalizer
  private let originalTokens: AddedTokenMatcher
  private let normalizedTokens: AddedTokenMatcher
  private let prefix: [Int32]
  private let suffix: [Int32]
  private let scratches = Mutex<[BytePairEncoder.Scratch]>([])

  /// Reads a parsed `tokenizer.json`, which errors call `name`, and what stands beside it.
  public init(json: JSONValue, name: String, companions: TokenizerCompanions = .init())
    throws(TokenizerError)
  {
    var file = try TokenizerFile(json, name: name)
    let named = try companions.complete(&file, padding: json["padding"])
    encoder = file.encoder
    decoder = file.decoder
    preTokenizer = file.preTokenizer
    normalizer = file.normalizer
    (prefix, suffix) = (file.prefix, file.suffix)
    specialIDs = file.added.specialIDs
    writtenTokens = file.added.written
    let passesOver = named.splitsSpecialTokens ? specialIDs : []
    var original = AddedTokenMatcher(passingOver: passesOver)
    var normalized = AddedTokenMatcher(passingOver: passesOver)
    for token in file.added.tokens {
      let bytes = Array(token.content.utf8)
      if token.isNormalized {
        normalized.insert(token, bytes: file.added.written[token.id] ?? bytes)
      } else {
        original.insert(token, bytes: bytes)
      }
    }
    (originalTokens, normalizedTokens) = (original, normalized)
    (eosToken, padToken, bosToken) = (named.eos, named.pad, named.bos)
  }
}

// MARK: Text to tokens

extension Tokenizer {
  /// The ids of a text. Adds no special tokens, but finds those written in the text.
  public func encode(_ text: String) -> [Int32] { encode(text, ranges: false).ids }

  /// The ids of a text that is not part of a conversation, as the original library gives them to a
  /// model: with the tokens that the file's `post_processor` sets around a text, such as the one that
  /// begins it. What the text itself begins or ends with already is not set again.
  public func encodeAlone(_ text: String) -> [Int32] {
    let ids = encode(text)
    return (ids.starts(with: prefix) ? [] : prefix) + ids
      + (ids.suffix(suffix.count) == suffix[...] ? [] : suffix)
  }

  /// The ids of a text that goes on after `context`: without the space that some tokenizers set before
  /// a text. Where the end of the context would become part of the text's first token, those of the
  /// text alone.
  public func encode(_ text: String, after context: String) -> [Int32] {
    guard normalizer.setsSpace || preTokenizer.setsSpace else { return encode(text) }
    let before = encode(context), whole = encode(context + text)
    return whole.starts(with: before) ? Array(whole.dropFirst(before.count)) : encode(text)
  }

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
    let changed = normalizer.steps.isEmpty ? nil : normalizer(text)
    if let changed {
      changed.bytes.withUnsafeBufferPointer {
        // Where the begin of a text is stripped, what follows is not first.
        let isFirst = origin == 0 && changed.original(0..<min(1, $0.count)).lowerBound == 0
        split(
          Characters(bytes: $0, classes: text.classes), isFirst: isFirst, &tokens, &scratch)
      }
    } else {
      split(text, isFirst: origin == 0, &tokens, &scratch)
    }
    for index in first..<tokens.ranges.count {
      let range = tokens.ranges[index].clamped(to: 0..<Int.max)
      let original = changed?.original(range) ?? range
      tokens.ranges[index] = original.lowerBound + origin..<original.upperBound + origin
    }
  }

  private func split(
    _ text: Characters, isFirst: Bool, _ tokens: inout TokenList,
    _ scratch: inout BytePairEncoder.Scratch
  ) {
    for segment in normalizedTokens.segments(text) {
      if let id = segment.id {
        tokens.append(id, segment.range)
        continue
      }
      let start = tokens.ranges.count
      preTokenizer.forEachPiece(
        of: text[segment.range], isFirst: isFirst && segment.range.lowerBound == 0, &tokens
      ) { piece, position, tokens in
        encoder.encode(piece, at: position, into: &tokens, &scratch)
      }
      for index in start..<tokens.ranges.count where segment.range.lowerBound > 0 {
        let range = tokens.ranges[index], shift = segment.range.lowerBound
        tokens.ranges[index] = range.lowerBound + shift..<range.upperBound + shift
      }
    }
  }
}
