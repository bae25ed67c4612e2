import FoundationEssentials
import JSON
import Testing
import Text

@Suite struct TokenizerTests {
  @Test func textOfAnyBytesReturns() throws {
    let tokenizer = try Goldens.tokenizer("qwen")
    for text in ["", "Grüße, 世界! 👩‍👩‍👧 it's 12:30\r\n\t x", "<|im_start|>user\nhi<|im_end|>\n"] {
      #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }
  }

  @Test func singleTokens() throws {
    let tokenizer = try Goldens.tokenizer("qwen")
    let end = try #require(tokenizer.id(of: "<|im_end|>"))
    #expect(tokenizer.isSpecial(end))
    #expect(tokenizer.token(of: end) == "<|im_end|>")
    let think = try #require(tokenizer.id(of: "<think>"))
    #expect(!tokenizer.isSpecial(think))
    #expect(tokenizer.decode([think, end], skipSpecialTokens: true) == "<think>")
    let space = try #require(tokenizer.id(of: "Ġ"))
    #expect(tokenizer.bytes(of: space) == [0x20])
    #expect(tokenizer.count == 705)
    for id in [Int32(-1), 705, .max] {
      #expect(tokenizer.token(of: id) == nil && tokenizer.bytes(of: id) == nil)
      #expect(tokenizer.decode([id]) == "")
    }
  }

  @Test func rangesAreOfTheOriginalText() throws {
    let tokenizer = try Goldens.tokenizer("qwen")
    // e + acute becomes é, whose two bytes may be two tokens; each covers all three bytes.
    let tokens = tokenizer.encodeWithRanges("1e\u{301}2<think>x")
    #expect(tokens.map(\.id) == tokenizer.encode("1é2<think>x"))
    let accent = tokens.filter { $0.range.overlaps(1..<4) }
    #expect(!accent.isEmpty && accent.allSatisfy { $0.range == 1..<4 })
    #expect(tokens.first?.range == 0..<1)
    #expect(tokens.dropFirst(1 + accent.count).map(\.range) == [4..<5, 5..<12, 12..<13])
  }

  @Test func streamingHoldsBackHalfCharacters() throws {
    let tokenizer = try Goldens.tokenizer("qwen")
    let bytes = try ["ð", "Ł", "Ĵ", "Ģ"].map { try #require(tokenizer.id(of: $0)) }
    var decoder = StreamingDecoder(tokenizer)
    #expect(bytes.map { decoder.append($0) } == ["", "", "", "💀"])
    #expect(decoder.append(bytes[0]) == "")
    #expect(decoder.append(try #require(tokenizer.id(of: "x"))) == "\u{FFFD}x")
    #expect(decoder.append(bytes[0]) == "")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.finish() == "")
    var silent = StreamingDecoder(tokenizer, skipSpecialTokens: true)
    #expect(silent.append(try #require(tokenizer.id(of: "<|im_end|>"))) == "")
  }

  @Test func encodesTheSameFromManyTasks() async throws {
    let tokenizer = try Goldens.tokenizer("smol")
    let texts = (0..<40).map { "The river \($0) doesn't wait; 河水 \($0 * 7919)" }
    let wanted = texts.map { tokenizer.encode($0) }
    await withTaskGroup(of: (Int, [Int32]).self) { group in
      for (index, text) in texts.enumerated() {
        group.addTask { (index, tokenizer.encode(text)) }
      }
      for await (index, ids) in group { #expect(ids == wanted[index]) }
    }
  }

  @Test func longPiecesTakeLittleTime() throws {
    // Quadratic work on such a run, which no space cuts, would take minutes.
    let tokenizer = try Goldens.tokenizer("qwen")
    let text = String(repeating: "ab", count: 50_000)
    #expect(tokenizer.decode(tokenizer.encode(text)) == text)
  }

  @Test func folderGivesTheNamedTokens() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "tokenizer-test-\(UInt64.random(in: 0...UInt64.max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder.path) }
    try Data(Goldens.json("qwen.json").text().utf8)
      .write(to: folder.appending(path: "tokenizer.json"))
    #expect(try Tokenizer(folder: folder.path).eosToken == nil)
    let config: JSONValue = [
      "eos_token": "<|im_end|>", "pad_token": ["content": "<|endoftext|>", "lstrip": false],
      "bos_token": nil,
    ]
    try Data(config.text().utf8).write(to: folder.appending(path: "tokenizer_config.json"))
    let tokenizer = try Tokenizer(folder: folder.path)
    #expect(tokenizer.eosToken == "<|im_end|>" && tokenizer.eosID == 702)
    #expect(tokenizer.padToken == "<|endoftext|>" && tokenizer.padID == 700)
    #expect(tokenizer.bosToken == nil && tokenizer.bosID == nil)
  }
}

@Suite struct TokenizerErrorTests {
  static let faults: [(base: String, patch: JSONValue, names: String)] = [
    ("qwen", ["model": ["type": "Unigram"]], "Unigram"),
    ("qwen", ["model": ["dropout": 0.1]], "dropout"),
    ("qwen", ["model": ["continuing_subword_prefix": "##"]], "continuing_subword_prefix"),
    ("smol", ["model": ["unk_token": "<none>"]], "<none>"),
    ("qwen", ["model": ["vocab": ["a": -1]]], "vocab[\"a\"]"),
    ("qwen", ["model": ["vocab": ["a": 1_099_511_627_776]]], "vocab[\"a\"]"),
    ("qwen", ["model": ["vocab": ["a": 1, "b": 1]]], "vocab[\"b\"]"),
    ("qwen", ["model": ["vocab": []]], "vocab"),
    ("qwen", ["model": ["byte_fall_back": true]], "byte_fall_back"),
    ("qwen", ["model": ["fuse_unk": 1]], "fuse_unk"),
    ("qwen", ["model": ["merges": ["ab"]]], "merges[0]"),
    ("qwen", ["model": ["merges": [["a", "b", "c"]]]], "merges[0]"),
    ("qwen", ["model": ["merges": ["a ☃"]]], "merges[0]"),
    ("qwen", ["normaliser": nil], "normaliser"),
    ("qwen", ["normalizer": ["type": "Precompiled"]], "Precompiled"),
    ("qwen", ["normalizer": ["type": "NFC", "form": 1]], "form"),
    ("qwen", ["pre_tokenizer": ["type": "UnicodeScripts"]], "UnicodeScripts"),
    ("qwen", ["pre_tokenizer": ["type": "Metaspace"]], "replacement"),
    ("qwen", ["pre_tokenizer": ["type": "Digits", "digits": true]], "\"digits\""),
    (
      "qwen",
      [
        "pre_tokenizer": [
          "type": "Metaspace", "replacement": "_", "add_prefix_space": false,
          "prepend_scheme": "first",
        ]
      ], "add_prefix_space"
    ),
    (
      "qwen",
      [
        "pre_tokenizer": [
          "type": "Split", "pattern": ["Regex": #"\X"#], "behavior": "Isolated", "invert": false,
        ]
      ], #"\X"#
    ),
    (
      "qwen",
      [
        "pre_tokenizer": [
          "type": "Split", "pattern": ["String": " "], "behavior": "Joined", "invert": false,
        ]
      ], "Joined"
    ),
    ("qwen", ["decoder": ["type": "WordPiece"]], "WordPiece"),
    ("qwen", ["post_processor": ["type": "Other"]], "Other"),
    (
      "qwen",
      ["post_processor": ["type": "BertProcessing", "sep": ["</s>", 9999], "cls": ["<s>", 1]]],
      "BertProcessing"
    ),
    ("qwen", ["added_tokens": [["id": 0, "content": "<x>"]]], "<x>"),
    ("qwen", ["added_tokens": [["id": 900, "content": "<x>"]]], "900"),
    ("qwen", ["added_tokens": [["content": "<x>"]]], "added_tokens[0]"),
  ]

  @Test(arguments: faults.indices) func namesWhatIsWrong(_ index: Int) throws {
    let (base, patch, names) = Self.faults[index]
    let file = try Goldens.file(base, patch)
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: file, name: "t.json") }
    #expect(error?.description.hasPrefix("t.json: ") == true)
    #expect(error?.message.contains(names) == true, "\(error?.message ?? "")")
  }

  @Test func aFolderWithoutTheFileSaysWhatToDo() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "tokenizer-test-\(UInt64.random(in: 0...UInt64.max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data([0]).write(to: folder.appending(path: "tokenizer.model"))
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder.path) }
    #expect(error?.message.contains("tokenizer.model") == true)
    #expect(error?.message.contains("save_pretrained") == true)
  }

  @Test func notATokenizer() {
    for json: JSONValue in [nil, [], .emptyObject, ["model": []]] {
      #expect(throws: TokenizerError.self) { try Tokenizer(json: json, name: "t.json") }
    }
  }
}
