import Formats
import Foundation
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Generation

/// Rotary rules that ask for a text's length: each text has its own, whatever it is batched with.
@Suite struct TextLengthTests {
  /// The golden qwen2 with a rule that changes past 12 tokens.
  private func model(_ rule: String) throws -> CausalLanguageModel {
    let source = goldens + "/models/qwen2"
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let config = try String(contentsOfFile: source + "/config.json", encoding: .utf8)
    let changed = config.replacing("\"max_position_embeddings\": 256", with: rule)
    try #require(changed != config)
    try changed.write(to: folder.appending(path: "config.json"), atomically: true, encoding: .utf8)
    return try CausalLanguageModel(
      config: ModelConfig(folder: folder.path), weights: .folder(SafeTensorsFolder(path: source)))
  }

  static let rules = [
    #""max_position_embeddings": 12, "rope_scaling": {"type": "dynamic", "factor": 4}"#,
    #""max_position_embeddings": 64, "original_max_position_embeddings": 12, "rope_scaling": "#
      + #"{"type": "longrope", "short_factor": [1, 1, 1.1, 1.1, 1.2], "#
      + #""long_factor": [1, 2, 3, 4, 9]}"#,
  ]

  @Test(arguments: rules) func choicesAreScored(rule: String) throws {
    let model = try model(rule), prompt = prompts([11]).map(\.ids)[0]
    let questions = [
      ChoiceQuestion(
        prompt: prompt, choices: [[5], [5, 6], [5, 6, 7], [5, 6, 8], [5, 6, 7, 8, 9]]),
      ChoiceQuestion(prompt: prompt + [5, 6, 7], choices: [[3], [3, 4]]),
    ]
    let scores = try model.scoreChoices(questions)
    for (question, scores) in zip(questions, scores) {
      let alone = try question.choices.map { try model.scoreChoices(question.prompt, [$0])[0] }
      expectClose(scores, alone, atol: 1e-4, rtol: 0)
      for (choice, score) in zip(question.choices, scores) {
        // What is read: all but the last token.
        let text = question.prompt + choice.dropLast()
        let hidden = Recording.off { model.hidden(text, Segments(lengths: [text.count])) }
        let rows = choice.indices.map { question.prompt.count - 1 + $0 }
        let expected = Recording.off {
          logProbabilities(selectRows(hidden, rows), model.head.weight, targets: choice).values
        }
        expectClose(score, expected.reduce(0) { $0 + Double($1) }, atol: 1e-4, rtol: 0)
      }
    }
  }

  @Test(arguments: rules) func answersDoNotDependOnTheBatch(rule: String) throws {
    let model = try model(rule), all = prompts([5, 20, 11])
    let generator = try Generator(
      model: model, vocabulary: 160, stopTokens: [], maximumNewTokens: 16)
    let together = try generator(all).sequences.map(\.ids)
    #expect(together.allSatisfy { $0.count == 16 })
    for (prompt, ids) in zip(all, together) {
      #expect(try generator([prompt]).sequences[0].ids == ids)
    }
  }
}
