import TaskKit
import Testing

@testable import Preference

/// What a row may not say, what becomes of rows that prefer nothing, and what a recipe may not ask.
@Suite struct FaultTests {
  /// Rows that prefer nothing: what the error says, and what the count of skipped rows calls them.
  static let bad: [(String, String, String)] = [
    (
      pair(chosen: "same", rejected: " same"), "'chosen' and 'rejected' say the same",
      "1 with identical answers"
    ),
    (
      row(chosen: text("a b c"), rejected: text("a b c")), "'chosen' and 'rejected' say the same",
      "1 with identical answers"
    ),
    (
      row(chosen: messages("u:q a:y"), rejected: messages("u:q a:y")), "say the same",
      "1 with identical answers"
    ),
    (pair(chosen: ""), "'chosen' is empty", "1 with an empty answer"),
    (pair(rejected: " \\n"), "'rejected' is empty", "1 with an empty answer"),
    (
      row(prompt: text("q"), chosen: "[]", rejected: text("n")), "'chosen' is empty",
      "1 with an empty answer"
    ),
    (
      row(prompt: text("q"), chosen: messages("a:y u:r"), rejected: text("n")),
      "'chosen' is empty, or does not end in an assistant's turn", "1 with an empty answer"
    ),
    (
      row(chosen: messages("u:q"), rejected: messages("u:q a:n")), "'chosen' has no answer",
      "1 with an empty answer"
    ),
    (
      row(
        chosen: text("\\n\\nHuman: q\\n\\nAssistant: y"),
        rejected: text("\\n\\nHuman: q\\n\\nAssistant:")), "'rejected' is empty",
      "1 with an empty answer"
    ),
    (
      row(chosen: messages("u:q a:y"), rejected: messages("u:r a:n")),
      "the two conversations differ before the assistant's answer", "1 whose two prompts differ"
    ),
    (
      row(prompt: text("q"), chosen: messages("u:r a:y"), rejected: messages("u:r a:n")),
      "the answers repeat another prompt than 'prompt'", "1 whose two prompts differ"
    ),
    (
      row(prompt: text("q"), chosen: messages("u:r a:y"), rejected: text("n")),
      "'chosen' repeats another prompt than 'prompt'", "1 whose two prompts differ"
    ),
    (
      row(chosen: text("Tea."), rejected: text("Coffee.")),
      "no common beginning that could be their prompt", "1 whose two prompts differ"
    ),
    (
      pair(#", "score_chosen": 7.5, "score_rejected": "7.5""#), "both answers have the score 7.5",
      "1 with equal scores"
    ),
    (
      pair(#", "chosen_rating": 1, "rejected_rating": 2"#),
      "'chosen' has the score 1, 'rejected' the higher 2",
      "1 whose rejected answer has the higher score"
    ),
    (
      scored(#"{"response": "b", "overall_score": 1}"#),
      "all answers have the same 'overall_score', 1", "1 with equal scores"
    ),
    (
      scored(#"{"response": "b"}"#), "'completions' has 1 answers with 'overall_score', not two",
      "1 with fewer than two scored answers"
    ),
    (
      scored(#"{"response": " a ", "overall_score": 0}"#),
      "the best answer and those with a lower score say the same", "1 with identical answers"
    ),
  ]

  private static func scored(_ other: String) -> String {
    let first = #"{"response": "a", "overall_score": 1}"#
    return object([("prompt", text("q")), ("completions", "[\(first), \(other)]")])
  }

  @Test(arguments: bad)
  func aRowThatPrefersNothingIsAnErrorOrCounted(line: String, sentence: String, kind: String) throws
  {
    let found = fault(line)
    #expect(found.hasPrefix("rows:1: ") && found.contains(sentence), "\(found)")
    #expect(found.hasSuffix("; mend or remove the row, or set data.on_bad_pair: skip"))
    let data = try dataset(line + "\n" + pair()) { $0.on_bad_pair = "skip" }
    #expect(data.count == 1)
    let note = try #require(data.notes.first)
    #expect(
      note.hasPrefix("skipped by data.on_bad_pair: 1 of 2 rows: \(kind) (the first: "), "\(note)")
    #expect(note.hasSuffix("rows.jsonl:1)"))
  }

  @Test func kindsOfSkippedRowsAreCountedEach() throws {
    let lines = [pair(chosen: "no"), pair(), pair(chosen: ""), pair(rejected: "yes")]
    let data = try dataset(lines.joined(separator: "\n")) { $0.on_bad_pair = "skip" }
    let note = try #require(data.notes.first)
    #expect(note.contains("3 of 4 rows: 1 with an empty answer (the first: "))
    #expect(note.contains("rows.jsonl:3), 2 with identical answers (the first: "))
    #expect(note.hasSuffix("rows.jsonl:1)"))
    let none = fault(pair(chosen: "")) { $0.on_bad_pair = "skip" }
    #expect(none.hasPrefix("no row is left: skipped by data.on_bad_pair: 1 of 1 rows"), "\(none)")
  }

  private static let faults: [(String, String)] = [
    (#"{"prompt": "q", "chosen": "y"}"#, "'rejected' is missing; a pair has it and 'chosen'"),
    (#"{"prompt": "q", "chosen": null, "rejected": "n"}"#, "'chosen' is missing"),
    (#"{"prompt": "", "chosen": "y", "rejected": "n"}"#, "the prompt is empty; where 'chosen'"),
    (
      #"{"prompt": \#(messages("u:q a:b")), "chosen": "y", "rejected": "n"}"#,
      "the prompt must end with a user's or a tool's turn"
    ),
    (#"{"chosen": "y", "rejected": \#(messages("u:q a:n"))}"#, "are a text and turns"),
    (pair(#", "label": true"#), "the row has 'chosen', 'rejected' and 'label' too; keep one"),
    (pair(#", "instruction": "i""#), "the row has 'prompt' and 'instruction' too; keep one"),
    (
      pair(#", "messages": \#(messages("u:z a:y"))"#),
      "'messages' is neither the prompt nor 'chosen'"
    ),
    (pair(#", "question": "w""#), "'question' is called 'prompt' here; rename it"),
    (pair(#", "input": "w""#), "'input' belongs to rows with 'instruction'"),
    (pair(#", "completion": "w""#), "'completion' is one answer, but the row has others"),
    (pair(#", "images": ["a.png"]"#), "'images' holds media, but this task reads text only"),
    (pair(#", "weight": 0.5"#), "'weight' weighs the row"),
    (pair(#", "chosen_input_ids": [1]"#), "'chosen_input_ids' holds tokens"),
    (pair(#", "ref_chosen_logps": -3.5"#), "holds a reference model's log-probabilities"),
    (pair(#", "sytem": "s""#), "unknown key 'sytem'; did you mean 'system'?"),
    (pair(#", "score_choosen": 3"#), "unknown key 'score_choosen'; did you mean 'score_chosen'?"),
    (
      pair(#", "score_chosen": "high", "score_rejected": 1"#),
      "'score_chosen' must be a number, not 'high'"
    ),
    (pair(#", "preference": 1"#), "'preference' is the name of what is told of each row"),
    (
      #"{"prompt": "q", "chosen": 3, "rejected": "n"}"#,
      "'chosen' must be a text or a list of messages"
    ),
    (
      #"{"prompt": "q", "choosen": "y", "reject": "n"}"#,
      "unknown key 'choosen'; did you mean 'chosen'?"
    ),
    (#"{"prompt": "q", "completion": "y"}"#, "'completion' is one answer"),
    (
      #"{"prompt": "q", "completion": "y", "label": "good"}"#,
      "'label' must be true (a wanted answer)"
    ),
    (#"{"prompt": "q", "label": true}"#, "'completion' is missing; add it"),
    (#"{"completion": "y", "label": true}"#, "'prompt' is missing; add it"),
    (
      #"{"prompt": "q", "messages": \#(messages("u:z")), "completion": "y", "label": true}"#,
      "the row has 'prompt' and 'messages' too; keep one"
    ),
    (
      #"{"prompt": "q", "messages": \#(messages("u:z")), "completions": []}"#,
      "the row has 'prompt' and 'messages' too; keep one"
    ),
    (
      object([("conversations", "[]"), ("messages", messages("u:q a:y")), ("label", "1")]),
      "the row has 'conversations' and 'messages' too; keep one"
    ),
    (
      #"{"prompt": "q", "completion": "y", "kto_tag": true, "label": 1}"#,
      "'kto_tag' is called 'label'"
    ),
    (#"{"prompt": "q", "completions": [{"text": "y"}]}"#, "completions[0]: 'response' is missing"),
    (
      #"{"prompt": "q", "completions": [{"respons": "y"}]}"#,
      "completions[0]: unknown key 'respons'; did you mean 'response'?"
    ),
    (
      #"{"prompt": "q", "completions": [{"response": "y", "overall_score": "x"}]}"#,
      "must be a number"
    ),
    (
      row(
        prompt: text("q"), chosen: #"{"role": "assistant", "content": "y", "weight": 0}"#,
        rejected: text("n")),
      "no assistant's turn of 'chosen' is trained"
    ),
    ("3", "a row must be an object, this is a number"),
    ("{", "not valid JSON"),
  ]

  @Test(arguments: faults)
  func aRowsFaultNamesFileAndLine(line: String, sentence: String) {
    let found = fault(pair() + "\n" + line)
    #expect(found.hasPrefix("rows:2") && found.contains(sentence), "\(found)")
    let skipped = fault(pair() + "\n" + line) { $0.on_bad_pair = "skip" }
    #expect(skipped == found, "only rows that prefer nothing are skipped")
  }

  @Test(arguments: [
    ("rows", "pair", "'data.rows' does not know 'pair'; did you mean 'pairs'?"),
    ("rows", "x", "known: auto, pairs, labels, chosen"),
    ("rejected", "best", "'data.rejected' does not know 'best'"),
    ("on_bad_pair", "ignore", "'data.on_bad_pair' does not know 'ignore'; known: error, skip"),
    ("score", "", "'data.score' names no key"),
  ])
  func aRecipesWordIsRefused(key: String, value: String, sentence: String) {
    let found = fault(pair()) { config in
      switch key {
      case "rows": config.rows = value
      case "rejected": config.rejected = value
      case "score": config.score = value
      default: config.on_bad_pair = value
      }
    }
    #expect(found.contains(sentence), "\(found)")
  }

  @Test func aLabelIsAboutOneAnswer() {
    let sentence = "a label is about one answer, but a user's turn stands among its turns"
    let answer = messages("a:y u:r a:z")
    let labeled = object([("prompt", text("q")), ("completion", answer), ("label", "true")])
    #expect(fault(labeled).hasPrefix("rows:1: " + sentence))
    let pair = row(prompt: text("q"), chosen: answer, rejected: text("n"))
    #expect(fault(pair) { $0.rows = "labels" }.hasPrefix("rows:1: " + sentence))
    #expect(fault(pair).hasPrefix("read as"))
  }

  @Test func rowsOfTwoKindsAreRefusedByName() {
    let labeled = #"{"prompt": "q", "completion": "y", "label": true}"#
    let mixed = fault(pair() + "\n" + labeled)
    #expect(
      mixed.hasPrefix("rows:2: the row is an answer with a label, unlike the rows from rows:1 on"))
    let other = fault(labeled + "\n" + pair())
    #expect(other.hasPrefix("rows:2: the row is a pair, unlike the rows from rows:1 on"))
    let asked = fault(labeled) { $0.rows = "pairs" }
    #expect(asked.hasPrefix("rows:1: an answer with a label is no pair"))
  }
}
