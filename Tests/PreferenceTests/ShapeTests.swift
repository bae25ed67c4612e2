import TaskKit
import Testing

@testable import Preference

/// Every shape of row, as it stands in the files that people have.
@Suite struct ShapeTests {
  private static let completions =
    #"[{"response": "good", "overall_score": 8.5, "model": "m1"}, "#
    + #"{"response": "bad", "overall_score": 2, "model": "m2"}, "#
    + #"{"response": "fair", "overall_score": "5"}]"#

  private static let explicit: [(String, String)] = [
    (pair(), "u:q > a:yes < a:no"), (pair(#", "system": "s""#), "s:s u:q > a:yes < a:no"),
    (
      row(prompt: messages("s:s u:q"), chosen: messages("a:y"), rejected: text("n")),
      "s:s u:q > a:y < a:n"
    ),
    (
      row(prompt: messages("u:q a:b u:r"), chosen: text("y"), rejected: text("n")),
      "u:q a:b* u:r > a:y < a:n"
    ),
    (
      row(
        prompt: text("\\n\\nHuman: q?\\n\\nAssistant:"), chosen: text(" y"), rejected: text(" n")),
      "u:q? > a:y < a:n"
    ),
  ]

  /// The answers begin with the prompt once more, as in UltraFeedback's binarized rows.
  private static let repeated: [(String, String)] = [
    (
      row(
        prompt: text("q"), chosen: messages("u:q a:y"), rejected: messages("u:q a:n"),
        [
          ("prompt_id", text("f0e3")), ("messages", messages("u:q a:y")), ("score_chosen", "8.5"),
          ("score_rejected", "6"),
        ]), "u:q > a:y < a:n"
    ),
    (
      row(prompt: text("q"), chosen: messages("s:s u:q a:y"), rejected: messages("s:s u:q a:n")),
      "s:s u:q > a:y < a:n"
    ),
    (
      row(prompt: messages("u:q"), chosen: messages("u:q a:y"), rejected: text("n")),
      "u:q > a:y < a:n"
    ),
  ]

  private static let factory: [(String, String)] = [
    (
      row(
        prompt: nil, chosen: #"{"from": "gpt", "value": "y"}"#,
        rejected: #"{"from": "gpt", "value": "n"}"#,
        [("conversations", #"[{"from": "human", "value": "q"}]"#)]), "u:q > a:y < a:n"
    ),
    (
      row(
        prompt: nil, chosen: text("y"), rejected: text("n"),
        [("instruction", text("i")), ("input", text("x")), ("history", #"[["h", "b"]]"#)]),
      "u:h a:b* u:i\n\nx > a:y < a:n"
    ),
    (
      row(prompt: nil, chosen: text("y"), rejected: text("n"), [("messages", messages("u:q"))]),
      "u:q > a:y < a:n"
    ),
  ]

  private static let transcript =
    #"\n\nHuman: Hi\n\nAssistant: Hello.\n\nTell me.\n\nHuman: q?\n\nAssistant: "#

  private static let implicit: [(String, String)] = [
    (
      row(chosen: messages("u:q a:b u:r a:y"), rejected: messages("u:q a:b u:r a:n")),
      "u:q a:b* u:r > a:y < a:n"
    ),
    (
      row(chosen: messages("u:q a:b"), rejected: messages("u:q a:c u:r a:n")),
      "u:q > a:b < a:c u:r a:n"
    ),
    (
      row(chosen: messages("u:q a:b"), rejected: messages("u:q a:b u:r a:n")),
      "u:q > a:b < a:b u:r a:n"
    ),
    (
      row(chosen: text("Is it? Yes, it is."), rejected: text("Is it? Yesterday.")),
      "u:Is it? > a:Yes, it is. < a:Yesterday."
    ),
    (
      row(chosen: text("Is it? Yes"), rejected: text("Is it? Yes indeed")),
      "u:Is it? > a:Yes < a:Yes indeed"
    ),
    (row(chosen: text("今天天气好"), rejected: text("今天天气坏")), "u:今天天气 > a:好 < a:坏"),
    (
      row(chosen: text(transcript + "y"), rejected: text(transcript + "n")),
      "u:Hi a:Hello.\n\nTell me.* u:q? > a:y < a:n"
    ),
  ]

  private static let others: [(String, String)] = [
    (
      object([("instruction", text("q")), ("source", text("s")), ("completions", completions)]),
      "u:q > a:good < a:bad"
    ),
    (object([("prompt", text("q")), ("completions", completions)]), "u:q > a:good < a:bad"),
    (#"{"prompt": "q", "completion": "y", "label": true}"#, "u:q a:y +"),
    (
      object([("prompt", messages("u:q")), ("completion", messages("a:n")), ("label", "0")]),
      "u:q a:n -"
    ),
    (#"{"instruction": "i", "output": "y", "label": true}"#, "u:i a:y +"),
    (
      object([("conversations", messages("u:q a:n")), ("messages", "[]"), ("label", "false")]),
      "u:q a:n -"
    ),
    (object([("messages", messages("u:q a:b u:r a:y")), ("label", "1")]), "u:q a:b* u:r a:y +"),
  ]

  @Test(arguments: explicit + repeated + factory + implicit + others)
  func shapesAreKnownByTheirKeys(line: String, expected: String) throws {
    let rows = try dataset(line).examples()
    #expect(rows.map(short) == [expected])
    let two = try dataset("[\(line), \(line)]").examples()
    #expect(two.map(short) == [expected, expected])
  }

  @Test func whatTheTemplateReadsComesAlong() throws {
    let schema = #"{"type": "function", "function": {"name": "f"}}"#
    let rows = try dataset(
      pair(#", "tools": [\#(schema)], "chat_template_kwargs": {"enable_thinking": false}"#)
    ).examples()
    #expect(rows[0].templateVariables["tools"]?.array?.count == 1)
    #expect(rows[0].templateVariables["enable_thinking"] == false)
    let call =
      #"[{"role": "assistant", "tool_calls": [{"name": "f", "arguments": {}}]}, "#
      + #"{"role": "tool", "content": "1"}, {"role": "assistant", "content": "y", "weight": 1}]"#
    let example = try dataset(#"{"prompt": "q", "chosen": \#(call), "rejected": "n"}"#).examples()[
      0]
    #expect(example.chosen.map(\.role) == ["assistant", "tool", "assistant"])
    #expect(example.chosen[0].members["tool_calls"] != nil)
  }

  @Test func whatIsKnownOfARowIsToldToTheEvaluator() throws {
    let line = pair(
      #", "source": "forum", "score_chosen": 8.5, "score_rejected": 6, "chosen_model": "a", "#
        + #""rejected_model": "b", "prompt_id": "p7", "topic": "tea""#, chosen: "Yes, I do. ")
    let data = try dataset(line)
    let metadata = try data.examples()[0].metadata
    let row: RowMetadata = try #require(metadata["preference"]).decoded()
    #expect(row.source == "forum" && row.prompt_id == "p7")
    #expect(row.chosen == .init(words: 3, characters: 10, score: 8.5, model: "a"))
    #expect(row.rejected == .init(words: 1, characters: 2, score: 6, model: "b"))
    #expect(metadata["topic"] == "tea" && metadata["score_chosen"] == 8.5)
    #expect(data.notes == ["not used for training, kept as metadata: 'topic'"])
  }

  @Test func rowsWithoutASourceHaveTheirFilesAndOnePromptOneName() throws {
    let rows = try dataset([pair(), pair(chosen: "y"), pair(prompt: "r")].joined(separator: "\n"))
      .examples().map { try #require($0.metadata["preference"]).decoded(as: RowMetadata.self) }
    #expect(rows.map(\.source) == ["rows.jsonl", "rows.jsonl", "rows.jsonl"])
    #expect(rows[0].prompt_id == rows[1].prompt_id && rows[0].prompt_id != rows[2].prompt_id)
    #expect(rows[0].prompt_id.count == 16)
  }

  @Test func columnsOfAnswersAreNamedOnce() throws {
    let more =
      #"[{"response": "a", "overall_score": 1, "critique": "c"}, "#
      + #"{"response": "b", "overall_score": 2}, {"response": "c", "overall_score": "N/A"}]"#
    let data = try dataset(#"{"instruction": "q", "models": ["m"], "completions": \#(more)}"#)
    #expect(
      data.notes == [
        "answers without a score, which are left out: 1",
        "not used for training, kept as metadata: 'completions[].critique', 'models'",
      ])
    #expect(try short(data.examples()[0]) == "u:q > a:b < a:a")
  }
}
