import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Rows
import Tasks
import Tensors
import Testing
import Text
import Tracking

@testable import Training

/// The loop itself, on the small model that comes with the program.
@Suite struct TrainerTests {
  /// Rows that count; row `longRow` is far longer than the others.
  struct Rows: Dataset {
    var count = 12
    var longRow: Int?
    var sources: [String] = []

    func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
      let word = String(repeating: " gear", count: index == longRow ? 90 : 1)
      return Example(turns: [
        Turn(role: "user", text: "bring \(index + 2) red\(word)"),
        Turn(role: "assistant", text: "here are \(index + 2) red\(word)"),
      ])
    }
  }

  static let modelFolder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "tasks/models/nano-qwen3").path

  static func folder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "trainer-\(UUID().uuidString)").path
  }

  static func encoded(
    _ rows: Rows, policy: TrainingRecipe.Overlength = .error, cache: RowCache? = nil
  ) throws -> EncodedDataset {
    let encoder = try ConversationEncoder(
      folder: modelFolder, tokenizer: Tokenizer(folder: modelFolder))
    return try EncodedDataset(
      rows, name: "rows.jsonl", encoder: encoder, maximumLength: 64, policy: policy, seed: 7,
      cache: cache)
  }

  /// Runs `steps` steps with dropout, accumulation and shuffling; `stopAfter` steps a signal comes.
  /// Returns the adapter's numbers.
  func run(
    _ path: String, resuming: Bool = false, stopAfter: Int? = nil,
    judge: ((_ step: Int) throws -> [(name: String, value: Double)])? = nil,
    stalls: Bool = false, data: EncodedDataset? = nil, share: StepShare = .alone,
    isFull: Bool = false, batches: Int = 2, stopsHere: Bool = true, from: Int = 0,
    momentsFolder: String? = nil, partsFolder: String? = nil, ties: Bool = true,
    weights: ElementType = .f32
  ) throws -> [[Float]] {
    let model = try Self.model(ties: ties)
    let trainable = try Self.trainable(model, isFull: isFull, share, weights)
    let data = try data ?? Self.encoded(Rows())
    var options = TrainingOptions(
      steps: 7, learningRate: LearningRate(.cosine, peak: 1e-2, warmup: 2, total: 7))
    options.batchSize = 4 / batches
    options.accumulation = batches
    options.loggingSteps = 2
    options.evaluationSteps = 3
    options.saveSteps = 2
    options.seed = 7
    options.momentsFolder = momentsFolder
    options.partsFolder = partsFolder
    if stalls {
      // No evaluation gains enough: the run ends at its second one.
      options.patience = 1
      options.stoppingThreshold = 100
    }
    let trainer = Trainer(
      model: model, trainable: trainable, optimizer: AdamW(trainable.parameters),
      train: data, validation: data, options: options,
      folder: try RunFolder.shared(by: share.group) {
        try RunFolder(path: path, earlier: resuming ? .isResumed : .isRefused)
      }, share: share, judge: judge, observe: { _ in })
    var done = 0
    let outcome = try trainer.run(resuming: resuming) {
      done += 1
      return stopsHere && done == stopAfter
    }
    if let stopAfter {
      #expect(outcome == .interrupted(step: from + stopAfter))
    } else if stalls {
      guard case .stopped(6, let reason) = outcome else { Issue.record("\(outcome)"); return [] }
      #expect(reason.contains("eval_loss has not fallen by more than 100.0 in 1 evaluation;"))
    } else {
      #expect(outcome == .finished(step: 7))
    }
    return trainable.parameters.map { $0.tensor.isHeld ? $0.tensor.values : [] }
  }

  /// The small model, or one like it with a head of its own.
  private static func model(ties: Bool) throws -> CausalLanguageModel {
    guard !ties else { return try CausalLanguageModel(folder: modelFolder) }
    var config = try ModelConfig(folder: modelFolder)
    config.tiesWordEmbeddings = false
    return try CausalLanguageModel(config: config, weights: .random(seed: 3, deviation: 0.05))
  }

  private static func trainable(
    _ model: CausalLanguageModel, isFull: Bool, _ share: StepShare, _ weights: ElementType
  ) throws -> Trainable {
    if isFull { return .full(model, share, weights: weights) }
    let config = AdapterConfig(
      LoRAConfig(r: 4, alpha: 8, dropout: 0.2, targets: AdapterTargets(["q_proj", "down_proj"])),
      baseModel: nil)
    return .adapter(try AdapterSet.fresh(config, on: model.seats, seed: 7))
  }

  @Test func aResumedRunHasTheBitsOfAnUninterruptedOne() throws {
    let whole = Self.folder()
    let expected = try run(whole)
    for stop in [1, 3, 4] {
      let path = Self.folder()
      _ = try run(path, stopAfter: stop)
      #expect(try run(path, resuming: true) == expected)
      for name in ["metrics.jsonl", "trainer_state.json"] {
        #expect(try readFile("\(path)/\(name)") == readFile("\(whole)/\(name)"), "\(name)")
      }
    }
  }

  @Test func keptRowsTrainToTheSameBits() throws {
    let source = Self.folder()
    try Data("rows".utf8).write(to: URL(filePath: source))
    // A file that was changed within the tick of its clock in which it is read counts as changed.
    usleep(20_000)
    func open() throws -> EncodedDataset {
      let cache = RowCache(key: ["task": "rows"], folder: source + "-cache")
      return try Self.encoded(Rows(sources: [source]), cache: cache)
    }
    let expected = try run(Self.folder())
    #expect(try run(Self.folder(), data: open()) == expected)
    let path = Self.folder(), kept = try open()
    guard case .cache = kept.origin else {
      Issue.record("\(kept.origin)")
      return
    }
    _ = try run(path, stopAfter: 3, data: kept)
    #expect(try run(path, resuming: true, data: open()) == expected)
  }

  @Test(arguments: [3, 6, 7])
  func anEvaluationThatFailsIsDoneAgain(step failing: Int) throws {
    func judge(_ step: Int) -> [(name: String, value: Double)] { [("score", Double(step))] }
    let whole = Self.folder(), path = Self.folder()
    let expected = try run(whole, judge: judge)
    let error = #expect(throws: TaskError.self) {
      try run(path) { step in
        if step == failing { throw TaskError(.internal, "the reward crashed") }
        return judge(step)
      }
    }
    #expect(error?.message == "the reward crashed")
    try DurableFolder.verify("\(path)/checkpoint-\(failing)")
    var steps: [Int] = []
    let weights = try run(path, resuming: true) { step in
      steps.append(step)
      return judge(step)
    }
    #expect(weights == expected)
    #expect(steps == [3, 6, 7].filter { $0 >= failing })
    // The checkpoint owes nothing any more: a run that is killed now does not evaluate again.
    let state = TrainerState(path: "\(path)/checkpoint-\(failing)/trainer_state.json")
    #expect(state?.owesEvaluation == false)
    for name in ["metrics.jsonl", "trainer_state.json"] {
      #expect(try readFile("\(path)/\(name)") == readFile("\(whole)/\(name)"), "\(name)")
    }
  }

  @Test func aRunThatStoppedEarlyStaysThereWhenResumed() throws {
    let path = Self.folder(), expected = try run(path, stalls: true)
    let metrics = try readFile("\(path)/metrics.jsonl")
    #expect(try run(path, resuming: true, stalls: true) == expected)
    #expect(try readFile("\(path)/metrics.jsonl") == metrics)
  }

  @Test func aDamagedCheckpointIsLeftAside() throws {
    let path = Self.folder(), expected = try run(Self.folder())
    _ = try run(path, stopAfter: 6)
    #expect(FileSystem.exists(path + "/checkpoint-4") && FileSystem.exists(path + "/checkpoint-6"))
    let weights = path + "/checkpoint-6/adapter_model.safetensors"
    try Data(readFile(weights).dropLast(10)).write(to: URL(filePath: weights))
    #expect(throws: FormatError.self) { try DurableFolder.verify(path + "/checkpoint-6") }
    #expect(try run(path, resuming: true) == expected)
    // The resumed run passed step 6 again and put a good checkpoint in the damaged one's place.
    try DurableFolder.verify(path + "/checkpoint-6")
  }

  @Test func aFolderWithAnotherRunIsRefused() throws {
    let path = Self.folder()
    _ = try run(path, stopAfter: 2)
    let error = #expect(throws: TrainingError.self) {
      try RunFolder(path: path, earlier: .isRefused)
    }
    #expect(error?.message.contains("holds another run") == true)
  }

  @Test func rowsThatAreTooLong() throws {
    let rows = Rows(longRow: 5)
    let error = #expect(throws: TaskError.self) { try Self.encoded(rows) }
    #expect(error?.message.contains("row 5 (") == true)
    let dropped = try Self.encoded(rows, policy: .drop)
    #expect(dropped.count == 11 && dropped.statistics.skipped.map(\.row) == [5])
    // All of the answer lies beyond the limit, so that nothing would be trained.
    let truncated = try Self.encoded(rows, policy: .truncate)
    #expect(truncated.statistics.skipped.first?.reason.contains("no trained token") == true)
  }
}
