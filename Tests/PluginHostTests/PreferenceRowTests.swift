import CPluginABI
import JSON
import TaskKit
import Tasks
import Testing

@testable import PluginHost

/// What a row has since ABI 1.5: the two answers of a preference pair, the label of an answer.
@Suite struct PreferenceRowTests {
  private struct Rows: TaskKit.Dataset {
    static let name = "preferences"
    let count = 3

    init(config: NoConfig, split: TaskKit.Split, host: HostServices) {}

    func example(at index: Int, epoch: Int, seed: UInt64) -> TaskKit.Example {
      let prompt: [TaskKit.Turn] = [.system("s"), .user(parts: .audio("clip"), "q")]
      let clip = ["clip": TaskKit.MediaTensor(shape: [1, 3], values: [1, 2, 3])]
      guard index == 0 else {
        return TaskKit.Example(
          turns: prompt + [.assistant("a")], tensors: clip, label: index == 1)
      }
      return TaskKit.Example(
        turns: prompt, metadata: ["id": 7], tensors: clip,
        chosen: [
          TaskKit.Turn(role: "assistant", parts: [], members: ["tool_calls": []]),
          TaskKit.Turn(role: "tool", parts: ["t"]),
          TaskKit.Turn(role: "assistant", parts: ["yes"], isTrained: false),
        ], rejected: [.assistant("no")])
    }
  }

  /// Reports what it gets of each prediction.
  private struct Echo: TaskKit.Evaluator {
    static let name = "echo"

    init(config: NoConfig, split: TaskKit.Split, host: HostServices) {}

    func evaluate(_ predictions: [TaskKit.Prediction]) -> TaskKit.Report {
      let rows = predictions.map(Self.row)
      return TaskKit.Report(
        count: rows.count, primary: "one", metrics: [("one", TaskKit.Measure(1))],
        details: ["rows": .array(rows)])
    }

    private static func row(_ each: TaskKit.Prediction) -> TaskKit.JSON {
      func list(_ numbers: [Double?]?) -> TaskKit.JSON {
        guard let numbers else { return .null }
        return .array(numbers.map { TaskKit.JSON.double($0 ?? 0) })
      }
      let example = each.example
      let pair = each.pair.map {
        [$0.chosen, $0.rejected, $0.referenceChosen, $0.referenceRejected]
      }
      var row: TaskKit.JSON.Members = [:]
      row["chosen"] = .array(example.chosen.map { TaskKit.JSON.string($0.text) })
      row["rejected"] = .array(example.rejected.map { TaskKit.JSON.string($0.text) })
      row["label"] = example.label.map { TaskKit.JSON.bool($0) } ?? .null
      row["pair"] = list(pair)
      row["labeled"] = list(each.labeled.map { [$0.answer, $0.reference] })
      row["reference"] = each.reference.map { TaskKit.JSON.string($0) } ?? .null
      return .object(row)
    }
  }

  private static let host = HostTable(log: { _, _ in }, isCancelled: { false })

  private func plugin() throws -> PluginHost.Plugin {
    let made = TaskKit.Plugin(
      name: "preferences", version: "1", exports: [.dataset(Rows.self), .evaluator(Echo.self)])
    return try PluginHost.Plugin(head: made.table(hostABI: 1), path: "preferences.so")
  }

  private func row(_ index: Int) throws -> Tasks.Example {
    let dataset = try PluginDataset(
      "preferences", of: plugin(), host: Self.host, configuration: "{}", split: .train)
    return try #require(dataset).example(at: index, epoch: 0, seed: 0)
  }

  @Test func theHostReadsThem() throws {
    let pair = try row(0)
    #expect(pair.isPair && pair.kind == .pairs && pair.label == nil)
    #expect(pair.turns.map(\.role) == ["system", "user"] && pair.prompt == pair.turns)
    #expect(pair.chosen.map(\.role) == ["assistant", "tool", "assistant"])
    #expect(pair.chosen.map(\.isTrained) == [true, true, false])
    #expect(pair.chosen[0].members == ["tool_calls": []] && pair.chosen[1].members.isEmpty)
    #expect(pair.rejected == [Turn(role: "assistant", text: "no")])
    #expect(pair.metadata == ["id": 7] && pair.tensors["clip"]?.values == [1, 2, 3])
    let (good, bad) = (try row(1), try row(2))
    #expect(good.label == true && bad.label == false && good.kind == .labels && !good.isPair)
    #expect(good.prompt.count == 2 && good.reference == "a" && bad.reference == nil)
  }

  @Test func anEvaluatorGetsThemBack() throws {
    let evaluator = try PluginEvaluator(
      "echo", of: plugin(), host: Self.host, configuration: "{}", split: .train)
    let (pair, good, bad) = (try row(0), try row(1), try row(2))
    let report = try evaluator.evaluate([
      Tasks.Prediction(index: 0, text: "x", example: pair, choiceLogLikelihoods: [-1, -2]),
      Tasks.Prediction(index: 0, text: "", example: pair, choiceLogLikelihoods: [-1, -2, -3, -4]),
      Tasks.Prediction(index: 0, text: "", example: pair),
      Tasks.Prediction(index: 1, text: "", example: good, choiceLogLikelihoods: [-5]),
      Tasks.Prediction(index: 2, text: "", example: bad, choiceLogLikelihoods: [-5, -6]),
    ])
    let rows = try #require(report.details["rows"]?.array)
    #expect(rows[0]["chosen"] == ["", "t", "yes"] && rows[0]["rejected"] == ["no"])
    func numbers(_ key: String) -> [[Double]?] {
      rows.map { $0[key]?.array?.compactMap(\.double) }
    }
    #expect(numbers("pair") == [[-1, -2, 0, 0], [-1, -2, -3, -4], nil, nil, nil])
    #expect(numbers("labeled") == [nil, nil, nil, [-5, 0], [-5, -6]])
    #expect(rows.map { $0["label"]?.bool } == [nil, nil, nil, true, false])
    #expect(rows.map { $0["reference"]?.string } == ["", "", "", "a", nil])
  }

  /// What a model should answer is the same to a plugin as to its host.
  @Test func referencesAreTheHosts() {
    typealias Kit = TaskKit.Turn
    let unlearnt = Kit(role: "assistant", parts: ["a"], isTrained: false)
    let rows: [(TaskKit.Example, String?)] = [
      (.init(turns: [.user("q"), .assistant("a")]), "a"),
      (.init(turns: [.user("q"), .assistant("a"), .user("r")]), "a"),
      (.init(turns: [.user("q"), unlearnt, .user("r")]), nil), (.init(turns: [.user("q")]), nil),
      (.init(turns: [.user("q")], chosen: [.assistant("c")], rejected: [.assistant("d")]), "c"),
      (.init(turns: [.user("q"), .assistant("a"), .assistant("b")], label: true), "a"),
      (.init(turns: [.user("q"), .assistant("a")], label: false), nil),
    ]
    for (row, reference) in rows {
      func turns(_ turns: [Kit]) -> [Tasks.Turn] {
        turns.map {
          Tasks.Turn(role: $0.role, parts: [.text($0.text)], isTrained: $0.isTrained)
        }
      }
      let host = Tasks.Example(
        turns: turns(row.turns), chosen: turns(row.chosen), rejected: turns(row.rejected),
        label: row.label)
      #expect(row.reference == reference && host.reference == reference)
    }
  }

  /// A host that lacks the function would read a pair's prompt as its conversation.
  @Test(arguments: 0...2)
  func anOlderHostIsRefused(index: Int) throws {
    let (table, user) = try functions(
      .dataset, "preferences", of: try plugin(), as: tk_dataset_v1.self)
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
        older.label = nil
        return table.read(instance, Int64(index), 0, 0, &older, &error)
      }
    }
    #expect(status == TK_E_UNSUPPORTED)
    let sentence = String(
      decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #expect(sentence.contains("older than ABI 1.5"))
  }

  @Test(arguments: [
    ("u", "a", "", "", "the row has a chosen answer, but no rejected one"),
    ("u", "", "a", "", "the row has a rejected answer, but no chosen one"),
    ("", "a", "a", "", "the row has two answers, but no prompt"),
    ("ua", "a", "a", "", "the prompt of the pair ends with an assistant's turn"),
    ("u", "ua", "a", "", "the chosen answer begins with a turn of the role 'user'"),
    ("u", "a", "ta", "", "the rejected answer begins with a turn of the role 'tool'"),
    ("u", "a", "a", "1", "the row is a preference pair and has a label; give one of the two"),
    (
      "u", "", "", "0", "the row has a label, but its conversation does not end with an assistant's"
    ),
    ("ua", "", "", "2", "the row's label is 2; known: 1 (a wanted answer), 0 (not wanted)"),
    ("ua", "", "", "11", "the row has its label twice"),
    ("ua", "", "", "1c", "the row is an answer with a label and has choices; give one of the two"),
    ("u", "a", "a", "c", "the row is a preference pair and has choices; give one of the two"),
  ])
  func whatIsWrongIsSaid(
    turns: String, chosen: String, rejected: String, rest: String, sentence: String
  ) {
    let sink = ExampleSink()
    sink.withTable { out in
      let roles: [Character: String] = ["u": "user", "a": "assistant", "t": "tool"]
      for (section, turns) in [turns, chosen, rejected].enumerated() {
        for role in turns {
          let role = roles[role] ?? ""
          _ = role.withStr { out.pointee.turn(out, Int32(section), $0, nil, 0) }
        }
      }
      for each in rest {
        if let label = each.wholeNumberValue { _ = out.pointee.label(out, Int32(label)) }
        guard each == "c" else { continue }
        _ = "x".withStr { withUnsafePointer(to: $0) { out.pointee.choices(out, $0, 1) } }
      }
    }
    let fault = #expect(throws: ExampleSink.Fault.self) { try sink.example() }
    #expect(fault?.reason.hasPrefix(sentence) == true, "\(fault?.reason ?? "")")
  }

  @Test func aFaultNamesTheTurnOfAnAnswer() {
    let faults = [
      (1, TK_PART_CHOICE, "a choice stands in turn 0 of the chosen answer; a pair has none"),
      (2, 9, "a part of turn 0 of the rejected answer has the unknown type 9"),
      (3, TK_PART_TEXT, "a turn has the unknown section 3"),
    ]
    for (section, type, sentence) in faults {
      let sink = ExampleSink()
      sink.withTable { out in
        let part = tk_part_v1(type: Int32(type), reserved: 0, media: tk_str(), value: tk_str())
        _ = "assistant".withStr { role in
          withUnsafePointer(to: part) { out.pointee.turn(out, Int32(section), role, $0, 1) }
        }
      }
      #expect(sink.fault == sentence)
    }
    let sink = ExampleSink()
    sink.withTable { out in
      _ = "assistant".withStr { out.pointee.turn(out, 2, $0, nil, 0) }
      _ = "[]".withStr { out.pointee.turn_details(out, 0, $0) }
    }
    #expect(sink.fault == "the members of turn 0 of the rejected answer are no object")
  }
}
