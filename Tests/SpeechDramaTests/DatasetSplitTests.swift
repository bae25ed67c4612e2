import FoundationEssentials
import Synchronization
import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct DatasetSplitTests {
  let folder: RecordFolder

  init() throws { folder = try RecordFolder() }

  @Test func rowsFollowFromSeedEpochAndIndex() throws {
    let records = (0..<6).map { Drama.scene("s\($0)", ratings: Drama.complete) }
    let members: [String: JSON] = ["kind": "RoleVariation"]
    let one = try Drama.dataset(records, members, in: folder)
    let two = try Drama.dataset(records, members, in: folder)
    #expect(one.count == 6)
    #expect(try one.rows(epoch: 3) == two.rows(epoch: 3))
    #expect(try one.rows(epoch: 3)[5] == two.example(at: 5, epoch: 3, seed: 7))
    #expect(try one.rows(epoch: 3) != one.rows(epoch: 4))
    #expect(try one.rows(epoch: 3) != one.rows(epoch: 3, seed: 8))
    let drawn = Set(
      try (0..<100).flatMap { try one.rows(epoch: $0).map { try $0.labels.questions[0].tag } })
    #expect(drawn.count == 10)
  }

  @Test func heldOutRowsDrawNothing() throws {
    let records = (0..<3).map { Drama.scene("s\($0)", ratings: Drama.complete) }
    let data = try Drama.dataset(
      records, ["kind": "RoleVariation", "annotators": "draw"], split: .validation, in: folder)
    #expect(data.count == 30)
    #expect(try data.rows(epoch: 1, seed: 2) == data.rows(epoch: 8, seed: 9))
  }

  @Test func rowsOfAClipAreNeighbours() throws {
    let shared: [String: JSON] = ["wav_path": "x.wav"]
    let records = [
      Drama.scene("a", over: shared), Drama.scene("b"), Drama.scene("c", over: shared),
    ]
    let test = try Drama.dataset(records, split: .test, in: folder).rows()
    #expect(try test.map { try $0.labels.id } == ["a", "c", "b"])
    let train = try Drama.dataset(records, in: folder).rows()
    #expect(try train.map { try $0.labels.id } == ["a", "b", "c"])
  }

  @Test func dimensionsCanBeChosen() throws {
    let members: [String: JSON] = [
      "only": ["trait_embodiment", "emotion_accuracy"], "dimensions": "each",
    ]
    let rows = try Drama.dataset(
      [Drama.scene(ratings: Drama.complete), Drama.scene("b")], members, in: folder
    ).rows()
    #expect(
      try rows.map { try $0.labels.questions[0].dimension }
        == ["emotion_accuracy", "trait_embodiment"])
  }

  @Test func theSplitGoesByClip() throws {
    let records = (0..<20).flatMap { clip in
      ["m", "n"].map { Drama.scene("\(clip)\($0)", over: ["wav_path": .string("\(clip).wav")]) }
    }
    let file = try folder.write(records)
    func ids(_ split: Split, seed: Int) throws -> Set<String> {
      let config = try Drama.config([
        "train": .string(file), "validation_fraction": 0.2, "seed": .int(seed),
      ])
      let data = try #require(try DramaDataset(config, split, .none, reader: FakeReader()))
      return Set(try data.rows().map { try $0.labels.id })
    }
    let train = try ids(.train, seed: 1), held = try ids(.validation, seed: 1)
    #expect(held.count == 8)  // 4 of 20 clips, two records each
    #expect(train.union(held).count == 40)
    #expect(Set(train.map { $0.dropLast() }).isDisjoint(with: held.map { $0.dropLast() }))
    #expect(try ids(.validation, seed: 2) != held)
    let config = try Drama.config(["train": .string(file)])
    #expect(try DramaDataset(config, .validation, .none, reader: FakeReader()) == nil)
    #expect(try DramaDataset(config, .test, .none, reader: FakeReader()) == nil)
  }

  @Test func badClipsAreListedOrLeftOut() throws {
    let records = (0..<12).map { Drama.scene("s\($0)") }
    _ = try folder.write(records)
    var bad = Dictionary(
      uniqueKeysWithValues: (1...10).map { ("s\($0).wav", ClipFault(message: "s\($0) is silent")) })
    bad["s11.wav"] = ClipFault(message: "s11 is clipped", isWarning: true)
    try FileManager.default.removeItem(atPath: folder.path + "/clips/s0.wav")
    let file = folder.path + "/records.jsonl"
    let reader = FakeReader(faults: bad)
    func open(_ policy: JSON, _ host: HostServices) throws -> DramaDataset? {
      let config = try Drama.config(["train": .string(file), "on_bad_audio": policy])
      return try DramaDataset(config, .train, host, reader: reader)
    }
    let text = message { _ = try open("error", .none) }
    #expect(text.hasPrefix("11 unusable clips in the train split"))
    #expect(
      text.contains("\(file):1: no clip; looked for clips/s0.wav, \(folder.path)/clips/s0.wav"))
    #expect(text.contains("\(file):8: s7 is silent"))
    #expect(!text.contains("s8"))
    #expect(text.hasSuffix("; and 3 more"))

    let log = Mutex<[String]>([])
    let host = HostServices(log: { _, line in log.withLock { $0.append(line) } })
    let data = try #require(try open("skip", host))
    #expect(try data.rows().map { try $0.labels.id } == ["s11"])
    let lines = log.withLock(\.self)
    #expect(lines.count { $0.hasPrefix("left out: ") } == 11)
    #expect(lines.contains("\(file):12: s11 is clipped"))
    #expect(lines.contains("train: unusable clips: 11, records left out with them: 11"))
  }

  @Test func shuffledClipsAreHeardInOneAnothersPlace() throws {
    let records = (0..<5).map { Drama.scene("s\($0)", ratings: Drama.complete) }
    let plain = try Drama.dataset(records, split: .test, in: folder).rows()
    let shuffled = try Drama.dataset(
      records, ["shuffle_audio": true], split: .test, in: folder
    ).rows()
    #expect(plain.map(\.turns) == shuffled.map(\.turns))
    for (plain, shuffled) in zip(plain, shuffled) {
      #expect(plain.tensors != shuffled.tensors)
      let labels = try shuffled.labels
      #expect(labels.heard != nil && labels.heard != labels.clip)
      let other = try #require(try plain.labels.clip == labels.clip ? labels.heard : nil)
      #expect(
        try FakeReader().features(at: other, perturbedAt: nil) == shuffled.tensors["clip"])
    }
    #expect(Set(try shuffled.map { try $0.labels.heard }).count == 5)
    let text = message {
      _ = try Drama.dataset([records[0]], ["shuffle_audio": true], split: .test, in: folder)
    }
    #expect(text.contains("needs at least two clips"))
  }

  @Test func onlyTrainingIsPerturbed() throws {
    let data = try Drama.dataset([Drama.scene()], in: folder)
    #expect(try data.rows(epoch: 2)[0].tensors["clip"]?.values[1] == 7021)
    let test = try Drama.dataset([Drama.scene()], split: .test, in: folder)
    #expect(try test.rows()[0].tensors["clip"]?.values[1] == 0)
  }

  @Test(
    arguments: [
      (["annotators": "median"], "'data.annotators' does not know 'median'; known: draw, mean"),
      (["kind": "role"], "'data.kind' does not know 'role'; known: ROLE, "),
      (["dimensions": "all"], "'data.dimensions' does not know 'all'; known: draw, each"),
      (["on_bad_audio": "ignore"], "'data.on_bad_audio' does not know 'ignore'"),
      (["only": ["pitch"]], "'data.only' does not know 'pitch'; known: pitch_dynamics, "),
      (["context": ["question"]], "'data.context' does not know 'question'; known: profile, "),
      (["prompts": nil], "'data.prompts' is required"),
      (["validation_fraction": 1], "'data.validation_fraction' is 1.0; it must lie in 0..<1"),
      (["only": ["audio_quality"]], "of 1 records 0 have a rating that is asked for"),
    ] as [([String: JSON], String)])
  func aFaultNamesTheKey(members: [String: JSON], expected: String) throws {
    let text = message { _ = try Drama.dataset([Drama.scene()], members, in: folder) }
    #expect(text.contains(expected), "\(text)")
  }

  @Test func anUnknownKeyIsRefused() {
    let text = message {
      _ = try DramaDataset(configuration: ["annotator": "draw"], split: .train)
    }
    #expect(text == "unknown key 'annotator'; did you mean 'annotators'?")
  }
}
