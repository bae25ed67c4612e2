import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct RecordTests {
  func record(_ value: JSON, kind: Kind? = nil) throws -> Record {
    try Record(value, place: "f.jsonl:3", folder: "/nowhere", kind: kind)
  }

  @Test func aSceneIsReadFromAnnotationsOrTheTopLevel() throws {
    let nested = try record(Drama.scene(ratings: ["pitch_variation": [5, nil, "N/A", 3.5]]))
    #expect(nested.kind == .role)
    #expect(nested.ratings == ["pitch_dynamics": [5, nil, nil, 3.5]])
    #expect(nested.context[.profile] == "An old sailor.")
    let top = try record(
      Drama.scene(ratings: ["pitch_variation": [1]], over: ["pitch_variation": [4, 2]]))
    #expect(top.ratings == ["pitch_dynamics": [4, 2]])
  }

  @Test func slipsInKeysAreRefusedAndOtherKeysNamed() throws {
    func fault(_ value: JSON) -> String {
      do { _ = try record(value) } catch { return "\(error)" }
      return ""
    }
    #expect(
      fault(Drama.scene(ratings: ["trait_embodiment": [3], "pitch_variaton": [5]]))
        .contains("annotations: unknown key 'pitch_variaton'; did you mean 'pitch_variation'?"))
    #expect(
      fault(Drama.scene(ratings: ["trait_embodiment": [3]], over: ["transcipt": "t"]))
        .contains("f.jsonl:3: unknown key 'transcipt'; did you mean 'transcript'?"))
    let scene = try record(
      Drama.scene(
        ratings: ["trait_embodiment": [3], "comments": ["c"]],
        over: ["idx": 3, "weight": 0, "nothing": nil]))
    #expect(scene.unread.sorted() == ["annotations.comments", "idx", "weight"])
  }

  @Test func aDimensionWithoutARatingIsAbsentNeverOne() throws {
    let scene = try record(
      Drama.scene(ratings: ["pitch_variation": [nil, "N/A", " n/a "], "trait_embodiment": [3]]))
    #expect(scene.ratings == ["trait_embodiment": [3]])
    #expect(scene.ratedDimensions.map(\.key) == ["trait_embodiment"])
  }

  static let reply: [String: JSON] = [
    "id": "r", "wav_path": "r.wav", "question": "You are late.",
    "annotations": [
      "content_pass": [true, false, true, nil], "audio_quality": [4, 1, nil, 3],
      "human_likeness": [nil, nil, nil, nil],
    ],
  ]

  @Test func aReplyIsKnownByItsShapeAndRejectionsTakeTheOtherScoresAlong() throws {
    let reply = try record(.object(Self.reply))
    #expect(reply.kind == .archetype)
    #expect(
      reply.ratings == [
        "content_pass": [1, 0, 1, nil], "audio_quality": [4, nil, nil, 3],
      ])
  }

  @Test func questionsAreReadInBothForms() throws {
    let avqa = try record([
      "id": 12, "question_text": "What barks?", "multi_choice": ["a cat", "a dog"], "answer": 1,
      "audio_path": "x.wav", "wav_path": "y.wav",
    ])
    #expect(avqa.id == "12")
    #expect(avqa.clip.given == "y.wav")
    #expect(
      avqa.question
        == .init(text: "What barks?", choices: ["a cat", "a dog"], correct: 1, category: nil))
    let mmau = try record([
      "id": "m", "audio_id": "./clips/x.wav", "question": "Which?", "choices": ["p", "q"],
      "answer": "q", "task": "music",
    ])
    #expect(
      mmau.question == .init(text: "Which?", choices: ["p", "q"], correct: 1, category: "music"))
  }

  @Test(
    arguments: [
      (
        Drama.scene(ratings: ["pitch_variation": [7]]),
        "'pitch_variation' holds 7; its scale is 1 to 5"
      ),
      (Drama.scene(ratings: ["pitch_variation": ["good"]]), "which is not a rating"),
      (Drama.scene(ratings: ["pitch_variation": [true]]), "which is not a rating"),
      (Drama.scene(over: ["annotations": [1]]), "'annotations' must be an object"),
      (Drama.scene(over: ["char_profile": ""]), "'char_profile' is missing or empty"),
      (Drama.scene(over: ["local_scene": 3]), "'local_scene' must be a string, not a number"),
      (Drama.scene(over: ["wav_path": nil]), "'wav_path' is missing"),
      (Drama.scene(over: ["dataset_name": "Role"]), "unknown 'dataset_name' 'Role'; known: 'ROLE'"),
      (Drama.scene(over: ["dataset_name": "Arche"]), "the record has the shape of realism"),
      ([1, 2], "a record must be an object, this is an array"),
      (
        ["wav_path": "x", "question": "q", "choices": ["a", "b"], "answer": 2],
        "'answer' is 2; it must be an index from 0 to 1"
      ),
      (
        ["wav_path": "x", "question": "q", "choices": ["a", "b"], "answer": "c"],
        "'answer' is 'c', which is none of the choices"
      ),
      (
        ["wav_path": "x", "question": "q", "choices": ["a"]], "'choices' must be a list of at least"
      ),
      (["wav_path": "x", "question": "q", "choices": ["a", "a"]], "holds the same choice twice"),
    ] as [(JSON, String)])
  func aFaultNamesItsPlace(value: JSON, expected: String) {
    let text = message { _ = try record(value) }
    #expect(text.hasPrefix("f.jsonl:3: "))
    #expect(text.contains(expected), "\(text)")
  }

  @Test func theRecipesKindOverridesTheRecords() throws {
    let scene = Drama.scene(over: ["dataset_name": "whatever"])
    #expect(try record(scene, kind: .roleAllFixOrder).kind == .roleAllFixOrder)
  }
}

@Suite struct RecordFileTests {
  let folder: RecordFolder

  init() throws { folder = try RecordFolder() }

  @Test func linesAndArraysAreReadAlike() throws {
    let a = Drama.scene("a"), b = Drama.scene("b")
    let lines = try folder.write("\n\(a.text)\r\n\n\(b.text)", to: "l.jsonl")
    let array = try folder.write("  [\(a.text),\n\(b.text)]", to: "a.json")
    #expect(try RecordFile.read([lines]).map(\.id) == ["a", "b"])
    #expect(try RecordFile.read([lines]).map(\.place) == ["\(lines):2", "\(lines):4"])
    #expect(try RecordFile.read([array, lines]).map(\.id) == ["a", "b", "a", "b"])
  }

  @Test func aFaultNamesFileAndLine() throws {
    let broken = try folder.write("\(Drama.scene().text)\n{\"id\": ", to: "b.jsonl")
    #expect(message { _ = try RecordFile.read([broken]) }.hasPrefix("\(broken):2: not valid JSON"))
    let empty = try folder.write("\n", to: "e.jsonl")
    #expect(message { _ = try RecordFile.read([empty]) } == "\(empty): the file has no row")
    let absent = folder.path + "/absent.jsonl"
    #expect(message { _ = try RecordFile.read([absent]) }.hasPrefix("\(absent): no such file"))
  }

  @Test func clipsAreFoundBesideTheirRecords() throws {
    let beside = try folder.write("", to: "realism/x.wav")
    let home = folder.path + "/realism"
    #expect(ClipPath("far/away/realism/x.wav", beside: home).found == beside)
    #expect(ClipPath("far/away/realism/x.wav", beside: folder.path).found == beside)
    #expect(ClipPath("./x.wav", beside: home).found == beside)
    #expect(ClipPath(beside, beside: "/elsewhere").found == beside)
    let absent = ClipPath("far/y.wav", beside: home)
    #expect(absent.found == nil)
    #expect(absent.tried == ["far/y.wav", "\(home)/far/y.wav", "\(home)/y.wav"])
  }
}
