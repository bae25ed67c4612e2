import Adapters
import Formats
import Foundation
import Generation
import JSON
import Models
import Objectives
import Rows
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Runs of pairs: where they begin, how they are cut, and that a resumed one is the same.
@Suite struct PairRunTests {
  /// Pairs whose prompts and answers have unequal lengths.
  private static let pairs = (0..<8).map { row -> [Sample] in
    let prompt = (0..<(6 + 3 * (row % 4))).map { Int32(5 + ($0 * 7 + row * 11) % 90) }
    func text(_ role: Sample.Role, _ length: Int, _ salt: Int) -> Sample {
      let answer = (0..<length).map { Int32(5 + ($0 * 13 + salt * 17 + row) % 90) }
      return Sample(
        ids: prompt + answer, isTrained: prompt.map { _ in false } + answer.map { _ in true },
        source: "row \(row)", role: role)
    }
    return [text(.chosen, 2 + row % 3, 1), text(.rejected, 3 + row % 5, 2)]
  }

  private struct Pairs: StepSource {
    let order = DataOrder(rows: 8, rowsPerStep: 4, seed: 3, isShuffled: true)
    var batchSize = 2
    /// The step whose rows cannot be made.
    var failing: Int?

    func rows(of step: Int) throws -> StepRows {
      if step == failing { throw TaskError(.data, "rows.jsonl:118: no prompt") }
      let rows = order.rows(of: step).map {
        TrainingRow(PairRunTests.pairs[$0], index: $0)
      }
      return StepRows(
        stride(from: 0, to: rows.count, by: batchSize).map {
          Array(rows[$0..<min($0 + batchSize, rows.count)])
        })
    }

    func progress(after step: Int) -> Double { order.progress(after: step) }
  }

  private static let folder = GoldenRunTests.goldens + "/models/qwen3"

  private func model() throws -> (CausalLanguageModel, AdapterSet) {
    let model = try CausalLanguageModel(folder: Self.folder)
    return (model, try AdapterSet.load(folder: Self.folder + "/adapter", on: model.seats))
  }

  private func runner(
    _ model: CausalLanguageModel, _ reference: Reference, shares: Bool = true
  ) -> StepRunner {
    StepRunner(
      model, terms: [Term(DPO()), Term(SFT(rows: .pairs), weight: 0.25)], reference: reference,
      sharesPrefixes: shares)
  }

  /// Whatever the cut, and whether prompts are shared: ln 2 to the last bit, no margin.
  @Test(arguments: [1, 2, 4], [false, true]) func beginsAtLn2(_ size: Int, _ shares: Bool) throws {
    let (model, adapters) = try model()
    let runner = StepRunner(
      model, terms: [Term(DPO())], reference: .snapshot(of: model, with: adapters),
      sharesPrefixes: shares)
    let batches = try Pairs(batchSize: size).rows(of: 1).batches
    try batches.forEach(runner.checkStart)
    let result = try runner(batches)
    #expect(result.loss == 0.6931471805599453)
    #expect(result.metrics.filter { $0.name.hasPrefix("rewards/") }.allSatisfy { $0.sum == 0 })
  }

  /// The numbers that a pass over all rows keeps are those of the steps, to the last bit.
  @Test func aRowsBitsDoNotDependOnItsNeighbors() throws {
    let (model, adapters) = try model()
    let reference = Reference.snapshot(of: model, with: adapters)
    let runner = runner(model, reference)
    let all = runner.scored(Self.pairs.enumerated().map { TrainingRow($1, index: $0) })
    var rest = reference.logProbabilities(all)[...]
    for (index, pair) in Self.pairs.enumerated() {
      let alone = reference.logProbabilities(runner.scored([TrainingRow(pair, index: index)]))
      #expect(alone == Array(rest.prefix(alone.count)), "row \(index)")
      rest = rest.dropFirst(alone.count)
    }
  }

  private func gradients(
    size: Int, shares: Bool, checkpointing: Bool
  ) throws -> (StepResult, [[Float]]) {
    let (model, adapters) = try model()
    let reference = Reference.base(of: model, below: adapters)
    model.usesCheckpointing = checkpointing
    let result = try runner(model, reference, shares: shares)(
      Pairs(batchSize: size).rows(of: 1).batches)
    return (
      result,
      adapters.parameters.map { $0.tensor.slot.flatMap { result.gradients[$0]?.values } ?? [] }
    )
  }

  /// Four pairs at once, one by one, with shared prompts and without, blocks computed twice: one
  /// gradient.
  @Test(arguments: [(1, false, false), (4, false, false), (2, true, false), (4, true, true)])
  func theCutDoesNotMatter(_ size: Int, _ shares: Bool, _ checkpointing: Bool) throws {
    let (expected, other) = try gradients(size: 2, shares: false, checkpointing: false)
    let (result, found) = try gradients(
      size: size, shares: shares, checkpointing: checkpointing)
    #expect(abs(result.loss - expected.loss) < 1e-6)
    #expect(expected.loss != 0.6931471805599453)
    for (one, two) in zip(found, other) {
      #expect(one.count == two.count && !one.isEmpty)
      expectClose(one, two, atol: 1e-5, rtol: 1e-4)
    }
  }

  /// Shared prompts are read once: of the texts' tokens no more are computed than the pairs' own.
  @Test func promptsStandOnce() throws {
    let texts = ScoredTexts(Self.pairs)
    let packing = try #require(PrefixPacking(texts))
    let own = Self.pairs.reduce(0) { sum, pair in
      let prompt = pair[0].isTrained.firstIndex(of: true) ?? 0
      return sum + prompt + pair.reduce(0) { $0 + $1.ids.count - prompt - 1 }
    }
    #expect(packing.layout.ids.count <= own)
  }

  /// The names that a recipe may say are those of the losses.
  @Test func everyLossOfARecipeIsKnown() {
    #expect(ObjectiveRecipe.pairLosses == PairLoss.allCases.map(\.rawValue))
    #expect(KTO.Kind.allCases.map(\.rawValue) == ["kto", "apo_zero_unpaired"])
  }

  /// Whoever has rows of another kind hears of every objective that would learn them.
  @Test(arguments: ObjectiveRecipe.Kind.allCases)
  func rowsOfItsKindAreAdvisedToLearnIt(type: ObjectiveRecipe.Kind) throws {
    let text = "objective: { type: \(type.rawValue) }\nrewards: [{ name: length }]\n"
    let recipe = try Recipe(layers: [.yaml(text, named: "recipe.yaml")])
    let words = [Term](recipe.objective).rows.advice.split { " ,:".contains($0) }
    #expect(words.contains { $0 == type.rawValue }, "\(words)")
  }

  /// What a reference says of rows tells of them.
  @Test func theReferencesNumbersAreForTheUserAlone() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let cache = RowCache(key: .emptyObject, folder: folder.path)
    let store = ReferenceStore(cache, key: ["rows": 1])
    for numbers in [[Float(-1.5)], [-2]] {
      #expect(store.write([3: numbers]) == nil)
      #expect(store.read { Issue.record("\($0)") } == [3: numbers])
    }
    let names = FileSystem.names(in: folder.path)
    #expect(names.count == 1 && names[0].hasSuffix(RowCache.referenceSuffix))
    let attributes = try FileManager.default.attributesOfItem(
      atPath: folder.path + "/" + names[0])
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  /// Where answers are weighed, model and reference are equal as long as nothing has been learnt, also
  /// of texts so short that few rows are multiplied.
  @Test func weighedAlikeAtTheStart() throws {
    let (model, adapters) = try model()
    let reference = Reference.snapshot(of: model, with: adapters)
    for pair in Self.pairs {
      #expect(try reference.logLikelihoods(of: pair) == model.logLikelihoods(of: pair))
    }
  }

  @Test func aWrongReferenceIsRefused() throws {
    let (model, adapters) = try model()
    let wrong = runner(model, .base(of: model, below: adapters))
    let rows = try Pairs().rows(of: 1).batches[0]
    let error = #expect(throws: TrainingError.self) { try wrong.checkStart(rows) }
    let message = try #require(error?.message)
    #expect(message.contains("the reference is the base model without adapters, but that is not"))
    // Numbers of other weights, kept under the right name.
    let right = runner(model, .snapshot(of: model, with: adapters))
    let stale = rows.map { row in
      TrainingRow(
        row.texts, index: row.index,
        reference: wrong.reference?.logProbabilities(wrong.scored([row])))
    }
    let other = #expect(throws: TrainingError.self) { try right.checkStart(stale) }
    #expect(try #require(other?.message).contains("kept for the reference are not those of"))
  }

  func run(
    _ path: String, resuming: Bool = false, stopAfter: Int? = nil, share: StepShare = .alone,
    isFull: Bool = false, failing: Int? = nil
  ) throws -> [[Float]] {
    var (model, adapters) = try model()
    var trainable = Trainable.adapter(adapters)
    if isFull {
      model = try CausalLanguageModel(folder: Self.folder)
      trainable = .full(model, share)
    }
    var runner = runner(
      model,
      isFull
        ? .frozen(try CausalLanguageModel(folder: Self.folder))
        : .snapshot(of: model, with: adapters))
    runner.share = share
    var options = TrainingOptions(
      steps: 6, learningRate: LearningRate(.constant, peak: 1e-2, warmup: 0, total: 6))
    options.saveSteps = 2
    options.evaluationSteps = 6
    let trainer = Trainer(
      runner, trainable: trainable,
      optimizer: AdamW(trainable.parameters),
      source: Pairs(batchSize: isFull ? 1 : 2, failing: failing),
      evaluation: nil, options: options,
      folder: try RunFolder.shared(by: share.group) {
        try RunFolder(path: path, earlier: resuming ? .isResumed : .isRefused)
      }, judge: nil, observe: { _ in })
    var done = 0
    _ = try trainer.run(resuming: resuming) {
      done += 1
      return done == stopAfter
    }
    return adapters.parameters.map(\.tensor.values)
  }

  /// The reference of a resumed run is the model at the start, not that of the checkpoint.
  @Test func aResumedRunHasTheBitsOfAnUninterruptedOne() throws {
    let whole = TrainerTests.folder(), expected = try run(whole)
    for stop in [1, 3, 4] {
      let path = TrainerTests.folder()
      _ = try run(path, stopAfter: stop)
      #expect(try run(path, resuming: true) == expected)
      for name in ["metrics.jsonl", "trainer_state.json"] {
        #expect(try readFile("\(path)/\(name)") == readFile("\(whole)/\(name)"))
      }
    }
    let log = String(decoding: try readFile(whole + "/metrics.jsonl"), as: UTF8.self)
    #expect(log.contains("\"rewards/margins\"") && log.contains("\"logps/chosen\""))
  }
}
