import Foundation
import JSON
import Testing
import Text

@testable import Tasks

/// The texts of pairs and of labeled answers: what they are made of and what of them is learnt.
@Suite struct PairTests {
  static let goldens =
    #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(2).joined(separator: "/") + "/Goldens"

  /// A pair, and what the original library makes of it.
  struct Golden: Sendable, CustomTestStringConvertible {
    let testDescription: String, template: String, pair: Example
    let prompt: [Int32], chosen: [Int32], rejected: [Int32]

    init(_ json: JSONValue, number: Int) throws {
      func ids(_ key: String) -> [Int32] {
        (json[key]?.array ?? []).compactMap(\.int).map(Int32.init)
      }
      func turns(_ key: String) -> [Turn] {
        (json["row"]?[key]?.array ?? []).map { message in
          var members = message.object ?? [:]
          let role = members.removeValue(forKey: "role")?.string ?? ""
          let content = members.removeValue(forKey: "content")?.string ?? ""
          return Turn(role: role, parts: [.text(content)], members: members)
        }
      }
      template = try #require(json["template"]?.string)
      testDescription = "\(template) \(number)"
      (prompt, chosen, rejected) = (ids("prompt_ids"), ids("chosen_ids"), ids("rejected_ids"))
      pair = Example(
        turns: turns("prompt"),
        templateVariables: json["row"]?["tools"].map { ["tools": $0] } ?? [:],
        chosen: turns("chosen"), rejected: turns("rejected"))
    }

    static let all: [Golden] = {
      let path = PairTests.goldens + "/pairs/pairs.json"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8),
        let cases = try? JSONValue(parsing: text).array
      else { return [] }
      return cases.enumerated().compactMap { try? Golden($1, number: $0) }
    }()
  }

  func encoder(_ template: String) throws -> ConversationEncoder {
    let base = try ConversationEncoderTests().encoder()
    let path = template.contains("/") ? template : Self.goldens + "/templates/\(template).jinja"
    return ConversationEncoder(
      tokenizer: base.tokenizer,
      template: try ChatTemplate(source: String(contentsOfFile: path, encoding: .utf8)))
  }

  func trained(_ sample: Sample, _ encoder: ConversationEncoder) -> [String] {
    FidelityTests.runs(sample).map { encoder.tokenizer.decode($0) }
  }

  func failure(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
  }

  @Test func goldensAreThere() { #expect(Golden.all.count >= 12) }

  @Test(arguments: Golden.all)
  func tokensAreTheOriginalLibrarys(golden: Golden) throws {
    let encoder = try encoder(golden.template)
    let samples = try encoder.samples(golden.pair, turns: .asRendered, kind: .pairs, label: "row")
    #expect(samples.map(\.sample.role) == [.chosen, .rejected])
    #expect(samples.map(\.sample.source) == ["row, chosen answer", "row, rejected answer"])
    #expect(samples[0].sample.ids == golden.chosen)
    #expect(samples[1].sample.ids == golden.rejected)
    #expect(try encoder.prompt(golden.pair, label: "row").ids == golden.prompt)
    for (sample, answer) in zip(samples.map(\.sample), [golden.pair.chosen, golden.pair.rejected]) {
      // Where the prompt is how the text begins, learning begins right behind it; and nowhere before
      // the place where they part.
      let common = zip(sample.ids, golden.prompt).prefix { $0 == $1 }.count
      #expect(sample.isTrained.firstIndex(of: true) == common)
      let runs = trained(sample, encoder)
      #expect(runs.count == answer.count { $0.role == "assistant" })
      for (run, turn) in zip(runs, answer.filter({ $0.role == "assistant" })) {
        let said = turn.text.replacing(/^<think>.*<\/think>\s*/.dotMatchesNewlines(), with: "")
        #expect(said.isEmpty || run.contains(said), "\(run)")
      }
    }
  }

  @Test func ofAThinkingTemplateTheLastAnswersBlockIsLearnt() throws {
    let encoder = try encoder("thinking_turns")
    func runs(_ row: Int) throws -> [[String]] {
      try encoder.samples(Golden.all[row].pair, turns: .asRendered, kind: .pairs, label: "row")
        .map { trained($0.sample, encoder) }
    }
    #expect(
      try runs(2) == [
        ["<think>\n12 less 4.\n</think>\n\n8<|im_end|>"], ["<think>\n\n</think>\n\n9<|im_end|>"],
      ])
    #expect(
      try runs(4) == [
        [
          #"<call>{"name": "open_gate", "arguments": {"gate": "north"}}</call><|im_end|>"#,
          "<think>\n\n</think>\n\nIt is open.<|im_end|>",
        ], ["<think>\n\n</think>\n\nIt is open.<|im_end|>"],
      ])
    // What the template drops of the prompt is no loss: it is not learnt.
    let chosen = try encoder.samples(
      Golden.all[2].pair, turns: .asRendered, kind: .pairs, label: "row")[0].sample
    #expect(chosen.omission == Omission())
  }

  @Test func aSampleIsMadeAgainByItsRole() throws {
    let encoder = try encoder("thinking_turns")
    for golden in Golden.all where golden.template == "thinking_turns" {
      for (turn, sample) in try encoder.samples(
        golden.pair, turns: .asRendered, kind: .pairs, label: "row")
      {
        #expect(
          try encoder.sample(golden.pair, turn: turn, role: sample.role, label: "row") == sample)
      }
    }
  }

  /// A template that cuts reasoning out of all turns; one answer has two turns.
  @Test func eachKeepsWhatTheTemplateCuts() throws {
    let base = try ConversationEncoderTests().encoder()
    let encoder = ConversationEncoder(
      tokenizer: base.tokenizer, template: try ChatTemplate(source: FidelityTests.cutting))
    var pair = Golden.all[2].pair
    let samples = try encoder.samples(pair, turns: .each, kind: .pairs, label: "row")
    #expect(samples.map(\.turn) == [3, 3])
    #expect(
      samples.map { trained($0.sample, encoder) } == [
        ["12 less 4.\n</think>\n\n8<|im_end|>"], ["9<|im_end|>"],
      ])
    let rendered = try encoder.samples(pair, turns: .asRendered, kind: .pairs, label: "row")
    #expect(trained(rendered[0].sample, encoder) == ["8<|im_end|>"])
    #expect(rendered[0].sample.omission.turns == 1)
    pair.rejected += [Turn(role: "user", text: "?"), Turn(role: "assistant", text: "10")]
    let fault = failure { _ = try encoder.samples(pair, turns: .each, kind: .pairs, label: "row") }
    #expect(
      fault?.hasPrefix("row, rejected answer: the answer has 2 trained turns, which") == true)
  }

  @Test func whatCannotBePreferredIsRefused() throws {
    let encoder = try encoder("thinking_turns")
    var pair = Golden.all[0].pair
    pair.rejected = [Turn(role: "assistant", text: "\n\nOn the shelf.")]
    #expect(
      failure { _ = try encoder.samples(pair, turns: .asRendered, kind: .pairs, label: "row 3") }
        == "row 3: the chosen and the rejected answer are the same tokens (36 with the prompt), so "
        + "that there is nothing to prefer; leave the row out")
    pair.rejected[0].isTrained = false
    #expect(
      failure { _ = try encoder.samples(pair, turns: .asRendered, kind: .pairs, label: "row 3") }?
        .hasPrefix("row 3, rejected answer: no turn with the role 'assistant' that is trained")
        == true)
  }

  static let answer = Example(
    turns: [
      Turn(role: "user", text: "a?"), Turn(role: "assistant", text: "b"),
      Turn(role: "user", text: "Open it."),
      Turn(role: "assistant", parts: [], members: ["tool_calls": [FidelityTests.call]]),
      Turn(role: "tool", text: "done"), Turn(role: "assistant", text: "It is open."),
    ], label: true)

  /// What the template writes of the turn where it is the last one.
  static let called =
    "<think>\n\n</think>\n\n"
    + #"<call>{"name": "open_gate", "arguments": {"gate": "north"}}</call>"#

  @Test(arguments: [true, false])
  func ofALabeledRowTheAnswerIsLearnt(label: Bool) throws {
    let encoder = try encoder("thinking_turns")
    var row = Self.answer
    row.label = label
    let samples = try encoder.samples(row, turns: .asRendered, kind: .labels, label: "row")
    #expect(samples.map(\.sample.role) == [label ? .desirable : .undesirable])
    #expect(
      trained(samples[0].sample, encoder) == [
        #"<call>{"name": "open_gate", "arguments": {"gate": "north"}}</call><|im_end|>"#,
        "<think>\n\n</think>\n\nIt is open.<|im_end|>",
      ])
    #expect(
      try encoder.question(row, label: "row").hasSuffix("it.<|im_end|>\n<|im_start|>assistant\n"))
    #expect(try encoder.reference(row, label: "row") == (label ? Self.called : nil))
    // The label of another epoch counts, not the role that the first one had.
    let again = try encoder.sample(row, turn: nil, role: .desirable, label: "row")
    #expect(again == samples[0].sample)
  }

  @Test func whatIsAskedAndWhatIsRight() throws {
    let encoder = try encoder("thinking_turns")
    let pair = Golden.all[4].pair
    #expect(
      try encoder.question(pair, label: "row").hasSuffix("it.<|im_end|>\n<|im_start|>assistant\n"))
    #expect(try encoder.reference(pair, label: "row") == Self.called)
    #expect(Golden.all[0].pair.reference == "On the shelf.")
    #expect(Self.answer.prompt.count == 3 && Self.answer.trainedTurns == [3, 5])
    #expect(pair.trainedTurns == [] && pair.prompt == pair.turns && pair.answer == pair.chosen)
    // A conversation that ends open is learnt where a turn of it is trained; else it is a prompt.
    var open = Example(turns: Array(Self.answer.turns[...4]))
    #expect(open.kind == .texts && open.prompt.count == 3)
    for index in open.turns.indices { open.turns[index].isTrained = false }
    #expect(open.kind == .prompts && open.prompt == open.turns && open.reference == nil)
  }

  /// A clip of the prompt stands in both texts, and in what is asked.
  @Test func clipsOfThePromptAreInBothTexts() throws {
    let folder = ConversationEncoderTests.folder.replacing("nano-qwen3", with: "nano-qwen2-audio")
    let tokenizer = try Tokenizer(folder: folder)
    let audio = AudioTokens(
      id: try #require(tokenizer.id(of: "<|AUDIO|>")), text: "<|AUDIO|>", melBins: 2,
      mostFrames: 100, count: { $0 / 2 })
    let encoder = try ConversationEncoder(folder: folder, tokenizer: tokenizer, audio: audio)
    let clip = MediaTensor(shape: [2, 12], values: (0..<24).map(Float.init))
    let pair = Example(
      turns: [
        Turn(role: "user", parts: [.media(kind: "audio", tensor: "clip"), .text("What is it?")])
      ], tensors: ["clip": clip], chosen: [Turn(role: "assistant", text: "A bell.")],
      rejected: [Turn(role: "assistant", text: "Nothing much.")])
    let texts = try encoder.samples(pair, turns: .each, kind: .pairs, label: "row").map(\.sample)
    let asked = try encoder.prompt(pair, label: "row")
    #expect(asked.media.map(\.features) == [clip] && asked.media[0].places.count == 5)
    for text in texts {
      #expect(text.media == asked.media && text.ids.starts(with: asked.ids))
      #expect(text.isTrained.firstIndex(of: true) == asked.ids.count)
    }
    #expect(texts[0].role == .chosen && texts[1].role == .rejected)
    // Answers of the same words are two where another clip is heard between them.
    var heard = pair
    heard.tensors["other"] = MediaTensor(shape: [2, 12], values: Array(repeating: 0, count: 24))
    func answer(_ clip: String) -> [Turn] {
      [
        pair.chosen[0], Turn(role: "user", parts: [.media(kind: "audio", tensor: clip)]),
        pair.chosen[0],
      ]
    }
    (heard.chosen, heard.rejected) = (answer("clip"), answer("other"))
    #expect(
      try encoder.samples(heard, turns: .asRendered, kind: .pairs, label: "row").count == 2)
    heard.rejected = heard.chosen
    #expect(
      failure { _ = try encoder.samples(heard, turns: .asRendered, kind: .pairs, label: "row") }?
        .contains("are the same tokens") == true)
  }

  @Test func ofAPromptNothingIsLearnt() throws {
    let encoder = try encoder("thinking_turns")
    var row = Golden.all[1].pair
    for index in row.turns.indices { row.turns[index].isTrained = false }
    (row.chosen, row.rejected) = ([], [])
    let samples = try encoder.samples(row, turns: .each, kind: .prompts, label: "row")
    #expect(samples.map(\.sample.ids) == [Golden.all[1].prompt])
    #expect(samples[0].sample.role == .prompt && !samples[0].sample.isTrained.contains(true))
  }

  @Test func aRowOfAnotherKindIsRefused() throws {
    let encoder = try encoder("thinking_turns")
    let rows: [(RowKind, Example)] = [
      (.texts, Example(turns: Array(Self.answer.turns[...1]))), (.pairs, Golden.all[0].pair),
      (.labels, Self.answer), (.prompts, Example(turns: [Self.answer.turns[0]])),
    ]
    for (own, row) in rows {
      #expect(row.kind == own)
      for kind in RowKind.allCases {
        let fault = failure {
          _ = try encoder.samples(row, turns: .asRendered, kind: kind, label: "train row 7")
        }
        // The prompt of any row can be answered anew.
        #expect((fault == nil) == (kind == own || kind == .prompts))
        #expect(fault?.hasPrefix("train row 7: ") != false)
      }
    }
    func fault(_ row: Int, _ kind: RowKind) -> String? {
      failure { _ = try encoder.samples(rows[row].1, turns: .asRendered, kind: kind, label: "row") }
    }
    #expect(
      fault(1, .texts)
        == "row: the row is a preference pair, but the objective learns single texts; set "
        + "objective.type to dpo, simpo, orpo, cpo or reward_model")
    #expect(
      fault(2, .pairs)
        == "row: the row is an answer with a label, but the objective learns preference pairs; set "
        + "objective.type: kto")
    #expect(
      fault(0, .labels)
        == "row: the row is a single text, but the objective learns answers with labels; set "
        + "objective.type to sft, or to expected_reward where its answer is a choice")
    #expect(fault(3, .texts)?.hasPrefix("row: no turn with the role 'assistant'") == true)
    #expect(
      fault(3, .pairs)
        == "row: the row is a prompt without an answer, but the objective learns preference pairs; "
        + "set objective.type: grpo, add the answer, or leave the row out")
  }
}
