import FoundationEssentials
import TaskKit
import Testing

@testable import HRIDialogue

@Suite struct CorpusTests {
  /// The sample that the product ships.
  static let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("tasks/hri_dialogue/sample").path

  func config(_ change: (inout DialogueConfig) -> Void = { _ in }) -> DialogueConfig {
    var config = DialogueConfig(folder: Self.sample, seed: 42)
    change(&config)
    return config
  }

  func names(_ dialogues: [Dialogue]) -> Set<String> {
    Set(dialogues.map { $0.domain + "/" + $0.id })
  }

  @Test func splitsAreDisjointByDialogueAndComplete() throws {
    let corpus = try Corpus(config { $0.test_fraction = 0.2 })
    let parts = [corpus.train, corpus.validation, corpus.test].map(names)
    let all = try DialogueFile.read(DialogueFile.paths(in: Self.sample))
    #expect(parts[0].count + parts[1].count + parts[2].count == all.count)
    #expect(parts[0].union(parts[1]).union(parts[2]) == names(all))
    for domain in ["assembly", "delivery", "position", "relocation"] {
      let total = all.count { $0.domain == domain }
      let held = corpus.validation.count { $0.domain == domain }
      #expect(held == Int((0.1 * Double(total)).rounded()))
    }
  }

  @Test func theSplitIsAFunctionOfTheSeedAlone() throws {
    let all = try DialogueFile.read(DialogueFile.paths(in: Self.sample))
    func held(_ dialogues: [Dialogue], _ seed: UInt64) throws -> Set<String> {
      names(
        try Corpus(dialogues, validationFraction: 0.1, testFraction: 0, seed: seed).validation)
    }
    let first = try held(all, 1), turned = try held(all.reversed(), 1), second = try held(all, 2)
    #expect(first == turned)
    #expect(first != second)
    // Pinned: another platform or another day must divide alike.
    let ids = (0..<20).map { Dialogue(id: "\($0)", domain: "d", exchanges: []) }
    let pinned = try held(ids, 42)
    #expect(pinned == ["d/0", "d/9"])
  }

  @Test func everyRowAsksWithTheSamePrompt() throws {
    for split in [Split.train, .validation] {
      let data = try #require(
        try DialogueDataset(config: config(), split: split, host: .none))
      for index in 0..<data.count {
        let row = try data.example(at: index, epoch: 0, seed: 0)
        #expect(row.turns.map(\.role) == ["system", "user", "assistant"])
        let metadata: RowMetadata = try row.metadata.decoded()
        #expect(row.turns[0].text == Prompt.system(domain: metadata.domain))
        #expect(row.turns[1].text == metadata.user)
        #expect(!metadata.slots.mentioned.isEmpty)
      }
    }
  }

  @Test func theRowsNameTheirFilesAndDoNotVary() throws {
    let files = try DialogueFile.paths(in: Self.sample)
    let data = try #require(
      try DialogueDataset(config: config(), split: .train, host: .none))
    #expect(data.sources == [Self.sample] + files && !data.variesByEpoch)
    let named = config {
      $0.folder = nil
      $0.files = files
    }
    #expect(try DialogueDataset(config: named, split: .train, host: .none)?.sources == files)
  }

  @Test func historyTrainsEachAnswerOnceAndAsksEachTurn() throws {
    let corpus = try Corpus(config())
    let train = DialogueDataset(corpus.train, history: true, isTraining: true)
    #expect(train.count == corpus.train.count)
    let held = DialogueDataset(corpus.validation, history: true, isTraining: false)
    #expect(held.count == corpus.validation.map(\.exchanges.count).reduce(0, +))
    var index = 0
    for dialogue in corpus.validation {
      for turn in dialogue.exchanges.indices {
        let row = try held.example(at: index, epoch: 0, seed: 0)
        #expect(row.turns.count == 1 + 2 * (turn + 1))
        #expect(row.reference == dialogue.exchanges[turn].answer)
        index += 1
      }
    }
  }

  @Test func aTaskWithoutTestDialoguesHasNoTestSplit() throws {
    #expect(try DialogueDataset(config: config(), split: .test, host: .none) == nil)
    let data = try DialogueDataset(
      config: config { $0.test_fraction = 0.1 }, split: .test, host: .none)
    #expect((data?.count ?? 0) > 0)
  }

  @Test func duplicatesAreCounted() {
    func dialogue(_ id: String, _ pairs: [(String, String)]) -> Dialogue {
      let exchanges = pairs.map { Exchange(user: $0.0, answer: $0.1, slots: Slots()) }
      return Dialogue(id: id, domain: "d", exchanges: exchanges)
    }
    let train = [dialogue("1", [("a", "x"), ("b", "y")])]
    let held = [dialogue("2", [("a", "x"), ("b", "x"), ("c", "x")])]
    let found = Duplicates(of: held, in: train)
    #expect((found.rows, found.pairs, found.users) == (3, 1, 2))
  }

  @Test func idsSortNaturally() {
    let ids = ["10.json", "9.json", "a2", "a10", "9.txt"]
    #expect(
      ids.sorted(by: DialogueFile.naturallyPrecedes) == ["9.json", "9.txt", "10.json", "a2", "a10"])
  }
}
