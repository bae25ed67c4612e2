import Foundation
import JSON
import Tasks
import Testing
import Text

@testable import Rows

/// Samples of single turns, fresh and from the cache.
@Suite struct EachTurnTests {
  struct Talk: Dataset {
    var sources: [String] = []
    let variesByEpoch = false
    let notes = ["'id' is not used"]
    var count: Int { 3 }

    func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
      Example(
        turns: (0...index).flatMap { number in
          [
            Turn(role: "user", text: "question \(number)"),
            Turn(
              role: "assistant", parts: [.text("answer \(number) ")], isTrained: number != 1),
          ]
        })
    }
  }

  static let trimming = #"""
    {%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content | trim + '<|im_end|>\n' }}
    {%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
    """#

  func open(_ turns: AssistantTurns, _ cache: RowCache? = nil, sources: [String] = []) throws
    -> EncodedDataset
  {
    let tokenizer = try #require(KeptRows.tokenizers[0])
    return try EncodedDataset(
      Talk(sources: sources), name: "train",
      encoder: ConversationEncoder(
        tokenizer: tokenizer, template: try ChatTemplate(source: Self.trimming)),
      assistantTurns: turns, maximumLength: 200, policy: .error, seed: 1, cache: cache)
  }

  @Test func rowsBecomeTheirTrainedTurns() throws {
    let rows = try open(.asRendered), turns = try open(.each)
    #expect(rows.count == 3 && turns.count == 4)
    let names = try (0..<4).map { try turns.sample($0, epoch: 0).source }
    #expect(
      names == [
        "train row 0, turn 1", "train row 1, turn 1", "train row 2, turn 1", "train row 2, turn 5",
      ])
    #expect(try turns.example(3, epoch: 0).turns.count == 6)
    // The same tokens are trained, since this template writes a turn alike wherever it stands.
    #expect(rows.statistics.trainedTokens == turns.statistics.trainedTokens)
    #expect(rows.statistics.notes == ["'id' is not used"])
    for statistics in [rows.statistics, turns.statistics] {
      #expect(statistics.omittingRows == 3)
      #expect(statistics.omission.turns == 4 && statistics.omission.characters == 4)
    }
    #expect(turns.statistics.digest != rows.statistics.digest)
  }

  @Test func theCacheKeepsThemApart() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "turns-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "rows.txt")
    try Data("rows".utf8).write(to: file)
    usleep(20_000)
    for mode in AssistantTurns.allCases {
      let cache = RowCache(key: ["task": "talk"], folder: folder.appending(path: "cache").path)
      let first = try open(mode, cache, sources: [file.path])
      guard case .kept = first.origin else {
        Issue.record("\(first.origin)")
        continue
      }
      let second = try open(mode, cache, sources: [file.path])
      guard case .cache = second.origin else {
        Issue.record("\(second.origin)")
        continue
      }
      #expect(second.statistics == first.statistics && second.count == first.count)
      for index in 0..<first.count {
        let kept = try second.sample(index, epoch: 0), made = try open(mode).sample(index, epoch: 0)
        #expect(kept.ids == made.ids && kept.isTrained == made.isTrained)
        #expect(kept.source == made.source)
      }
    }
  }
}
