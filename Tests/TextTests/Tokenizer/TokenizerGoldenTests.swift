import FoundationEssentials
import JSON
import Testing
import Text

/// Small tokenizers and what the original library makes of texts with them.
enum Goldens {
  static func json(_ name: String) throws -> JSONValue {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Goldens/tokenizer")
    return try JSONValue(parsing: Array(Data(contentsOf: folder.appending(path: name))))
  }

  /// A tokenizer file of the goldens, some of its members replaced.
  static func file(_ base: String, _ patch: JSONValue = .emptyObject) throws -> JSONValue {
    guard case .object(var file) = try json(base + ".json"), case .object(let patch) = patch else {
      return .null
    }
    for (key, value) in patch {
      if key == "model", case .object(var model) = file[key], case .object(let changes) = value {
        for (key, value) in changes { model[key] = value }
        file[key] = .object(model)
      } else {
        file[key] = value
      }
    }
    return .object(file)
  }

  static func tokenizer(_ base: String, _ patch: JSONValue = .emptyObject) throws -> Tokenizer {
    try Tokenizer(json: file(base, patch), name: base)
  }
}

@Suite struct TokenizerGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let json: JSONValue
    var testDescription: String { json["name"]?.string ?? "" }

    func tokenizer() throws -> Tokenizer {
      try Goldens.tokenizer(json["base"]?.string ?? "", json["patch"] ?? .null)
    }
  }

  static let cases: [Case] =
    ((try? Goldens.json("cases.json"))?.array ?? []).map { Case(json: $0) }

  static func ids(_ json: JSONValue?) -> [Int32] {
    (json?.array ?? []).compactMap { $0.int.map(Int32.init) }
  }

  @Test func allVariantsAreThere() { #expect(Self.cases.count == 13) }

  @Test(arguments: cases) func encodesAsTheLibrary(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    let rows = try #require(golden.json["encoded"]?.array)
    #expect(rows.count > 50)
    for row in rows {
      let text = try #require(row[0]?.string)
      #expect(tokenizer.encode(text) == Self.ids(row[1]), "\(text.debugDescription)")
    }
  }

  @Test(arguments: cases) func decodesAsTheLibrary(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    let rows = try #require(golden.json["decoded"]?.array)
    #expect(!rows.isEmpty)
    for row in rows {
      let ids = Self.ids(row[0])
      #expect(bytes(tokenizer.decode(ids)) == bytes(row[1]?.string ?? ""), "\(ids)")
      let bare = tokenizer.decode(ids, skipSpecialTokens: true)
      #expect(bytes(bare) == bytes(row[2]?.string ?? ""), "\(ids)")
    }
  }

  /// Swift's `==` takes canonically equivalent texts for equal; these must have the same bytes.
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: cases) func rangesCoverTheText(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    for row in try #require(golden.json["encoded"]?.array) {
      let text = try #require(row[0]?.string)
      let tokens = tokenizer.encodeWithRanges(text)
      #expect(tokens.map(\.id) == Self.ids(row[1]))
      var end = 0
      for token in tokens {
        #expect(token.range.lowerBound <= end || golden.json["base"] == "smol", "\(row)")
        end = max(end, token.range.upperBound)
      }
      #expect(end == text.utf8.count || golden.json["base"] == "smol", "\(row)")
    }
  }

  @Test(arguments: cases) func streamingEqualsDecoding(_ golden: Case) throws {
    let tokenizer = try golden.tokenizer()
    for row in try #require(golden.json["decoded"]?.array) {
      let ids = Self.ids(row[0])
      var decoder = StreamingDecoder(tokenizer)
      let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
      #expect(bytes(text) == bytes(tokenizer.decode(ids)), "\(ids)")
    }
  }
}
