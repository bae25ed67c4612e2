import FoundationEssentials
import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct PromptTests {
  let folder: RecordFolder

  init() throws { folder = try RecordFolder() }

  static let kinds: [Kind] = Kind.allCases.filter { $0.family == .realism }

  func scene(_ kind: Kind) -> JSON {
    Drama.scene(
      ratings: Drama.complete,
      over: [
        "dataset_name": .string(kind.rawValue),
        "audio_info": ["audio_caption": "A low voice.", "emotion_caption": "Joy."],
      ])
  }

  @Test(arguments: kinds.filter { !$0.varies && !$0.isConsistent })
  func trainingAndEvaluationAskAlike(kind: Kind) throws {
    let train = try Drama.dataset([scene(kind)], ["dimensions": "each"], in: folder).rows()
    let test = try Drama.dataset([scene(kind)], split: .test, in: folder).rows()
    #expect(train.count == (kind.asksAll ? 1 : 10))
    #expect(train.map { $0.turns[0] } == test.map { $0.turns[0] })
  }

  @Test(arguments: kinds.filter(\.varies))
  func evaluationAsksOneOfTheTrainedWordings(kind: Kind) throws {
    let only: [String: JSON] = ["only": ["voice_identity_matching"]]
    let train = try Drama.dataset([scene(kind)], only, in: folder)
    let seen = Set(try (0..<400).map { try train.rows(epoch: $0)[0].prompt })
    #expect(seen.count == 30)  // 10 headers × 3 wordings
    let test = try Drama.dataset([scene(kind)], only, split: .test, in: folder)
    let asked = Set(try (0..<5).map { try test.rows(epoch: $0)[0].prompt })
    #expect(asked.count == 1)
    #expect(asked.isSubset(of: seen))
  }

  /// What a judge computes anew for a dimension: the lines after the shared ones.
  @Test func thePromptsOfAClipDifferInTheirLastLinesOnly() throws {
    let rows = try Drama.dataset([scene(.role)], split: .test, in: folder).rows()
    for row in rows {
      #expect(row.turns[0].parts.first == .audio("clip"))
      let pieces = row.prompt.components(separatedBy: "\n\n")
      #expect(pieces.count == 3)
      #expect(
        pieces[0] == "Character: An old sailor.\nScene: He meets his son.\nTraits: Gruff, Warm")
      #expect(pieces[..<2] == rows[0].prompt.components(separatedBy: "\n\n")[..<2])
      // The longest of the texts, 282 bytes, is 77 tokens of the Qwen tokenizer; the budget is 80.
      #expect(pieces[2].utf8.count <= 290, "\(pieces[2])")
    }
    #expect(Set(rows.map(\.prompt)).count == 10)
  }

  @Test func aRubricHasItsLevelsAndRule() throws {
    let rows = try Drama.dataset(
      [scene(.role)], ["only": ["trait_embodiment"]], split: .test, in: folder
    ).rows()
    #expect(
      rows[0].prompt.components(separatedBy: "\n\n")[2] == """
        Traits: are the listed traits audible in the speech?
        5: all, vividly
        4: most of them
        3: some, faintly
        2: a trace of one
        1: none
        If no trait is audible: 1.
        Write <answer>N</answer>, N from 1 to 5.
        """)
  }

  @Test func ageAndTranscriptAreToldWhenAskedFor() throws {
    let rows = try Drama.dataset(
      [scene(.role)], ["context": ["transcript", "age"]], split: .test, in: folder
    ).rows()
    #expect(rows[0].prompt.hasPrefix("Words spoken: There you are.\nAge: Old\n\n"))
  }

  @Test func contentPassIsAskedOnItsOwnScale() throws {
    let rows = try Drama.dataset([.object(RecordTests.reply)], split: .test, in: folder).rows()
    #expect(rows.count == 2)
    #expect(rows[0].prompt.hasPrefix("Role and situation: You are late.\n\n"))
    #expect(
      rows[0].prompt.hasSuffix(
        "1: yes\n0: no: off the role, senseless or cut off\n"
          + "Write <answer>N</answer>, N from 0 to 1."
      ))
    #expect(rows[1].prompt.hasSuffix("N from 1 to 5."))
    for row in rows { #expect(!row.prompt.components(separatedBy: "\n\n")[1].contains("5")) }
  }

  /// A change of one of the texts, and what the fault must say.
  @Test(arguments: [
    ("\"headers\"", "\"header\"", "'headers' is required"),
    ("\"trait_embodiment\"", "\"trait\"", "'dimensions.trait' is no dimension of realism"),
    (
      "\"anchors\": [\"one flat tone\", ", "\"anchors\": [",
      "anchors' has 4 texts; the scale 1 to 5 needs 5"
    ),
    ("\"caption\"", "\"captions\"", "'caption' is missing; the kind 'RoleCaption' needs it"),
    ("\"context\": {", "\"context\": {,", "not valid JSON"),
  ])
  func aFaultNamesFileAndKey(from: String, to: String, expected: String) throws {
    let text = try String(contentsOfFile: Drama.prompts + "/realism.json", encoding: .utf8)
    #expect(text.contains(from))
    let file = try folder.write(
      text.replacing(from, with: to, maxReplacements: 1), to: "realism.json")
    let text2 = message {
      _ = try Drama.dataset([scene(.roleCaption)], ["prompts": .string(folder.path)], in: folder)
    }
    #expect(text2.hasPrefix(file + ": "))
    #expect(text2.contains(expected), "\(text2)")
  }

  @Test func aFolderWithoutTextsIsNamed() throws {
    let text = message {
      _ = try Drama.dataset([scene(.role)], ["prompts": "/absent"], in: folder)
    }
    #expect(text.hasPrefix("/absent/realism.json: no such file"))
  }
}
