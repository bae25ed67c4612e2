import CPluginABI
import JSON
import TaskKit
import Tasks
import Testing

@testable import PluginHost

/// What a row has since ABI 1.4: members of messages, turns that are not trained, variables of the
/// chat template.
@Suite struct RowDetailsTests {
  private static let schema: JSON = [
    "type": "function", "function": ["name": "f", "description": "d", "a": nil],
  ]

  private struct Rows: TaskKit.Dataset {
    static let name = "details"
    let count = 2
    let notes = ["'id' is not used"]

    init(config: NoConfig, split: TaskKit.Split, host: HostServices) {}

    func example(at index: Int, epoch: Int, seed: UInt64) -> TaskKit.Example {
      let call: JSON = ["function": ["name": "f", "arguments": ["z": 1, "a": 2]]]
      return TaskKit.Example(
        turns: [
          TaskKit.Turn(role: "developer", parts: ["d"]), .user("q"),
          TaskKit.Turn(
            role: "assistant", parts: [], members: ["tool_calls": [call]], isTrained: index == 1),
          TaskKit.Turn(role: "tool", parts: ["t"], members: ["name": "f"]), .assistant("a"),
        ], templateVariables: ["tools": [schema], "documents": []])
    }
  }

  private func dataset() throws -> any Tasks.Dataset {
    let made = TaskKit.Plugin(name: "details", version: "1", exports: [.dataset(Rows.self)])
    let plugin = try PluginHost.Plugin(head: made.table(hostABI: 1), path: "details.so")
    let host = HostTable(log: { _, _ in }, isCancelled: { false })
    return try #require(
      try PluginDataset("details", of: plugin, host: host, configuration: "{}", split: .train))
  }

  @Test func theHostReadsThemInTheirOrder() throws {
    let data = try dataset()
    #expect(data.notes == ["'id' is not used"])
    let example = try data.example(at: 0, epoch: 0, seed: 0)
    #expect(example.turns.map(\.role) == ["developer", "user", "assistant", "tool", "assistant"])
    #expect(example.turns.map(\.isTrained) == [true, true, false, true, true])
    #expect(try data.example(at: 1, epoch: 0, seed: 0).turns[2].isTrained)
    #expect(
      example.turns.map { $0.message.text() } == [
        #"{"role":"developer","content":"d"}"#, #"{"role":"user","content":"q"}"#,
        #"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"z":1,"a":2}}}]}"#,
        #"{"role":"tool","content":"t","name":"f"}"#, #"{"role":"assistant","content":"a"}"#,
      ])
    #expect(
      JSONValue.object(example.templateVariables).text()
        == #"{"tools":[{"type":"function","function":{"name":"f","description":"d","a":null}}],"#
        + #""documents":[]}"#)
  }

  /// An evaluator gets the row back as the dataset gave it.
  @Test func aPredictionCarriesThem() throws {
    let example = try dataset().example(at: 0, epoch: 0, seed: 0)
    let prediction = Tasks.Prediction(index: 0, text: "x", example: example, reference: "<call>")
    let made = TaskKit.Plugin(name: "details", version: "1", exports: [.evaluator(Echo.self)])
    let plugin = try PluginHost.Plugin(head: made.table(hostABI: 1), path: "details.so")
    let host = HostTable(log: { _, _ in }, isCancelled: { false })
    let evaluator = try PluginEvaluator(
      "echo", of: plugin, host: host, configuration: "{}", split: .train)
    let expected: JSONValue = [
      "members": [.object(example.turns[2].members), ["name": "f"]], "reference": "<call>",
      "trained": [true, true, false, true, true], "variables": .object(example.templateVariables),
    ]
    // A report's keys are sorted.
    let sorted = JSONValue.Style(indent: nil, sortsKeys: true, isSpaced: false)
    #expect(try evaluator.evaluate([prediction]).details.text(sorted) == expected.text(sorted))
  }

  /// Reports what it gets of the first prediction.
  private struct Echo: TaskKit.Evaluator {
    static let name = "echo"

    init(config: NoConfig, split: TaskKit.Split, host: HostServices) {}

    func evaluate(_ predictions: [TaskKit.Prediction]) -> TaskKit.Report {
      let example = predictions[0].example
      return TaskKit.Report(
        count: 1, primary: "one", metrics: [("one", TaskKit.Measure(1))],
        details: [
          "reference": .string(predictions[0].reference ?? ""),
          "members": .array(example.turns.map(\.members).filter { !$0.isEmpty }.map(JSON.object)),
          "trained": .array(example.turns.map { .bool($0.isTrained) }),
          "variables": .object(example.templateVariables),
        ])
    }
  }

  /// A host that lacks the functions would read another row.
  @Test func anOlderHostIsRefused() throws {
    let made = TaskKit.Plugin(name: "details", version: "1", exports: [.dataset(Rows.self)])
    let plugin = try PluginHost.Plugin(head: made.table(hostABI: 1), path: "details.so")
    let (table, user) = try functions(.dataset, "details", of: plugin, as: tk_dataset_v1.self)
    var instance: UnsafeMutableRawPointer?
    let created = "{}".withStr { config in
      "train".withStr { table.create(user, nil, config, $0, &instance, nil) }
    }
    #expect(created == TK_OK)
    defer { table.destroy(instance) }
    let sink = ExampleSink()
    var text = [CChar](repeating: 0, count: 256)
    let status = sink.withTable { own in
      text.withUnsafeMutableBufferPointer { buffer in
        var error = tk_error(text: buffer.baseAddress, capacity: buffer.count)
        var older = own.pointee
        (older.turn_details, older.template_variables) = (nil, nil)
        return table.read(instance, 0, 0, 0, &older, &error)
      }
    }
    #expect(status == TK_E_UNSUPPORTED)
    let sentence = String(
      decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #expect(sentence.contains("older than ABI 1.4"))
  }

  @Test(arguments: [
    (#"{"role": "x"}"#, "{}", "the members of turn 0 hold 'role', which the turn itself says"),
    ("[1]", "{}", "the members of turn 0 are no object"),
    ("{", "{}", "the members of turn 0 are not JSON: line 1, column 2"),
    ("{}", #"{"messages": []}"#, "the variables of the chat template hold 'messages'"),
    ("{}", #"{"tools": "f"}"#, "the template's 'tools' must be a list of objects, not a string"),
    ("{}", "1", "the variables of the chat template are no object"),
  ])
  func whatIsWrongIsSaid(members: String, variables: String, sentence: String) {
    let sink = ExampleSink()
    sink.withTable { out in
      let part = tk_part_v1()
      _ = "user".withStr { role in
        withUnsafePointer(to: part) { out.pointee.turn(out, 0, role, $0, 1) }
      }
      _ = members.withStr { out.pointee.turn_details(out, 0, $0) }
      _ = variables.withStr { out.pointee.template_variables(out, $0) }
    }
    let fault = #expect(throws: ExampleSink.Fault.self) { try sink.example() }
    #expect(fault?.reason.hasPrefix(sentence) == true, "\(fault?.reason ?? "")")
  }

  @Test func detailsComeOnceAndAfterTheirTurn() {
    for turns in 0...1 {
      let sink = ExampleSink()
      sink.withTable { out in
        if turns == 1 {
          _ = "user".withStr { out.pointee.turn(out, 0, $0, nil, 0) }
          _ = out.pointee.turn_details(out, UInt32(TK_TURN_UNTRAINED), tk_str())
        }
        _ = out.pointee.turn_details(out, 0, tk_str())
      }
      #expect(
        sink.fault
          == (turns == 0 ? "details of a turn before any turn" : "turn 0 has details twice"))
    }
  }
}
