import FoundationEssentials
import Synchronization
import TaskKit
import Testing

@testable import Recommendation

@Suite struct ReadyRowTests {
  private static let input =
    #"User's last 2 watched movies:\n1. A (rating ≈ 4.5)\n2. B (rating ≈ 3.0)\n\n"#
    + #"Candidate movie:\nC (1990)\n\nShould we recommend this movie to the user? Answer Yes or No."#
  private static let alpaca =
    #"{"instruction": "I", "input": "\#(input)", "output": "No", "system": "S", "history": []}"#
  private static let raw =
    #"{"user_id": 5, "history_titles": ["1. A (rating ≈ 4.5)", "2. B (rating ≈ 3.0)"], "#
    + #""candidate_title": "C (1990)", "label": "No"}"#

  /// The rows of `files`' training split.
  private func rows(
    _ files: [String: String], _ settings: [String: JSON], _ split: Split = .train
  ) throws -> [Example] {
    try withFolder(texts: files) { folder in
      let placed = settings.mapValues { value in
        guard let text = value.string, files[text] != nil else { return value }
        return .string(folder + "/" + text)
      }
      guard
        let dataset = try RecommendationDataset(configuration: .object(placed), split: split)
      else { return [] }
      return try (0..<dataset.count).map { try dataset.example(at: $0, epoch: 0, seed: 0) }
    }
  }

  @Test func arraysAndLinesAreRead() throws {
    let line = Self.alpaca
    let one = try rows(["t.json": "[\(line),\n \(line)]\n"], ["train": "t.json"])
    let two = try rows(["t.jsonl": line + "\n\n" + line], ["train": "t.jsonl"])
    #expect(one.count == 2)
    #expect(one == two)
    let named = try rows(
      ["t.json": line.replacing("\"output\"", with: "\"user_id\": 4, \"output\"")],
      ["train": "t.json"])
    #expect(named[0].metadata["user_id"] == 4)
    let marked = "\u{FEFF}[\(line), \(line)]"
    #expect(try rows(["t.json": marked], ["train": "t.json"]) == one)
    #expect(one[0].turns.map(\.role) == ["system", "user", "assistant"])
    #expect(one[0].turns[1].text.hasPrefix("I\n\nUser's last 2 watched movies:\n1. A"))
    #expect(one[0].turns[2].parts == [.choice(weights: [0, 1])])
    #expect(one[0].metadata["history_ratings"] == [4.5, 3.0])
    #expect(one[0].metadata["candidate_title"] == "C (1990)")
  }

  @Test(arguments: [
    (alpaca, "systm", "S", "unknown key 'systm'; did you mean 'system'?"),
    (alpaca, "userid", "4", "unknown key 'userid'; did you mean 'user_id'?"),
    (alpaca, "chosen", "Yes", "'chosen' is not read beside 'instruction'"),
    (raw, "labels", "Yes", "unknown key 'labels'; did you mean 'label'?"),
    (raw, "system", "S", "'system' is not read beside 'history_titles'"),
  ])
  func nothingOfARowIsPassedOverInSilence(row: String, key: String, text: String, sentence: String)
  {
    let added = #"{"\#(key)": "\#(text)", "# + row.dropFirst()
    do {
      _ = try rows(["t.jsonl": added], ["train": "t.jsonl"])
      Issue.record("read")
    } catch {
      #expect("\(error)".contains("t.jsonl:1: \(sentence)"), "\(error)")
    }
  }

  @Test func otherColumnsAreNamed() throws {
    let row = #"{"source": "x", "tools": [], "# + Self.alpaca.dropFirst()
    try withFolder(texts: ["t.jsonl": row]) { folder in
      let dataset = try RecommendationDataset(
        configuration: ["train": .string(folder + "/t.jsonl")], split: .train)
      #expect(dataset?.notes == ["not used: 'source', 'tools'"])
    }
  }

  @Test func rawRowsAskWhatAlpacaRowsAsk() throws {
    let files = ["t.json": Self.alpaca, "r.jsonl": Self.raw]
    let settings: [String: JSON] = [
      "train": "t.json", "test": "r.jsonl", "instruction": "I", "system": "S",
    ]
    let ready = try rows(files, settings), raw = try rows(files, settings, .test)
    #expect(raw[0].turns == ready[0].turns)
    #expect(raw[0].metadata["user_id"] == 5)
    #expect(raw[0].metadata["history_ratings"] == [4.5, 3.0])
    let named = Self.raw.replacing(": 5,", with: #": "u5","#)
    #expect(
      try rows(["r.jsonl": named], ["test": "r.jsonl"], .test)[0].metadata["user_id"] == "u5")
    // Bare titles are numbered, and have no ratings to count.
    let bare = Self.raw.replacing("1. A (rating ≈ 4.5)", with: "A")
    let row = try rows(["r.jsonl": bare], ["test": "r.jsonl"], .test)[0]
    #expect(row.turns[1].text.contains("movies:\n1. A\n2. B (rating ≈ 3.0)\n\nCandidate"))
    #expect(row.metadata["history_ratings"] == nil)
  }

  /// Tools that cut at the first blank line leave the history in the instruction.
  @Test func theHistoryIsFoundWhereverTheTextIsDivided() throws {
    let line = Self.alpaca.replacing("I\", \"input\": \"", with: "")
      .replacing("\\n\\nCandidate", with: "\", \"input\": \"Candidate")
    let row = try rows(["t.json": line], ["train": "t.json"])[0]
    #expect(row.turns[1].text.contains("(rating ≈ 3.0)\n\nCandidate movie:\nC (1990)\n\nShould"))
    #expect(row.metadata["history_ratings"] == [4.5, 3.0])
    #expect(row.metadata["candidate_title"] == "C (1990)")
  }

  @Test func earlierTurnsComeBeforeTheQuestion() throws {
    let line = Self.alpaca.replacing("[]", with: #"[["q", "a"]]"#)
    let row = try rows(["t.json": line], ["train": "t.json"])[0]
    #expect(row.turns.map(\.role) == ["system", "user", "assistant", "user", "assistant"])
    #expect(row.turns[1].text == "q")
  }

  @Test func registriesNameFilesAndColumns() throws {
    let line = Self.alpaca.replacing("\"output\"", with: "\"answer\"")
    let info = """
      {"ml": {"file_name": "t.json", "file_name_eval": "e.json", "formatting": "alpaca",
      "columns": {"prompt": "instruction", "query": "input", "response": "answer",
      "system": "system", "history": "history"}}, "other": {"file_name": "o.json"}}
      """
    let files = [
      "dataset_info.json": info, "t.json": "[\(line)]", "e.json": "[\(line), \(line)]",
    ]
    let settings: [String: JSON] = ["dataset_info": "dataset_info.json", "dataset": "ml"]
    #expect(try rows(files, settings).map(\.reference) == ["No"])
    #expect(try rows(files, settings, .validation).count == 2)
    #expect(try rows(files, settings, .test).isEmpty)
    func fault(_ info: String, _ name: JSON) throws -> String {
      var files = files
      files["dataset_info.json"] = info
      return message {
        _ = try rows(files, ["dataset_info": "dataset_info.json", "dataset": name])
      }
    }
    #expect(try fault(info, "movies").contains("'data.dataset' is 'movies', but"))
    #expect(try fault(info, nil).contains("'data.dataset' must name one of ml, other"))
    #expect(try fault("[]", "ml").contains("it must be an object"))
    #expect(try fault(#"{"ml": {"hf_hub_url": "x"}}"#, "ml").contains("'file_name' is missing"))
    let shared = #"{"ml": {"file_name": "t.json", "formatting": "sharegpt"}}"#
    #expect(try fault(shared, "ml").contains("the formatting is 'sharegpt'"))
    let odd = [
      (#""formatting": 7"#, "the formatting is 'a number'"),
      (#""columns": ["x"]"#, "'columns' must be"),
      (#""ranking": true"#, "'ranking' says"),
      (#""file_name_eval": 5"#, "'file_name_eval' must be"),
    ]
    for (member, expected) in odd {
      let said = try fault(#"{"ml": {"file_name": "t.json", \#(member)}}"#, "ml")
      #expect(said.contains(expected), "\(said)")
    }
    let absent = info.replacing("\"instruction\"", with: "\"question\"")
    #expect(try fault(absent, "ml").contains("columns name 'question', which the row lacks"))
    let columns = #"{"ml": {"file_name": "t.json", "columns": {"tools": "x"}}}"#
    #expect(try fault(columns, "ml").contains("unknown column 'tools'; known: history, prompt"))
  }

  static let faults: [(String, String)] = [
    (#"{"instruction": "i", "input": "x", "output": "Maybe"}"#, ":2: 'output' is 'Maybe'; it must"),
    (#"{"instruction": "i", "input": "x", "output": ""}"#, ":2: 'output' is missing or empty"),
    (#"{"instruction": 3, "input": "x", "output": "No"}"#, ":2: 'instruction' must be a text"),
    (#"{"instruction": "", "input": null, "output": "No"}"#, ":2: the row asks nothing"),
    (#"{"instruction": "i", "output": "No", "history": "q"}"#, ":2: 'history' must be a list"),
    (
      #"{"history_titles": ["A"], "candidate_title": "C", "label": "No", "user_id": [1]}"#,
      ":2: 'user_id' must be a text or a whole number"
    ),
    (#"{"question": "i"}"#, ":2: unknown shape of row: found the keys 'question'"),
    (#"{"instruction": "i", "output": "No", "history": [["q"]]}"#, ":2: 'history[0]' must be a"),
    (
      #"{"history_titles": [], "candidate_title": "C", "label": "No"}"#, ":2: 'history_titles' must"
    ),
    (#"{"history_titles": ["A"], "candidate_title": "C"}"#, ":2: 'label' is missing or empty"),
    ("{\"instruction\": ", ":2: not valid JSON"),
    ("3", ":2: a row must be an object, not a number"),
  ]

  /// What `host data prepare` writes of windows has the keys of both shapes.
  @Test func aRowOfBothShapesKeepsItsOwnWords() throws {
    let both =
      Self.alpaca.dropLast() + ", " + Self.raw.replacing("\"No\"", with: "\"Yes\"").dropFirst()
    let row = try #require(rows(["t.json": String(both)], ["train": "t.json"]).first)
    #expect(row.turns.first?.text == "S" && row.reference == "No")
    #expect(row.metadata["user_id"] == 5)
  }

  /// Stars that no rating has are no rating: the rules that need them are left out.
  @Test(arguments: ["nan", "1e999", "-7", "0"]) func oddStarsAreNone(stars: String) throws {
    let raw = Self.raw.replacing("≈ 4.5", with: "≈ \(stars)")
    let row = try #require(rows(["r.jsonl": raw], ["train": "r.jsonl"]).first)
    #expect(row.metadata["history_ratings"] == nil)
  }

  /// Raw rows have the recipe's words; training rows with others make the judgement unfair.
  @Test func otherWordsThanTrainingHasAreWarnedOf() throws {
    func warnings(_ instruction: String) throws -> [String] {
      let said = Mutex<[String]>([])
      let host = HostServices(log: { _, text in said.withLock { $0.append(text) } })
      try withFolder(texts: ["t.json": Self.alpaca, "r.jsonl": Self.raw]) { folder in
        let settings: JSON = [
          "train": .string(folder + "/t.json"), "test": .string(folder + "/r.jsonl"),
          "instruction": .string(instruction), "system": "S",
        ]
        _ = try RecommendationDataset(configuration: settings, split: .train, host: host)
        _ = try RecommendationDataset(configuration: settings, split: .test, host: host)
        // Held-out rows are judged without the training files too.
        try FileManager.default.removeItem(atPath: folder + "/t.json")
        _ = try RecommendationDataset(configuration: settings, split: .test, host: host)
      }
      return said.withLock(\.self)
    }
    #expect(try warnings("I").isEmpty)
    let other = try warnings("Say it.")
    #expect(other.count == 1)
    #expect(
      other.first?.hasPrefix(
        "held-out rows have the instruction 'Say it.', training rows 'I'; 'data.instruction'")
        == true)
  }

  @Test func filesThatDecideTheRowsAreNamed() throws {
    let files = [
      "dataset_info.json": #"{"ml": {"file_name": "t.json"}}"#, "t.json": Self.alpaca,
      "r.jsonl": Self.raw,
    ]
    try withFolder(texts: files) { folder in
      let settings: JSON = [
        "dataset_info": .string(folder), "test": .string(folder + "/r.jsonl"),
      ]
      for (split, name) in [(Split.train, "t.json"), (.test, "r.jsonl")] {
        let data = try #require(try RecommendationDataset(configuration: settings, split: split))
        #expect(data.sources == [folder + "/" + name, folder + "/dataset_info.json"])
        #expect(!data.variesByEpoch)
      }
    }
  }

  @Test(arguments: faults)
  func faultsNameFileAndLine(line: String, expected: String) {
    let said = message { _ = try rows(["t.jsonl": Self.raw + "\n" + line], ["train": "t.jsonl"]) }
    #expect(said.contains("t.jsonl" + expected), "\(said)")
  }

  @Test func faultsNameTheElement() {
    #expect(
      message { _ = try rows(["t.json": "[\(Self.raw), {}]"], ["train": "t.json"]) }
        .contains("t.json, element 2: unknown shape of row: found the keys none"))
    #expect(
      message { _ = try rows(["t.json": "[\(Self.raw)"], ["train": "t.json"]) }
        .contains("the array is never closed"))
    #expect(
      message { _ = try rows(["t.json": "[\(Self.raw)] []"], ["train": "t.json"]) }
        .contains("text after the array's end"))
    #expect(message { _ = try rows(["t.json": " \n"], ["train": "t.json"]) }.contains("no row"))
  }
}
