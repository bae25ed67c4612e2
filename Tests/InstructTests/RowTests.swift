import TaskKit
import Testing

@testable import Instruct

/// What becomes of every key of a row and of its messages.
@Suite struct RowTests {
  static let question = #"{"role": "user", "content": "q"}"#
  static let answer = #"{"role": "assistant", "content": "a"}"#
  static let call = #"{"function": {"name": "f", "arguments": {"z": 1, "a": [2]}}}"#

  /// A row of a question and a message of these members, with more columns.
  static func row(_ members: String, _ more: String = "") -> String {
    #"{"messages": [\#(question), {"role": "assistant", \#(members)}, \#(answer)]\#(more)}"#
  }

  func read(_ line: String) throws -> ConversationRow {
    try withFile(line) { try ConversationFile.read([$0])[0] }
  }

  func fault(_ line: String) -> String {
    do {
      return try withFile(line) { path in
        do {
          return "read as \(try ConversationFile.read([path]))"
        } catch { return "\(error)".replacing(path, with: "rows") }
      }
    } catch { return "\(error)" }
  }

  /// A turn in short: role, text, members in their order, and whether it is left out of training.
  func short(_ turn: Turn) -> String {
    "\(turn.role):\(turn.parts.isEmpty ? "-" : turn.text)"
      + (turn.members.isEmpty ? "" : JSON.object(turn.members).orderedText)
      + (turn.isTrained ? "" : " untrained")
  }

  // MARK: Used

  @Test(arguments: [
    (
      row(#""content": "", "tool_calls": [\#(call)]"#),
      #"assistant:{"tool_calls":[\#(flat(call))]}"#
    ),
    (
      row(#""content": null, "tool_calls": [\#(call)], "name": null"#),
      #"assistant:-{"tool_calls":[\#(flat(call))]}"#
    ),
    (row(#""tool_calls": [\#(call)]"#), #"assistant:-{"tool_calls":[\#(flat(call))]}"#),
    (
      row(#""content": "x", "tool_calls": [{"name": "f", "arguments": "{\"b\": 1}"}]"#),
      #"assistant:x{"tool_calls":[{"name":"f","arguments":"{\"b\": 1}"}]}"#
    ),
    (
      row(#""content": "x", "reasoning_content": "why""#),
      #"assistant:x{"reasoning_content":"why"}"#
    ),
    (row(#""content": "x", "thinking": "why""#), #"assistant:x{"thinking":"why"}"#),
    (row(#""content": "x", "weight": 0"#), "assistant:x untrained"),
    (row(#""content": "x", "weight": 1.0"#), "assistant:x"),
    (row(#""content": "x", "train": false"#), "assistant:x untrained"),
    (row(#""content": "x", "loss": true, "training": null"#), "assistant:x"),
    (row(#""content": "x", "name": "Ada""#), #"assistant:x{"name":"Ada"}"#),
    (
      row(
        #""content": [{"type": "text", "text": "x "}, {"type": "text", "text": "y", "image": null}]"#
      ),
      "assistant:x y"
    ),
    (row(#""content": "x", "annotations": [], "refusal": null, "audio": null"#), "assistant:x"),
    (row(#""content": "x", "tool_calls": []"#), "assistant:x"),
  ])
  func aMessageSaysWhatTheTemplateSees(line: String, turn: String) throws {
    #expect(try short(read(line).turns[1]) == turn)
  }

  private static func flat(_ json: String) -> String { json.replacing(" ", with: "") }

  @Test(arguments: [
    (
      #"{"messages": [{"role": "developer", "content": "d"}, \#(question), \#(answer)]}"#,
      ["developer:d", "user:q", "assistant:a"]
    ),
    (
      #"{"messages": [\#(question), {"role": "assistant", "tool_calls": [\#(call)]}, {"role": "tool", "content": "t", "tool_call_id": "1", "name": "f"}, \#(answer)]}"#,
      [
        "user:q", #"assistant:-{"tool_calls":[\#(flat(call))]}"#,
        #"tool:t{"tool_call_id":"1","name":"f"}"#, "assistant:a",
      ]
    ),
    (
      #"{"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{\"name\": \"f\", \"arguments\": {\"b\": 1, \"a\": 2}}"}, {"from": "observation", "value": "o"}, {"from": "gpt", "value": "a"}]}"#,
      [
        "user:q",
        #"assistant:{"tool_calls":[{"type":"function","function":{"name":"f","arguments":{"b":1,"a":2}}}]}"#,
        "tool:o", "assistant:a",
      ]
    ),
    (
      #"{"conversations": [\#(question), \#(answer)], "system": "s"}"#,
      ["system:s", "user:q", "assistant:a"]
    ),
    (
      #"{"messages": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}"#,
      ["user:q", "assistant:a"]
    ),
    (#"{"prompt": "q", "completion": "a"}"#, ["user:q", "assistant:a"]),
    (
      #"{"prompt": [\#(question), \#(answer), \#(question)], "completion": [\#(answer)], "system": "s"}"#,
      ["system:s", "user:q", "assistant:a untrained", "user:q", "assistant:a"]
    ),
  ])
  func shapes(line: String, turns: [String]) throws {
    #expect(try read(line).turns.map(short) == turns)
  }

  @Test(arguments: [
    (#", "tools": [{"z": 1, "a": {"c": 2, "b": 3}}]"#, #"{"tools":[{"z":1,"a":{"c":2,"b":3}}]}"#),
    (#", "tools": "[{\"z\": 1, \"a\": 2}]""#, #"{"tools":[{"z":1,"a":2}]}"#),
    (#", "tools": "", "documents": null"#, "{}"), (#", "tools": []"#, #"{"tools":[]}"#),
    (
      #", "chat_template_kwargs": {"enable_thinking": false}, "documents": [{"text": "d"}]"#,
      #"{"enable_thinking":false,"documents":[{"text":"d"}]}"#
    ),
  ])
  func whatTheTemplateReadsBesideTheMessages(more: String, variables: String) throws {
    let row = try read(Self.row(#""content": "x""#, more))
    #expect(JSON.object(row.templateVariables).orderedText == variables)
  }

  /// Columns of a table that other rows use, empty in this one.
  @Test(arguments: ["images", "videos", "chosen", "rejected", "tool_calls"])
  func emptyColumnsSayNothing(key: String) throws {
    for value in ["null", "[]", "\"\""] {
      _ = try read(Self.row(#""content": "x""#, #", "\#(key)": \#(value)"#))
    }
  }

  @Test func schemasOfShareGPTGetTheirWrapper() throws {
    let turns = #"[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]"#
    let row = try read(
      #"{"conversations": \#(turns), "tools": "[{\"name\": \"f\", \"parameters\": {}}]"}"#)
    #expect(
      JSON.object(row.templateVariables).orderedText
        == #"{"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]}"#)
  }

  @Test func otherColumnsAreMetadataAndNamed() throws {
    let lines = [
      Self.row(#""content": "x""#, #", "id": 7, "score": 0.5, "source": null, "text": "as made""#),
      Self.row(#""content": "x""#, #", "metadata": {"id": 8, "by": ["b"]}, "prompt": "q""#),
      #"{"messages": [\#(Self.question)]}"#,
    ]
    try withFile(lines.joined(separator: "\n")) { path in
      let config = ConversationConfig(train: Paths([path]))
      let data = try #require(
        try ConversationDataset(config: config, split: .train, host: .none))
      #expect(
        data.notes == [
          "not used for training, kept as metadata: 'by' (1 row), 'id' (2 rows), 'prompt' (1 row), "
            + "'score' (1 row), 'text' (1 row)"
        ])
      let rows = try (0..<2).map { try data.example(at: $0, epoch: 0, seed: 0).metadata }
      #expect(
        rows == [
          ["id": 7, "score": 0.5, "text": "as made"], ["id": 8, "by": ["b"], "prompt": "q"],
        ])
      // A row that cannot be used keeps no other from being read.
      let fault = #expect(throws: PluginError.self) {
        try data.example(at: 2, epoch: 0, seed: 0)
      }
      #expect(fault?.message.hasPrefix("\(path):3: the row has no assistant turn") == true)
    }
  }

  // MARK: Files

  @Test func marksEncodingsAndLayoutsOfFiles() throws {
    let line = #"{"messages": [\#(Self.question), \#(Self.answer)]}"#
    let pretty = line.replacing("{", with: "{\n  ")
    for text in [
      "\u{FEFF}[\(line)]", "\u{FEFF}\n[\n\(line),\n]\n", "\u{FEFF}\(line)\r\n", pretty,
      "\(pretty)\n\(pretty)",
    ] {
      let rows = try withFile(text) { try ConversationFile.read([$0]) }
      #expect(rows.allSatisfy { $0.turns.map(short) == ["user:q", "assistant:a"] })
      #expect(
        rows.count == (text.hasPrefix("{\n") && text.hasSuffix("\(pretty)\n\(pretty)") ? 2 : 1))
    }
  }

  @Test func everyLineThatCannotBeReadIsSaid() throws {
    let line = #"{"messages": [\#(Self.question), \#(Self.answer)]}"#
    let text = "\(line)\n{'a': 1}\n\(line)\n{\"a\": tru}\n3\n"
    try withFile(text) { path in
      let rows = try ConversationFile.rows(of: [path])
      let faults = rows.map { row -> String in
        if case .failure(let fault) = row.content {
          fault.message.replacing(path, with: "rows")
        } else {
          ""
        }
      }
      #expect(
        faults == [
          "", "rows:2: not valid JSON, column 2: expected a key in quotes, found '''", "",
          "rows:4: not valid JSON, column 7: unknown word; JSON knows true, false and null",
          "rows:5: a row must be an object, this is a number",
        ])
    }
  }
}
