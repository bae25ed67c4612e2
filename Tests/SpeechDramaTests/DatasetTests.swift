import FoundationEssentials
import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct DatasetTests {
  let folder: RecordFolder

  init() throws { folder = try RecordFolder() }

  func scene(_ kind: Kind, _ id: String = "a", ratings: [String: JSON] = Drama.complete) -> JSON {
    Drama.scene(
      id, ratings: ratings,
      over: [
        "dataset_name": .string(kind.rawValue),
        "audio_info": ["audio_caption": "A low voice.", "emotion_caption": "Joy."],
      ])
  }

  @Test func aScoreIsAChoiceBetweenTags() throws {
    let row = try Drama.dataset(
      [Drama.scene()], ["annotators": "mean"], in: folder
    ).rows()[0]
    #expect(
      row.turns[1].parts == ["<answer>", .choice(weights: [0, 0, 0, 1, 0]), "</answer>"])
    #expect(row.choices == ["1", "2", "3", "4", "5"])
    #expect(row.reference == "<answer>4</answer>")
    #expect(row.tensors["clip"]?.shape == [1, 3])
    #expect(
      try row.labels
        == RowMetadata(
          id: "a", clip: folder.path + "/clips/a.wav", dataset: "ROLE",
          questions: [
            .init(
              dimension: "pitch_dynamics", tag: "PitchDynamics", ratings: [4, 4, 5], low: 1,
              high: 5)
          ], character_profile: "An old sailor.", character_style: "Gruff, Warm"))
  }

  @Test(arguments: [
    (Kind.role, "<answer>3</answer>"), (.roleVariation, "<answer>3</answer>"),
    (.roleReasoning, "<answer>3</answer>"),
    (.roleCaption, "<think>A low voice.</think><answer>3</answer>"),
    (.roleVariationCaption, "<think>A low voice.</think><answer>3</answer>"),
    (.roleEmotion, "<think>Joy.</think><answer>3</answer>"),
  ])
  func eachKindAnswersInItsForm(kind: Kind, expected: String) throws {
    let train = try Drama.dataset([scene(kind)], ["annotators": "mean"], in: folder).rows()
    #expect(train.map(\.reference) == [expected])
    // A judge is not told the record's own thought, unless asked for.
    let test = try Drama.dataset([scene(kind)], split: .test, in: folder).rows()
    #expect(Set(test.map(\.reference)) == ["<answer>3</answer>"])
    let given = try Drama.dataset(
      [scene(kind)], ["given_thought": true], split: .test, in: folder
    ).rows()
    #expect(Set(given.map(\.reference)) == [expected])
  }

  @Test func aThoughtThatIsNotThereIsNotTaught() throws {
    let record = Drama.scene(over: ["dataset_name": "RoleEmotion"])
    let text = message { _ = try Drama.dataset([record], in: folder) }
    #expect(text.contains("records.jsonl:1: 'audio_info.emotion_caption' is missing"), "\(text)")
    #expect(try Drama.dataset([record], split: .test, in: folder).count == 1)
  }

  @Test func allDimensionsStandInFixedOrder() throws {
    var ratings = Drama.complete
    ratings["trait_embodiment"] = [5, nil]
    ratings["dynamic_range"] = [nil, "N/A"]
    let row = try Drama.dataset(
      [scene(.roleAllFixOrder, ratings: ratings)], split: .test, in: folder
    ).rows()[0]
    #expect(
      row.reference == "<answer>[PitchDynamics]3[RhythmicNaturalness]3[StressEmphasis]3"
        + "[EmotionAccuracy]3[EmotionIntensity]3[VoiceIdentityMatching]3[TraitEmbodiment]5"
        + "[LocalSceneFit]3[GlobalStoryFit]3</answer>")
    #expect(row.weights.count == 9)
    #expect(try row.labels.questions.map(\.tag).first == "PitchDynamics")
    #expect(try row.labels.questions[6].ratings == [5, nil])
    #expect(!row.prompt.contains("[EmotionalDynamicRange]"))  // Nobody rated it.
  }

  @Test func freeOrderShufflesTheAnswerAndNotThePrompt() throws {
    let data = try Drama.dataset([scene(.roleAllFlexOrder)], in: folder)
    let rows = try (0..<20).map { try data.rows(epoch: $0)[0] }
    #expect(Set(rows.map(\.prompt)).count == 1)
    #expect(Set(try rows.map { try $0.labels.questions.map(\.tag) }).count == 20)
    for row in rows {
      let tags = try row.labels.questions.map { "[\($0.tag)]" }
      #expect(Set(tags).count == 10)
      let places = tags.map { row.reference!.firstRange(of: $0)!.lowerBound }
      #expect(places == places.sorted())
    }
  }

  /// The two annotators gave 2 and 4 throughout.
  @Test func consistentKindsFollowOneAnnotator() throws {
    for kind in [Kind.roleAllFixOrderConsistent, .roleAllFlexOrderConsistent] {
      let data = try Drama.dataset([scene(kind)], in: folder)
      let rows = try (0..<50).map { Set(try data.rows(epoch: $0)[0].weights) }
      #expect(Set(rows) == [[[0, 1, 0, 0, 0]], [[0, 0, 0, 1, 0]]])
    }
    let free = try Drama.dataset([scene(.roleAllFixOrder)], in: folder)
    let mixed = try (0..<50).count { Set(try free.rows(epoch: $0)[0].weights).count == 2 }
    #expect(mixed > 45)  // Each of ten is drawn for itself: alike in one of 512 epochs.
  }

  @Test func anAnnotatorWhoRatedLessLeavesItsDimensionsOut() throws {
    let ratings: [String: JSON] = [
      "pitch_variation": [1, 2, 3], "trait_embodiment": [nil, 2, 3],
      "dynamic_range": [1, nil, nil],
    ]
    let data = try Drama.dataset(
      [scene(.roleAllFixOrderConsistent, ratings: ratings)], in: folder)
    let answers = Set(try (0..<60).map { try data.rows(epoch: $0)[0].reference! })
    #expect(
      answers == [
        "<answer>[PitchDynamics]1[EmotionalDynamicRange]1</answer>",
        "<answer>[PitchDynamics]2[TraitEmbodiment]2</answer>",
        "<answer>[PitchDynamics]3[TraitEmbodiment]3</answer>",
      ])
  }

  @Test func repliesAskForWhatWasRated() throws {
    let data = try Drama.dataset([.object(RecordTests.reply)], split: .test, in: folder).rows()
    #expect(
      try data.flatMap { try $0.labels.questions.map(\.dimension) } == [
        "content_pass", "audio_quality",
      ])
    #expect(data.map(\.choices) == [["0", "1"], ["1", "2", "3", "4", "5"]])
    #expect(data.map(\.weights) == [[[0, 1]], [[0, 0, 0, 1, 0]]])  // 2 of 3; 3.5 → 4
  }

  @Test func aRejectedReplyIsAskedForItsContentOnly() throws {
    let record: JSON = [
      "id": "r", "wav_path": "r.wav", "question": "q",
      "annotations": ["content_pass": [false, false], "audio_quality": [nil, nil]],
    ]
    let data = try Drama.dataset([record], in: folder)
    for epoch in 0..<20 {
      #expect(try data.rows(epoch: epoch).map(\.reference) == ["<answer>0</answer>"])
    }
  }

  @Test func multipleChoiceOffersTheOptions() throws {
    let record: JSON = [
      "wav_path": "q.wav", "question": "What barks?", "choices": ["a cat", "a dog"],
      "answer": "a dog", "task": "sound",
    ]
    let row = try Drama.dataset([record], in: folder).rows()[0]
    #expect(row.reference == "<answer>a dog</answer>")
    #expect(row.choices == ["a cat", "a dog"])
    #expect(row.prompt.contains("Question: What barks?\n\nOptions:\n- a cat\n- a dog\n"))
    #expect(try row.labels.correct == 1)
    #expect(try row.labels.category == "sound")
    var open = record.object!
    open["answer"] = nil
    #expect(
      message { _ = try Drama.dataset([.object(open)], in: folder) }.contains("'answer' is missing")
    )
    let test = try Drama.dataset([.object(open)], split: .test, in: folder).rows()[0]
    #expect(test.weights == [[0.5, 0.5]])
    #expect(try test.labels.correct == nil)
  }
}
