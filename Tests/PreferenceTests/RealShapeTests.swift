import TaskKit
import Testing

@testable import Preference

/// Rows with all the columns that well-known data sets have, in texts of our own.
@Suite struct RealShapeTests {
  /// UltraFeedback with its four answers, each with the notes of its judge.
  private static let ultraFeedback: String = {
    func answer(_ words: String, _ score: String, _ model: String) -> String {
      let aspect = #"{"Rating": "4", "Rationale": "Clear."}"#
      return object([
        ("annotations", object([("helpfulness", aspect), ("honesty", aspect)])),
        ("custom_system_prompt", text("Be brief.")), ("model", text(model)),
        ("principle", text("honesty")), ("response", text(words)), ("critique", text("Fine.")),
        ("fine-grained_score", "4.25"), ("overall_score", score),
      ])
    }
    let answers = [
      answer("Boil it.", "6.5", "m-7b"), answer("Boil it for four minutes.", "8.5", "m-70b"),
      answer("Why?", "1", "m-1b"), answer("In water.", "5", "m-3b"),
    ]
    return object([
      ("source", text("evol_instruct")), ("instruction", text("How do I cook an egg?")),
      ("models", #"["m-7b", "m-70b", "m-1b", "m-3b"]"#),
      ("completions", "[\(answers.joined(separator: ", "))]"),
      ("correct_answers", #"["None"]"#), ("incorrect_answers", #"["None"]"#),
    ])
  }()

  @Test func ultraFeedbackWithItsScoredAnswers() throws {
    let data = try dataset(Self.ultraFeedback)
    let row = try data.examples()[0]
    #expect(short(row) == "u:How do I cook an egg? > a:Boil it for four minutes. < a:Why?")
    let known: RowMetadata = try #require(row.metadata["preference"]).decoded()
    #expect(known.source == "evol_instruct" && known.chosen?.model == "m-70b")
    #expect(known.chosen?.score == 8.5 && known.rejected?.score == 1)
    #expect(
      data.notes == [
        "not used for training, kept as metadata: 'completions[].annotations', "
          + "'completions[].critique', 'completions[].custom_system_prompt', "
          + "'completions[].fine-grained_score', 'completions[].principle', 'correct_answers', "
          + "'incorrect_answers', 'models'"
      ])
  }

  @Test func ultraFeedbackInPairs() throws {
    let question = "How do I cook an egg?"
    func talk(_ answer: String) -> String {
      "["
        + [("user", question), ("assistant", answer)].map {
          object([("content", text($1)), ("role", text($0))])
        }.joined(separator: ", ") + "]"
    }
    let line = object([
      ("prompt", text(question)), ("prompt_id", text("f0e37e9f")),
      ("chosen", talk("Boil it.")), ("rejected", talk("Why?")), ("messages", talk("Boil it.")),
      ("score_chosen", "8.5"), ("score_rejected", "8.5"),
    ])
    #expect(fault(line).contains("both answers have the score 8.5"))
    let data = try dataset(line.replacing("8.5}", with: "4.0}"))
    #expect(try data.examples().map(short) == ["u:\(question) > a:Boil it. < a:Why?"])
    #expect(data.notes.isEmpty)
    let conversations = try dataset(line.replacing("8.5}", with: "4.0}")) { $0.rows = "chosen" }
    #expect(try conversations.examples().map(short) == ["u:\(question) a:Boil it."])
  }

  @Test func transcriptsOfTwoSpeakers() throws {
    let start = #"\n\nHuman: What is a good tea?\n\nAssistant: Green tea.\n\nHuman: Human: why?"#
    let line = row(
      chosen: text(start + #"\n\nAssistant: It is mild.\n\nIt is cheap."#),
      rejected: text(start + #"\n\nAssistant: Assistant: who knows?"#))
    let example = try dataset(line).examples()[0]
    #expect(example.turns.map(\.role) == ["user", "assistant", "user"])
    #expect(example.turns[2].text == "Human: why?", "a speaker's name inside a paragraph is text")
    #expect(example.chosen.map(\.text) == ["It is mild.\n\nIt is cheap."])
    #expect(example.rejected.map(\.text) == ["Assistant: who knows?"])
  }

  @Test func pairsOfShareGPTWithFunctions() throws {
    let line = object([
      (
        "conversations",
        #"[{"from": "human", "value": "h"}, {"from": "gpt", "value": "b"}, "#
          + #"{"from": "human", "value": "q"}]"#
      ), ("chosen", #"{"from": "gpt", "value": "y"}"#),
      ("rejected", #"{"from": "gpt", "value": "n"}"#), ("system", text("s")),
      ("tools", text(#"[{\"name\": \"f\"}]"#)),
    ])
    let example = try dataset(line).examples()[0]
    #expect(short(example) == "s:s u:h a:b* u:q > a:y < a:n")
    let schema = example.templateVariables["tools"]?.array?.first
    #expect(schema?["type"] == "function" && schema?["function"]?["name"] == "f")
  }

  /// As `data export` writes rows, what was told of them under `metadata`.
  @Test func rowsThatWereExportedAreTheSameRows() throws {
    func talk(_ turns: [Turn]) -> JSON {
      .array(turns.map { ["role": .string($0.role), "content": .string($0.text)] })
    }
    let line = pair(
      #", "source": "forum", "score_chosen": 8, "score_rejected": 6, "chosen_model": "a", "#
        + #""topic": "tea""#)
    for use in ["pairs", "labels"] {
      for text in [line, Self.ultraFeedback] {
        let rows = try dataset(text) { $0.rows = use }.examples()
        let exported = rows.map { row -> String in
          var members: JSON.Members = ["prompt": talk(row.turns), "metadata": row.metadata]
          if let label = row.label {
            members["prompt"] = talk(row.turns.dropLast())
            members["completion"] = talk(row.turns.suffix(1))
            members["label"] = .bool(label)
          } else {
            members["chosen"] = talk(row.chosen)
            members["rejected"] = talk(row.rejected)
          }
          return JSON.object(members).text
        }
        #expect(try dataset(exported.joined(separator: "\n")).examples() == rows)
      }
    }
  }

  @Test func tablesFullOfNullsAreRowsOfOneShape() throws {
    let nulls = [
      "label", "completion", "completions", "conversations", "messages", "instruction", "system",
      "tools", "score_chosen", "images",
    ].map { ($0, "null") }
    let line = row(prompt: text("q"), chosen: text("y"), rejected: text("n"), nulls)
    let data = try dataset(line)
    #expect(try data.examples().map(short) == ["u:q > a:y < a:n"] && data.notes.isEmpty)
  }

  // MARK: Properties

  /// Whatever two conversations begin with alike, the parts together are the conversations again.
  @Test func aDivisionLosesNoTurn() throws {
    var random = RowGenerator(index: 0, epoch: 0, seed: 3)
    func turns(_ count: Int) -> [Turn] {
      (0..<count).map { place in
        let text = String(Int.random(in: 0..<9, using: &random))
        return place.isMultiple(of: 2) ? .user(text) : .assistant(text)
      }
    }
    for _ in 0..<300 {
      let common = turns(2 * Int.random(in: 0...2, using: &random))
      let (one, other) = (common + turns(2), common + turns(2))
      do {
        let division = try Division(one, other)
        #expect((division.prompt + division.chosen).says(what: one))
        #expect((division.prompt + division.rejected).says(what: other))
        #expect(division.prompt.last?.role == "user")
        #expect(division.chosen[0].role == "assistant" && division.rejected[0].role == "assistant")
      } catch {
        #expect(error.kind == .otherPrompts && one[common.count].text != other[common.count].text)
      }
    }
  }

  /// Words of a text's prompt and answer are the text's words.
  @Test func aDivisionCutsNoWord() throws {
    var random = RowGenerator(index: 1, epoch: 0, seed: 3)
    let words = ["tea", "teapot", "is", "it?", "I", "am", "well.", "茶", "no-one"]
    func some(_ count: Int) -> String {
      (0..<count).map { _ in words[Int.random(in: words.indices, using: &random)] }
        .joined(separator: " ")
    }
    for _ in 0..<300 {
      let common = some(3), one = common + " " + some(2), other = common + " " + some(3)
      guard one != other else { continue }
      let division = try Division(one, other)
      for (whole, rest) in [(one, division.chosen), (other, division.rejected)] {
        #expect(Words.split(division.prompt.text) + Words.split(rest.text) == Words.split(whole))
        #expect(!rest.text.isEmpty)
      }
    }
  }
}
