import Foundation
import JSON
import Testing

/// What the program makes of rows that say more than role and content, and of rows that it refuses.
@Suite struct RowsTests {
  private let scratch: Scratch
  private let model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
  }

  private static let goldens = HostProgram.package.appending(path: "Tests/Goldens")

  /// Runs a verb of the task `instruct` over `rows`; `template` takes the place of the model's.
  private func run(
    _ verb: String, _ rows: String, template: String? = nil, _ more: String = ""
  ) throws -> HostProgram.Outcome {
    if let template { try scratch.write(template, to: "model/chat_template.jinja") }
    let path = try scratch.write(rows, to: "rows.jsonl")
    return try HostProgram.shell(
      "cd \(scratch.folder.path) && host \(verb) --task instruct --model \(model) "
        + "--set data.train=\(path) --set data.validation=null --max-length 4096 \(more)")
  }

  /// The texts that `data show` prints, with their marks.
  private func texts(_ output: String) -> [String] {
    var texts: [String] = []
    for line in output.components(separatedBy: "\n") {
      if line.hasPrefix("train row "), line.hasSuffix(" trained") {
        texts.append("")
      } else if !line.hasPrefix("left out by the chat template: "), !texts.isEmpty {
        texts[texts.count - 1] += line + "\n"
      }
    }
    return texts
  }

  private func unmarked(_ text: String) -> String {
    text.replacing("⟦", with: "").replacing("⟧", with: "")
  }

  /// Calls, schemas and reasoning are rendered as transformers renders them; see make_goldens.py.
  @Test(arguments: ["thinking_turns", "header_turns"])
  func rowsAreRenderedAsTransformersDoes(name: String) throws {
    let template = try String(
      contentsOf: Self.goldens.appending(path: "templates/\(name).jinja"), encoding: .utf8)
    let file = try String(
      contentsOf: Self.goldens.appending(path: "rows/rows.json"), encoding: .utf8)
    let goldens = (try JSONValue(parsing: file).array ?? []).filter {
      $0["template"]?.string == name
    }
    let whole = goldens.filter { $0["text"] != nil }
    #expect(whole.count >= 6)
    let rows = whole.map { $0["row"]?.text() ?? "" }.joined(separator: "\n")
    let shown = try run("data show", rows, template: template, "--count \(whole.count)")
    #expect(shown.code == 0, "\(shown.errors)")
    let found = texts(shown.output)
    #expect(found.count == whole.count)
    for (golden, text) in zip(whole, found) {
      // After each row `data show` ends its line.
      #expect(unmarked(text).hasPrefix((golden["text"]?.string ?? "?") + "\n"))
    }
    for golden in goldens where golden["text"] == nil {
      let refused = try run("data show", golden["row"]?.text() ?? "")
      #expect(refused.code == 65)
      #expect(refused.errors.contains(golden["error"]?.string ?? "?"), "\(refused.errors)")
    }
  }

  private static let calling = #"""
    {"messages": [{"role": "user", "content": "Open it."}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "open_gate", "arguments": {"seconds": 5, "gate": "north"}}}]}, {"role": "tool", "content": "done"}, {"role": "assistant", "content": "It is open.", "weight": 0}], "tools": [{"type": "function", "function": {"name": "open_gate", "parameters": {}}}], "id": 7}
    """#
  private static let whole = #"""
    {%- for t in tools or [] %}{{ '<|im_start|>tool\n' + (t | tojson) + '<|im_end|>\n' }}{% endfor %}
    {%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content or '') }}
    {%- for c in m.tool_calls or [] %}{{ '<call>' + (c.function | tojson) }}{% endfor %}
    {{- '<|im_end|>\n' }}{% endfor %}
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
    """#
  private static let call =
    #"<call>{"name": "open_gate", "arguments": {"seconds": 5, "gate": "north"}}"#

  @Test func callsAreTrainedAndExportedWhole() throws {
    let shown = try run("data show", Self.calling, template: Self.whole)
    #expect(shown.code == 0, "\(shown.errors)")
    #expect(shown.output.contains("⟦\(Self.call)<|im_end|>⟧"), "\(shown.output)")
    #expect(shown.output.contains("assistant\nIt is open.<|im_end|>"))
    #expect(shown.output.contains(#"<|im_start|>tool"#) && shown.output.contains(#"{"id": 7}"#))
    let exported = try run("data export", Self.calling, "--tokens")
    let again = try run(
      "data export", exported.output.components(separatedBy: ", \"input_ids\"")[0] + "}", "--tokens"
    )
    #expect(exported.code == 0 && exported.output == again.output, "\(again.errors)")
    let row = try JSONValue(parsing: exported.output)
    #expect(row["messages"]?[1]?["content"] == nil && row["messages"]?[3]?["weight"] == 0)
    #expect(row["tools"]?[0]?["function"]?["name"] == "open_gate" && row["metadata"] == ["id": 7])
    // What has no place in an Alpaca row is refused, not left out.
    let prepared = try run("data prepare", Self.calling, "--output-dir out")
    #expect(
      prepared.code == 65 && prepared.errors.contains("takes text alone"), "\(prepared.errors)")
  }

  @Test func aModelWithoutToolsRefusesThem() throws {
    let plain = "{% for m in messages %}{{ m.role + ': ' + (m.content or '') + '\\n' }}{% endfor %}"
    let shown = try run("data show", Self.calling, template: plain)
    #expect(shown.code == 65)
    #expect(
      shown.errors.contains("train row 0, turn 1: the chat template writes 0 of its 1 tool_calls"),
      "\(shown.errors)")
  }

  /// Evaluation asks with the schemas and compares with the call as it is rendered.
  @Test func evaluationCarriesTheWholeRow() throws {
    try scratch.write(
      Self.calling.replacing("\"weight\": 0", with: "\"weight\": 1")
        .replacing(
          #", {"role": "tool", "content": "done"}, {"role": "assistant", "content": "It is open.", "weight": 1}"#,
          with: ""), to: "held.jsonl")
    let judged = try run(
      "evaluate", Self.calling, template: Self.whole,
      "--set data.validation=held.jsonl --set generation.max_new_tokens=2 --predictions p.jsonl")
    #expect(judged.code == 0, "\(judged.errors)")
    let line = try JSONValue(
      parsing: String(contentsOf: scratch.url("p.jsonl"), encoding: .utf8))
    #expect(line["reference"]?.string == Self.call)
    #expect(line["tools"]?[0]?["function"]?["name"] == "open_gate")
    #expect(line["metadata"] == ["id": 7])
  }

  private static let cutting = #"""
    {%- for m in messages %}
    {%- if m.role == 'assistant' %}{{ '<|im_start|>assistant\n' + m.content.split('</think>')[-1] + '<|im_end|>\n' }}
    {%- else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endif %}
    {%- endfor %}
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}
    """#
  private static let thinking = #"""
    {"messages": [{"role": "user", "content": "What is 7 plus 5?"}, {"role": "assistant", "content": "<think>\n7 and 3 is 10.\n</think>\n\n12"}, {"role": "user", "content": "And minus 4?"}, {"role": "assistant", "content": "<think>\n12 less 4.\n</think>\n\n8"}], "source": "me"}
    """#

  @Test func reasoningThatATemplateCutsIsSaid() throws {
    let audit = try run("data audit", Self.thinking, template: Self.cutting)
    #expect(audit.code == 0 && audit.output.contains("1 row, 2 turns, "), "\(audit.output)")
    #expect(audit.output.contains("not used for training, kept as metadata: 'source'"))
    let json = try run("data audit", Self.thinking, "--json").json()
    let lost = json["train"]?["omitted"]
    #expect(lost?["rows"] == 1 && lost?["turns"] == 2 && (lost?["characters"]?.int ?? 0) > 40)
    // Once before the first step, also where the rows are an earlier run's.
    for _ in 0..<2 {
      let trained = try run("train", Self.thinking, "--max-steps 1 --output-dir out --overwrite")
      #expect(trained.code == 0, "\(trained.errors)")
      let parts = trained.errors.components(separatedBy: "the chat template leaves part")
      #expect(parts.count == 2, "\(trained.errors)")
      #expect(parts[0].contains("train: not used for training, kept as metadata: 'source'"))
      #expect(!parts[0].contains("\"loss\""))
      #expect(parts[1].contains("data.assistant_turns: each"))
    }
  }

  @Test func eachTurnKeepsItsReasoning() throws {
    let more = "--set data.assistant_turns=each"
    let shown = try run("data show", Self.thinking, template: Self.cutting, more)
    #expect(shown.code == 0, "\(shown.errors)")
    #expect(
      texts(shown.output).map { $0.components(separatedBy: "⟦").dropFirst().joined() }.map {
        $0.components(separatedBy: "⟧")[0]
      } == ["7 and 3 is 10.\n</think>\n\n12<|im_end|>", "12 less 4.\n</think>\n\n8<|im_end|>"])
    #expect(shown.output.contains("assistant\n<think>\n⟦7 and 3"))
    #expect(!shown.output.contains("left out"))
    let plan = try run("plan", Self.thinking, more + " --json")
    #expect(try plan.json()["rows"] == 2 && !plan.errors.contains("leaves part"), "\(plan.errors)")
    let wrong = try run("plan", Self.thinking, "--set data.assistant_turns=every")
    #expect(wrong.code == 64 || wrong.code == 65)
    #expect(wrong.errors.contains("must be one of as_rendered, each, found every"))
  }

  @Test func aKeyThatStandsTwiceIsRefusedAndAMarkIsRead() throws {
    let twice = #"{"messages":[{"role":"user","content":"1","content":"2"}]}"#
    let refused = try run("data show", twice)
    #expect(refused.code == 65)
    #expect(
      refused.errors.hasPrefix(
        "host: \(scratch.path("rows.jsonl")):1: not valid JSON, column 43: the key \"content\" stands twice in one object"
      ),
      "\(refused.errors)")
    let row =
      #"{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}"#
    let shown = try run("data show", "\u{FEFF}[\(row)]")
    #expect(shown.code == 0 && shown.output.contains("⟦ho"), "\(shown.errors)")
    let bad = try run("data audit", "\(row)\n{\n\(row)\n{'a'}\n{\"messages\": 1}\n")
    #expect(bad.code == 65 && bad.errors.contains("3 rows cannot be used"), "\(bad.errors)")
    for line in [2, 4, 5] { #expect(bad.errors.contains("rows.jsonl:\(line): "), "\(bad.errors)") }
  }

  /// A key of the data section is named with its file and line, like any other key of a recipe.
  @Test(arguments: [
    ("  trian: x.jsonl", "3: unknown key 'data.trian'; did you mean 'train'?"),
    ("  shufle: false", "3: unknown key 'data.shufle'; did you mean 'shuffle'?"),
    ("  validation_fraction: 2", "3: 'data.validation_fraction' is 2.0; it must lie in 0..<1"),
    ("  train: { a: 1 }", "3: 'data.train' must be"),
  ])
  func keysOfTheDataSectionHaveTheirPlace(line: String, sentence: String) throws {
    let text =
      "task: instruct\ndata:\n\(line)\n" + (line.contains("train:") ? "" : "  train: y.jsonl\n")
    let file = try scratch.write(text, to: "dk.yaml")
    let outcome = try HostProgram.run("data", "show", "--config", file, "--model", model)
    #expect(outcome.code == 65)
    #expect(outcome.errors.hasPrefix("host: \(file):\(sentence)"), "\(outcome.errors)")
    // A byte-order mark before it changes nothing.
    let marked = try scratch.write("\u{FEFF}" + text, to: "dk.yaml")
    let again = try HostProgram.run("data", "show", "--config", marked, "--model", model)
    #expect(again.errors == outcome.errors)
    let flag = try HostProgram.run(
      "data", "show", "--task", "instruct", "--model", model, "--set", "data.train=y.jsonl",
      "--set",
      "data.trian=x")
    #expect(
      flag.errors.hasPrefix("host: --set data.trian=x: unknown key 'data.trian'; did you mean"),
      "\(flag.errors)")
  }
}
